// SPDX-License-Identifier: GPL-3.0-or-later
// The selected inverse: against the dense inverse, at every entry of the pattern of L.
#include <catch.h>

#include <Eigen/Cholesky>

#include "core/linalg/selected_inverse.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

constexpr double kTolerance = 1e-10;

SelectedInverse inverse_of(const SparseCase& c,
                           const std::shared_ptr<const SymbolicFactor>& symbolic,
                           const InverseOptions& options) {
  Callbacks callbacks;
  auto result = factorize(assemble(c, symbolic), FactorOptions{options.threads}, callbacks);
  return selected_inverse(std::get<CholeskyFactor>(std::move(result)), options, callbacks);
}

// Largest difference on the whole pattern of L, relative to the largest entry of the inverse.
double difference_on_factor(const SelectedInverse& inverse, const Matrix& dense) {
  const SymbolicFactor& symbolic = inverse.symbolic();
  const std::vector<SmallIndex>& old = symbolic.old_of_new();
  double largest = 0;
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s)
    for (SmallIndex j = 0; j < symbolic.width(s); ++j)
      for (SmallIndex i = j; i < symbolic.height(s); ++i) {
        const SmallIndex row = i < symbolic.width(s) ? symbolic.first_column(s) + i
                                                     : symbolic.rows(s)[i - symbolic.width(s)];
        const Index position = symbolic.panel(s) + i + j * Index{symbolic.height(s)};
        const double expected = dense(old[row], old[symbolic.first_column(s) + j]);
        largest = std::max(largest, std::abs(inverse[position] - expected));
      }
  return largest / std::max(1e-300, dense.cwiseAbs().maxCoeff());
}

Matrix dense_inverse(const Matrix& a) {
  return a.llt().solve(Matrix::Identity(a.rows(), a.cols()));
}

Matrix inverse_without_last(const Matrix& a, Index n_last) {
  const Index m = a.rows() - n_last;
  Matrix out = Matrix::Zero(a.rows(), a.cols());
  if (m > 0) out.topLeftCorner(m, m) = dense_inverse(a.topLeftCorner(m, m));
  return out;
}

}  // namespace

TEST_CASE("selected inverse agrees with the dense inverse, with and without the last columns") {
  for (unsigned seed = 1; seed <= 8; ++seed)
    for (const SparseCase& c : positive_definite_cases(seed))
      for (const auto ordering : {AnalyzeOptions::Ordering::amd, AnalyzeOptions::Ordering::natural})
        for (const SmallIndex n_last : {0, 1, 4})
          for (const bool merge : {true, false}) {
            if (n_last > c.pattern.n) continue;
            INFO(c.name << ", n_last " << n_last << ", seed " << seed);
            AnalyzeOptions options;
            options.ordering = ordering;
            options.n_last = n_last;
            options.relax.merge = merge;
            const auto symbolic = analyze(c.pattern, options);
            CHECK(difference_on_factor(inverse_of(c, symbolic, {1, false}),
                                       dense_inverse(c.dense)) < kTolerance);
            CHECK(difference_on_factor(inverse_of(c, symbolic, {1, true}),
                                       inverse_without_last(c.dense, n_last)) < kTolerance);
          }
}

TEST_CASE("selected inverse of fronts in pieces") {
  for (unsigned seed = 1; seed <= 4; ++seed)
    for (const SparseCase& c : positive_definite_cases(seed))
      for (const SmallIndex n_last : {0, 1, 4})
        for (const SmallIndex piece : {1, 3, 7}) {
          if (n_last > c.pattern.n) continue;
          INFO(c.name << ", n_last " << n_last << ", seed " << seed << ", piece " << piece);
          AnalyzeOptions options;
          options.n_last = n_last;
          options.piece = piece;
          const auto symbolic = analyze(c.pattern, options);
          CHECK(difference_on_factor(inverse_of(c, symbolic, {2, false}), dense_inverse(c.dense)) <
                kTolerance);
          CHECK(difference_on_factor(inverse_of(c, symbolic, {1, true}),
                                     inverse_without_last(c.dense, n_last)) < kTolerance);
        }
}

TEST_CASE("a wide leaf under a narrow root has room for its inverse") {
  for (const Index n : {130, 300}) {
    const Matrix root = Matrix::Random(n, n);
    const Matrix dense =
        root * root.transpose() + 0.1 * static_cast<double>(n) * Matrix::Identity(n, n);
    const SparseCase c = sparse_case("dense", dense);
    AnalyzeOptions options;
    options.n_last = 1;
    const auto symbolic = analyze(c.pattern, options);
    CHECK(difference_on_factor(inverse_of(c, symbolic, {1, false}), dense_inverse(dense)) <
          kTolerance);
  }
}

TEST_CASE("fronts below a large root take their block straight from it") {
  const SparseCase c = trees_below_a_root();
  for (const bool merge : {true, false})
    for (const SmallIndex piece : {1024, 50}) {
      AnalyzeOptions options;
      options.ordering = AnalyzeOptions::Ordering::natural;
      options.relax.merge = merge;
      options.piece = piece;
      const auto symbolic = analyze(c.pattern, options);
      for (const int threads : {1, 2})
        CHECK(difference_on_factor(inverse_of(c, symbolic, {threads, false}),
                                   dense_inverse(c.dense)) < kTolerance);
    }
}

}  // namespace henderson::linalg::test
