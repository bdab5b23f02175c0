// SPDX-License-Identifier: GPL-3.0-or-later
// The factor from rows: against that of C, and where C has lost everything.
#include <catch.h>

#include <Eigen/Cholesky>
#include <cmath>

#include "core/linalg/row_factor.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

// Rows A with A'A = C that have entries only where the factor has them, below three of zeros.
Matrix root_rows(const Matrix& c, const SymbolicFactor& symbolic) {
  const Index n = c.rows();
  const auto& order = symbolic.old_of_new();
  Matrix eliminated(n, n), rows = Matrix::Zero(n + 3, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) eliminated(i, j) = c(order[i], order[j]);
  const Matrix upper = eliminated.llt().matrixU();
  for (Index j = 0; j < n; ++j) rows.col(order[j]).tail(n) = upper.col(j);
  return rows;
}

SparseRows sparse_rows(const Matrix& dense) {
  SparseRows rows;
  for (Index i = 0; i < dense.rows(); ++i) {
    for (SmallIndex j = 0; j < dense.cols(); ++j)
      if (dense(i, j) != 0.0) rows.add(j, dense(i, j));
    rows.end_row();
  }
  return rows;
}

}  // namespace

TEST_CASE("the factor of rows is that of their cross-products") {
  Callbacks callbacks;
  for (const SparseCase& c : positive_definite_cases(7)) {
    INFO(c.name);
    for (const SmallIndex n_last : {SmallIndex{0}, std::min<SmallIndex>(2, c.pattern.n)}) {
      AnalyzeOptions options;
      options.n_last = n_last;
      const auto symbolic = analyze(c.pattern, options);
      const Index n = c.dense.rows();
      const SparseRows rows = sparse_rows(root_rows(c.dense, *symbolic));
      CHECK(row_flops(*symbolic, rows) <= 2.0 * static_cast<double>(rows.n_rows() * n * n));
      const auto found = factorize_rows(Panels(symbolic), rows);
      REQUIRE(found.has_value());
      auto result = factorize(assemble(c, symbolic), {}, callbacks);
      const auto& factor = std::get<CholeskyFactor>(result);
      CHECK(found->log_determinant() == Approx(factor.log_determinant()).margin(1e-11));
      CHECK(found->log_determinant_last() == Approx(factor.log_determinant_last()).margin(1e-11));
      if (n == 0) continue;
      CHECK(found->largest_loss() == Approx(factor.largest_loss()));
      Matrix x = Matrix::Identity(n, n), y = x;
      found->solve(x);
      factor.solve(y);
      CHECK(relative_difference(x, y) < 1e-10);
    }
  }
}

// Laeuchli's rows: A'A = [1 + e^2, 1; 1, 1 + e^2] is singular in double precision.
TEST_CASE("rows keep what their cross-products have lost") {
  const double e = 1e-9;
  Matrix rows(3, 2);
  rows << 1, 1, e, 0, 0, e;
  const LowerPattern pattern{2, {0, 2, 3}, {0, 1, 1}};
  const auto symbolic = analyze(pattern, {});
  const auto found = factorize_rows(Panels(symbolic), sparse_rows(rows));
  REQUIRE(found.has_value());
  CHECK(found->log_determinant() == Approx(std::log(e * e * (2 + e * e))).epsilon(1e-8));
  CHECK(found->largest_loss() == Approx(1 / (2 * e * e)));
  rows.col(1) = rows.col(0);
  CHECK_FALSE(factorize_rows(Panels(symbolic), sparse_rows(rows)).has_value());
}

// Rows (1, 1) and (1, -1): their cross-products are diagonal, and the factor has no entry between
// the two columns.
TEST_CASE("rows with columns that the factor does not have together are one front") {
  const LowerPattern pattern{2, {0, 1, 2}, {0, 1}};
  AnalyzeOptions options;
  options.relax.merge = false;
  const auto symbolic = analyze(pattern, options);
  Matrix rows(2, 2);
  rows << 1, 1, 1, -1;
  const auto found = factorize_rows(Panels(symbolic), sparse_rows(rows));
  REQUIRE(found.has_value());
  CHECK(found->log_determinant() == Approx(std::log(4.0)));
  CHECK(row_flops(*symbolic, sparse_rows(rows)) == Approx(16.0));
}

}  // namespace henderson::linalg::test
