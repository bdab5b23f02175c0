// SPDX-License-Identifier: GPL-3.0-or-later
// The factor that fills nowhere: of inverse relationship matrices and chains against dense
// decompositions; other matrices have none.
#include <catch.h>

#include <Eigen/Cholesky>

#include "core/linalg/side_by_side.h"
#include "core/linalg/unfilled_factor.h"
#include "support/linalg_matrices.h"

namespace henderson::linalg::test {

namespace {

void check(const SparseCase& c) {
  const auto factor = unfilled_factor(c.pattern, c.value);
  REQUIRE(factor.has_value());
  const Eigen::LLT<Matrix> llt(c.dense);
  const Matrix l = llt.matrixL();
  CHECK(factor->log_determinant() == Approx(2 * l.diagonal().array().log().sum()).epsilon(1e-12));
  Matrix x = Matrix::Random(c.dense.rows(), 3);
  const Matrix expected = llt.solve(x);
  factor->solve(x);
  CHECK(relative_difference(x, expected) < 1e-10);
  // Several vectors side by side: A x, and half of A^-1: with H from the unit vectors, H H' = A^-1.
  const Index n = c.dense.rows();
  for (const Index width : {1, 3, 5}) {
    const SideBySide given = Matrix::Random(n, width);
    SideBySide product = SideBySide::Ones(n, width);
    factor->multiply_add(width, given.data(), product.data());
    CHECK(relative_difference(product, Matrix::Ones(n, width) + c.dense * given) < 1e-12);
  }
  SideBySide half = SideBySide::Identity(n, n);
  factor->draw(n, half.data());
  CHECK(relative_difference(half * half.transpose(), llt.solve(Matrix::Identity(n, n))) < 1e-10);
}

void check(const Matrix& a) { check(sparse_case("a", a)); }

// A^-1 = T'D^-1 T of a random pedigree, parents first: T has ones on its diagonal and -1/2 at the
// parents of each row. Few sires, so that they have many mates. The pattern has all parents and
// mates, also where their entry happens to be zero.
SparseCase pedigree_precision(SmallIndex n, unsigned seed) {
  std::mt19937 engine(seed);
  Matrix t = Matrix::Identity(n, n);
  Vector d = Vector::Ones(n);
  for (SmallIndex i = 10; i < n; ++i) {
    const auto sire = static_cast<SmallIndex>(engine() % static_cast<unsigned>(i / 10 + 1));
    const auto dam = static_cast<SmallIndex>(engine() % static_cast<unsigned>(i));
    t(i, sire) -= 0.5;
    t(i, dam) -= 0.5;
    d[i] = 0.3 + 0.2 * static_cast<double>(engine() % 2);
  }
  SparseCase c = sparse_case("pedigree", t.cwiseAbs().transpose() * t.cwiseAbs());
  c.dense = t.transpose() * d.cwiseInverse().asDiagonal() * t;
  for (SmallIndex j = 0; j < n; ++j)
    for (Index k = c.pattern.start[j]; k < c.pattern.start[j + 1]; ++k)
      c.value[k] = c.dense(c.pattern.row[k], j);
  return c;
}

}  // namespace

TEST_CASE("pedigrees and chains have a factor that fills nowhere") {
  for (unsigned seed = 1; seed <= 5; ++seed) check(pedigree_precision(400, seed));
  Matrix chain = 2.5 * Matrix::Identity(60, 60);
  chain.diagonal(1).setConstant(-1.0);
  chain.diagonal(-1).setConstant(-1.0);
  check(chain);
  check(Vector::LinSpaced(9, 1.0, 2.0).asDiagonal());
  check(Matrix::Constant(1, 1, 3.0));
}

TEST_CASE("matrices that fill, long columns and negative pivots have none") {
  const auto has_factor = [](const Matrix& a) {
    const SparseCase c = sparse_case("a", a);
    return unfilled_factor(c.pattern, c.value).has_value();
  };
  Matrix ring = 3.0 * Matrix::Identity(8, 8);  // its last row reaches the first and the one before
  for (Index i = 0; i < 8; ++i) ring(i, (i + 1) % 8) = ring((i + 1) % 8, i) = -1.0;
  CHECK_FALSE(has_factor(ring));
  const Matrix dense = Matrix::Identity(200, 200) + Matrix::Constant(200, 200, 0.1);
  CHECK_FALSE(has_factor(dense));
  Matrix negative = Matrix::Identity(5, 5);
  negative(2, 2) = -1.0;
  CHECK_FALSE(has_factor(negative));
  Matrix singular = Matrix::Ones(2, 2);
  CHECK_FALSE(has_factor(singular));
}

}  // namespace henderson::linalg::test
