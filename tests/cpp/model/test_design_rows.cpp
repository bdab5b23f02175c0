// SPDX-License-Identifier: GPL-3.0-or-later
// Bases of coefficients and the rows of W, against explicit dense products.
#include <catch.h>

#include <Eigen/Dense>
#include <cmath>

#include "core/model/design_rows.h"
#include "core/model/seen_cells.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::beside;
using test::dense_rows;
using test::difference;
using test::normal;
using test::random_levels;
using test::sparse_rows;

}  // namespace

TEST_CASE(
    "coefficient basis: orthogonal columns with a mean square of one, whatever origin and unit") {
  std::mt19937 engine(9);
  const Index n = 40;
  const std::vector<SmallIndex> level = random_levels(n, 5, engine);
  const Vector x = normal(n, engine);
  for (const double origin : {0.0, 1e4, -1e6}) {
    Matrix z(n, 2);
    z << Vector::Ones(n), 1e-3 * (x.array() + origin);
    const std::vector<CoefficientRows> incidences{{0, 0, &level, sparse_rows(z)}};
    const Matrix t =
        coefficient_basis(incidences, 0, 2, covariance::CoefficientChange::any, Vector());
    CHECK(t(1, 0) == 0.0);
    CHECK(difference(t.transpose() * z.transpose() * z * t / double(n), Matrix::Identity(2, 2)) <
          1e-8);
    const Matrix units =
        coefficient_basis(incidences, 0, 2, covariance::CoefficientChange::diagonal, Vector());
    CHECK(units.isDiagonal(0.0));
    CHECK(difference((z * units).colwise().squaredNorm() / double(n), Matrix::Ones(1, 2)) < 1e-12);
  }
  Matrix z(n, 3);
  z << Vector::Ones(n), x, x;  // dependent: the third column keeps a finite basis
  const Matrix t = coefficient_basis({{0, 0, &level, sparse_rows(z)}}, 0, 3,
                                     covariance::CoefficientChange::any, Vector());
  CHECK(t.allFinite());
  CHECK(t.fullPivLu().isInvertible());
  CHECK(coefficient_basis({}, 0, 2, covariance::CoefficientChange::any, Vector()).isIdentity(0.0));
}

// t and t^2 of two times are dependent beside the intercept, however unlike the weights are whose
// rounding the cross-products have.
TEST_CASE("coefficient basis: a dependent column is not made of what rounding left") {
  std::mt19937 engine(11);
  const Index n = 300;
  const std::vector<SmallIndex> level = random_levels(n, 5, engine);
  std::uniform_real_distribution<double> exponent(-4.0, 4.0);
  Vector time(n), weights(n);
  for (int run = 0; run < 20; ++run) {
    for (Index i = 0; i < n; ++i) {
      time[i] = static_cast<double>(1 + i % 2);
      weights[i] = std::pow(10.0, exponent(engine));
    }
    Matrix z(n, 3);
    z << Vector::Ones(n), time, time.array().square();
    const Matrix t = coefficient_basis({{0, 0, &level, sparse_rows(z)}}, 0, 3,
                                       covariance::CoefficientChange::any, weights);
    CHECK(t(0, 2) == 0.0);
    CHECK(t(1, 2) == 0.0);
    const Matrix products = t.transpose() * z.transpose() * weights.asDiagonal() * z * t;
    CHECK(difference(products.diagonal() / double(n), Vector::Ones(3)) < 1e-10);
    CHECK(std::abs(products(0, 1)) < 1e-8 * double(n));
  }
}

// Two incidences of one term: its coefficients stand apart, and its levels are combinations.
TEST_CASE("design rows: W is [Z basis of all levels, X~]") {
  std::mt19937 engine(10);
  const Index n = 20;
  const SmallIndex n_levels = 4;
  const std::vector<SmallIndex> first = random_levels(n, n_levels, engine),
                                second = random_levels(n, n_levels, engine);
  const Matrix z1 = beside(Vector::Ones(n), normal(n, engine)), z2 = normal(n, engine),
               x = beside(Vector::Ones(n), normal(n, engine));
  const std::vector<CoefficientRows> incidences{{0, 0, &first, sparse_rows(z1)},
                                                {0, 1, &second, sparse_rows(z2)}};
  Matrix basis(2, 2);
  basis << 2.0, -0.5, 0.0, 3.0;
  // Coefficient c of level l is column 2 l + c.
  CoefficientPlaces places{{{{0, 2}}, {{1, 2}}}, basis};
  const Matrix w = dense_rows(design_rows(sparse_rows(x), 8, incidences, {places}));
  Matrix expected = Matrix::Zero(n, 10);
  for (Index r = 0; r < n; ++r) {
    expected.block(r, 2 * first[r], 1, 2) += z1.row(r) * basis;
    expected.block(r, 2 * second[r], 1, 2) += z2(r, 0) * basis.row(1);
  }
  expected.rightCols(2) = x;
  CHECK(difference(w, expected) < 1e-14);

  // Levels that are combinations of two others.
  model::Coding coding;
  coding.n_columns = 2;
  coding.start = {0, 1, 2, 4, 6};
  coding.column = {0, 1, 0, 1, 0, 1};
  coding.value = {1.0, 1.0, 0.5, 0.5, 0.25, 2.0};
  const Matrix shares = (Matrix(4, 2) << 1.0, 0.0, 0.0, 1.0, 0.5, 0.5, 0.25, 2.0).finished();
  for (std::vector<CoefficientPlace>& own : places.of_coef) own[0].combination = &coding;
  const Matrix combined = dense_rows(design_rows(sparse_rows(x), 4, incidences, {places}));
  Matrix mixed = Matrix::Zero(n, 6);
  for (Index r = 0; r < n; ++r) {
    for (Index l = 0; l < 2; ++l) {
      mixed.block(r, 2 * l, 1, 2) +=
          shares(first[r], l) * z1.row(r) * basis + shares(second[r], l) * z2(r, 0) * basis.row(1);
    }
  }
  mixed.rightCols(2) = x;
  CHECK(difference(combined, mixed) < 1e-14);

  // Coefficient 0 is seen in levels 0, 2, 3, the other one in all; beside it stands a copy of it.
  SeenCells seen;
  seen.start = {0, 2, 3, 5, 7};
  seen.coef = {0, 1, 1, 0, 1, 0, 1};
  const Matrix plain = Matrix::Identity(2, 2);
  std::vector<SmallIndex> where = first;
  for (Index r = 0; r < n; ++r) where[r] = first[r] == 1 ? 3 : first[r];
  const std::vector<CoefficientRows> cells{{0, 0, &where, sparse_rows(z1)}};
  CoefficientPlaces both{{{{0, 2, nullptr, &seen, 0}}, {{0, 2, nullptr, &seen, 1}, {7, 1}}}, plain};
  const Matrix found = dense_rows(design_rows(sparse_rows(x), 11, cells, {both}));
  const Index place[4][2] = {{0, 1}, {kNone, 2}, {3, 4}, {5, 6}};
  Matrix parted = Matrix::Zero(n, 13);
  for (Index r = 0; r < n; ++r) {
    for (Index c = 0; c < 2; ++c) parted(r, place[where[r]][c]) += z1(r, c);
    parted(r, 7 + where[r]) += z1(r, 1);
  }
  parted.rightCols(2) = x;
  CHECK(difference(found, parted) < 1e-14);
}

}  // namespace henderson::model
