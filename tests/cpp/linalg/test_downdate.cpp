// SPDX-License-Identifier: GPL-3.0-or-later
// The factor without some rows: against dense matrices.
#include <catch.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cmath>

#include "core/linalg/downdate.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

// A row over a column of the pattern and up to three that it meets and that meet each other.
SparseRow clique_row(const SparseCase& c, std::mt19937& engine) {
  std::normal_distribution<double> normal;
  const auto j = static_cast<SmallIndex>(engine() % static_cast<unsigned>(c.pattern.n));
  SparseRow row{{j, normal(engine)}};
  for (Index k = c.pattern.start[j] + 1; k < c.pattern.start[j + 1] && row.size() < 4; ++k) {
    const SmallIndex i = c.pattern.row[k];
    bool meets_all = true;
    for (const RowEntry& entry : row) meets_all = meets_all && c.dense(i, entry.column) != 0.0;
    if (meets_all) row.push_back({i, normal(engine)});
  }
  // Entries of one column add up.
  if (engine() % 3 == 0) row.push_back({j, 0.25});
  return row;
}

Vector dense_row(const SparseRow& row, Index n) {
  Vector dense = Vector::Zero(n);
  for (const RowEntry& entry : row) dense[entry.column] += entry.value;
  return dense;
}

// Takes rows out of `left`, each with this share of what a'C^-1 a may be at most.
std::vector<SparseRow> take_rows(const SparseCase& c, int n_rows, double share, Matrix& left,
                                 std::mt19937& engine) {
  std::vector<SparseRow> rows;
  for (int i = 0; i < n_rows; ++i) {
    SparseRow row = clique_row(c, engine);
    const Vector a = dense_row(row, left.rows());
    const double scale = std::sqrt(share / a.dot(left.llt().solve(a)));
    for (RowEntry& entry : row) entry.value *= scale;
    left -= scale * scale * a * a.transpose();
    rows.push_back(row);
  }
  return rows;
}

CholeskyFactor factor_of(const SparseCase& c, bool merge) {
  Callbacks callbacks;
  AnalyzeOptions options;
  options.relax.merge = merge;
  auto result = factorize(assemble(c, analyze(c.pattern, options)), FactorOptions{1}, callbacks);
  REQUIRE(std::holds_alternative<CholeskyFactor>(result));
  return std::get<CholeskyFactor>(std::move(result));
}

// x = (C - A'A)^-1 b where the rows reach, for several b within them.
void check_solves(const Matrix& left, Downdate& downdate, const SymbolicFactor& symbolic) {
  const Index n = left.rows(), k = 4;
  Matrix x = Matrix::Zero(k, n), b = Matrix::Zero(n, k);
  std::vector<SmallIndex> reached;
  for (const SmallIndex s : downdate.supernodes())
    for (SmallIndex i = 0; i < symbolic.width(s); ++i)
      reached.push_back(symbolic.first_column(s) + i);
  for (const SmallIndex at : reached) {
    x.col(at).setRandom();
    b.row(symbolic.old_of_new()[at]) = x.col(at).transpose();
  }
  downdate.solve_lower(downdate.reach(), k, x.data());
  std::vector<SmallIndex> downwards(downdate.supernodes().rbegin(), downdate.supernodes().rend());
  downdate.solve_upper(downwards, k, x.data());
  const Matrix expected = left.llt().solve(b);
  for (const SmallIndex at : reached)
    CHECK((x.col(at).transpose() - expected.row(symbolic.old_of_new()[at])).cwiseAbs().maxCoeff() <
          1e-8 * expected.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("the factor without rows is that of what is left") {
  std::mt19937 engine(13);
  for (const SparseCase& c : positive_definite_cases(23)) {
    const Index n = c.dense.rows();
    if (n == 0) continue;
    for (const bool merge : {true, false}) {
      const CholeskyFactor factor = factor_of(c, merge);
      const SymbolicFactor& symbolic = factor.symbolic();
      Reach all(symbolic);
      for (SmallIndex j = 0; j < n; ++j) all.include(j);
      Downdate downdate(factor);
      // One after the other: nothing stays of the last.
      for (const int n_rows : {1, 3, 12}) {
        INFO(c.name << ", n " << n << ", " << n_rows << " rows, merge " << merge);
        Matrix left = c.dense;
        const std::vector<SparseRow> rows = take_rows(c, n_rows, 0.6, left, engine);
        REQUIRE(downdate.factorize(rows));
        CHECK(downdate.flops(downdate.reach()) > 0.0);
        CHECK(downdate.determinant_ratio(all) == Approx(std::pow(0.4, n_rows)).epsilon(1e-7));
        check_solves(left, downdate, symbolic);
        const std::vector<SparseRow> more = take_rows(c, 1, 1.5, left, engine);
        std::vector<SparseRow> too_much = rows;
        too_much.push_back(more[0]);
        CHECK_FALSE(downdate.factorize(too_much));
      }
    }
  }
}

}  // namespace henderson::linalg::test
