// SPDX-License-Identifier: GPL-3.0-or-later
// The basis of X and the columns that it drops, against explicit dense products and lm's rule.
#include <catch.h>

#include <Eigen/Dense>
#include <algorithm>
#include <numeric>

#include "core/model/fixed_basis.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::beside;
using test::dense_rows;
using test::difference;
using test::indicators;
using test::normal;
using test::random_levels;
using test::sparse_rows;

// T of X~ = X_kept T over the kept columns.
Matrix transform_of(const FixedBasis& basis) {
  Matrix t = Matrix::Zero(basis.rank(), basis.rank());
  t.topLeftCorner(basis.n_dense, basis.n_dense) = basis.dense_transform;
  t.bottomRightCorner(basis.rank() - basis.n_dense, basis.rank() - basis.n_dense) =
      basis.sparse_scale.asDiagonal();
  return t;
}

std::vector<SmallIndex> sorted(std::vector<SmallIndex> columns) {
  std::sort(columns.begin(), columns.end());
  return columns;
}

FixedBasis check_basis(const Matrix& x, const Vector& weights,
                       const std::vector<SmallIndex>& kept) {
  Callbacks callbacks;
  const FixedBasis basis = make_fixed_basis(sparse_rows(x), weights, callbacks);
  CHECK(sorted(basis.kept) == kept);
  Matrix x_kept(x.rows(), basis.rank());
  for (SmallIndex j = 0; j < basis.rank(); ++j) x_kept.col(j) = x.col(basis.kept[j]);
  const Matrix t = transform_of(basis);
  const Matrix columns = dense_rows(basis.rows);
  CHECK(difference(columns, x_kept * t) < 1e-10);
  CHECK(basis.log_det_transform == Approx(t.diagonal().array().abs().log().sum()));
  const Vector w = weights.size() > 0 ? weights : Vector::Ones(x.rows());
  const Matrix q = columns.leftCols(basis.n_dense);
  CHECK(difference(q.transpose() * w.asDiagonal() * q, Matrix::Identity(q.cols(), q.cols())) <
        1e-13);
  for (Index c = 0; c < columns.cols(); ++c) {
    CHECK((columns.col(c).array().square() * w.array()).sum() == Approx(1.0));
  }
  std::mt19937 engine(5);
  const Vector b = normal(basis.rank(), engine), k = normal(x.cols(), engine);
  const Vector beta = basis.beta(b, 0.0);
  CHECK(difference(x * beta, columns * b) < 1e-9);
  CHECK(basis.transposed(k).dot(b) == Approx(k.dot(beta)));
  return basis;
}

std::vector<SmallIndex> all_of(Index n) {
  std::vector<SmallIndex> columns(static_cast<std::size_t>(n));
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

}  // namespace

TEST_CASE("fixed basis: full rank, dense and sparse columns, weights") {
  std::mt19937 engine(3);
  const Index n = 40;
  const Matrix z = indicators(random_levels(n, 8, engine), 8);
  const Matrix x = beside(beside(Vector::Ones(n), z.rightCols(7)), normal(n, engine));
  check_basis(x, Vector(), all_of(9));
  check_basis(x, normal(n, engine).cwiseAbs().array() + 0.1, all_of(9));
}

TEST_CASE("fixed basis: a quadratic far from its origin keeps its digits") {
  std::mt19937 engine(4);
  const Index n = 50;
  const Vector year = 1e4 + (normal(n, engine) * 5.0).array();
  Matrix x(n, 2);
  x << Vector::Ones(n), year;
  const FixedBasis basis = check_basis(x, Vector(), {0, 1});
  CHECK(basis.n_dense == 2);
  const double centred = (year.array() - year.mean()).matrix().norm();
  CHECK(basis.log_det_transform ==
        Approx(-0.5 * std::log(double(n)) - std::log(centred)).epsilon(1e-10));
}

TEST_CASE("fixed basis: the last of dependent columns is dropped, as lm does") {
  std::mt19937 engine(6);
  const Index n = 60;
  const Matrix a = indicators(random_levels(n, 6, engine), 6),
               b = indicators(random_levels(n, 7, engine), 7);
  SECTION("two full dummy codings") {
    std::vector<SmallIndex> kept = all_of(1 + 6 + 7);
    kept.erase(kept.begin() + 13);
    kept.erase(kept.begin() + 6);
    check_basis(beside(beside(Vector::Ones(n), a), b), Vector(), kept);
  }
  SECTION("the intercept last") {
    std::vector<SmallIndex> kept = all_of(12);
    check_basis(beside(beside(a, b.leftCols(6)), Vector::Ones(n)), Vector(), kept);
  }
  SECTION("empty cells") {
    Matrix x = beside(Vector::Ones(n), a.leftCols(4));
    x.col(2).setZero();
    check_basis(x, Vector(), {0, 1, 3, 4});
  }
  SECTION("a sparse covariate given twice in another unit") {
    const Matrix nested = a.col(1).cwiseProduct(normal(n, engine));
    check_basis(beside(beside(a.leftCols(5), nested), 1000.0 * nested), Vector(),
                {0, 1, 2, 3, 4, 5});
  }
  SECTION("a sparse column that is the sum of a dense one and others") {
    const Matrix dense = a.col(0) + a.col(1) + a.col(2) + a.col(3);
    check_basis(beside(a, dense), Vector(), {0, 1, 2, 3, 4, 5});
    std::vector<SmallIndex> kept{0, 1, 2, 3, 5, 6};
    check_basis(beside(dense, a), Vector(), kept);
  }
  SECTION("nothing but zeros") { CHECK(check_basis(Matrix::Zero(n, 3), Vector(), {}).rank() == 0); }
  SECTION("no columns") { CHECK(check_basis(Matrix(n, 0), Vector(), {}).rank() == 0); }
  SECTION("all columns but the first depend on it") {
    Matrix x(n, 4);
    x << a.col(0), 2.0 * a.col(0), -a.col(0), 1e-6 * a.col(0);
    check_basis(x, Vector(), {0});
    x << Vector::Ones(n), 3.0 * Vector::Ones(n), -Vector::Ones(n), Vector::Ones(n);
    check_basis(x, Vector(), {0});
  }
}

TEST_CASE("fixed basis: nearly dependent sparse columns are decided, whichever way") {
  std::mt19937 engine(7);
  const Index n = 400;
  const Matrix a = indicators(random_levels(n, 8, engine), 8);
  for (double distance = 1e-9; distance < 1e-4; distance *= 1.7) {
    Matrix x = a;
    for (Index c = 0; c < 4; ++c) {
      const Vector column = a.col(c).cwiseProduct(normal(n, engine));
      const Vector noise = a.col(c).cwiseProduct(normal(n, engine));
      x = beside(beside(x, column), column / column.norm() + distance * noise / noise.norm());
    }
    Callbacks callbacks;
    const FixedBasis basis = make_fixed_basis(sparse_rows(x), Vector(), callbacks);
    if (distance < 3e-8) CHECK(basis.rank() == 12);
    if (distance > 1e-6) CHECK(basis.rank() == 16);
  }
}

}  // namespace henderson::model
