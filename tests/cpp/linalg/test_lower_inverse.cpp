// SPDX-License-Identifier: GPL-3.0-or-later
// Products of columns of L^-1 P: against the dense inverse.
#include <catch.h>

#include <Eigen/Cholesky>
#include <algorithm>

#include "core/linalg/lower_inverse.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

CholeskyFactor factor_of(const SparseCase& c, const AnalyzeOptions& options) {
  Callbacks callbacks;
  auto result = factorize(assemble(c, analyze(c.pattern, options)), FactorOptions{1}, callbacks);
  REQUIRE(std::holds_alternative<CholeskyFactor>(result));
  return std::get<CholeskyFactor>(std::move(result));
}

}  // namespace

TEST_CASE("products of columns of L^-1 are entries of the inverse") {
  std::mt19937 engine(11);
  for (const SparseCase& c : positive_definite_cases(21)) {
    const auto n = static_cast<SmallIndex>(c.dense.rows());
    if (n == 0) continue;
    INFO(c.name << ", n " << n);
    const Matrix inverse = c.dense.llt().solve(Matrix::Identity(n, n));
    for (const bool merge : {true, false}) {
      AnalyzeOptions options;
      options.relax.merge = merge;
      const CholeskyFactor factor = factor_of(c, options);
      std::vector<SmallIndex> columns;
      for (SmallIndex j = 0; j < n; ++j)
        if (n < 30 || engine() % 2 == 0) columns.push_back(j);
      const LowerInverse half(factor, columns);
      Reach reach(factor.symbolic());
      for (int pair = 0; pair < 20; ++pair) {
        const SmallIndex i = columns[engine() % columns.size()],
                         j = columns[engine() % columns.size()];
        reach.clear();
        reach.include(i);
        CHECK(reach.n_rows() == path_length(factor.symbolic(), i));
        reach.include(j);
        Vector a = Vector::Zero(reach.n_rows()), b = a;
        half.add(i, 2.0, reach, a.data());
        half.add(j, 1.0, reach, b.data());
        CHECK(a.dot(b) / 2.0 ==
              Approx(inverse(i, j)).epsilon(1e-9).margin(1e-10 * inverse.cwiseAbs().maxCoeff()));
      }
    }
  }
}

TEST_CASE("a solve within a reach is the whole solve") {
  std::mt19937 engine(12);
  std::normal_distribution<double> normal;
  for (const SparseCase& c : positive_definite_cases(22)) {
    const auto n = static_cast<SmallIndex>(c.dense.rows());
    if (n == 0) continue;
    INFO(c.name << ", n " << n);
    const CholeskyFactor factor = factor_of(c, {});
    const SymbolicFactor& symbolic = factor.symbolic();
    Reach reach(symbolic);
    Matrix b = Matrix::Zero(n, 1);
    for (int entry = 0; entry < 3; ++entry) {
      const auto j = static_cast<SmallIndex>(engine() % static_cast<unsigned>(n));
      b(j, 0) = normal(engine);
      reach.include(j);
    }
    std::vector<SmallIndex> through = reach.supernodes();
    std::sort(through.begin(), through.end());
    Matrix within(n, 1);
    for (SmallIndex j = 0; j < n; ++j) within(symbolic.new_of_old()[j], 0) = b(j, 0);
    factor.solve_lower_within(through, 1, within.data());
    factor.solve_lower(b);
    CHECK(relative_difference(within, b) < 1e-14);
  }
}

}  // namespace henderson::linalg::test
