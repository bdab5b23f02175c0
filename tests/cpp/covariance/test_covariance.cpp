// SPDX-License-Identifier: GPL-3.0-or-later
// Structures: against products, finite differences and explicit transformations.
#include <catch.h>

#include <Eigen/Dense>

#include "core/base/error.h"
#include "core/covariance/entries.h"
#include "core/covariance/lower.h"
#include "core/covariance/registry.h"
#include "core/covariance/unstructured.h"
#include "support/mixed_models.h"

namespace henderson::covariance {
namespace {

using test::difference;
using test::normal;

Recipe recipe(const std::string& name, Index n_coef) {
  Recipe made;
  made.name = name;
  made.n_coef = n_coef;
  return made;
}

Matrix covariance_of(const Structure& structure, const Vector& theta) {
  const Matrix lambda = *structure.factor(theta);
  return lambda * lambda.transpose();
}

Vector centre(const Vector& at, Index i, double h) { return at + h * Vector::Unit(at.size(), i); }

void check_derivatives(const Structure& structure, const Vector& theta) {
  const double h = 1e-5;
  const std::vector<Matrix> derivatives = structure.derivatives(theta);
  const Matrix jacobian = structure.value_jacobian(theta);
  REQUIRE(static_cast<Index>(derivatives.size()) == structure.n_theta());
  REQUIRE(jacobian.rows() == structure.n_values());
  REQUIRE(jacobian.cols() == structure.n_theta());
  for (Index i = 0; i < structure.n_theta(); ++i) {
    const Vector up = centre(theta, i, h), down = centre(theta, i, -h);
    CHECK(difference(derivatives[i], (*structure.factor(up) - *structure.factor(down)) / (2 * h)) <
          1e-8);
    CHECK(difference(jacobian.col(i), (structure.values(up) - structure.values(down)) / (2 * h)) <
          1e-8);
  }
}

Entries entries(Index n, const std::vector<Index>& held, const Matrix& sigma) {
  std::vector<bool> flags(static_cast<std::size_t>(lower_size(n)), false);
  for (const Index k : held) flags[k] = true;
  return Entries(n, flags, lower_of(sigma));
}

Matrix random_covariance(Index n, std::mt19937& engine) {
  Matrix half(n, n + 2);
  for (Index c = 0; c < half.cols(); ++c) half.col(c) = normal(n, engine);
  return half * half.transpose();
}

}  // namespace

TEST_CASE("lower triangles go there and back") {
  const Matrix a = (Matrix(3, 3) << 1, 2, 4, 2, 3, 5, 4, 5, 6).finished();
  const Vector lower = (Vector(6) << 1, 2, 3, 4, 5, 6).finished();
  CHECK(lower_of(a) == lower);
  CHECK(symmetric_from(lower, 3) == a);
  CHECK(triangular_from(lower, 3) == Matrix(a.triangularView<Eigen::Lower>()));
  CHECK(lower_position(2, 1) == 4);
}

TEST_CASE("a semidefinite Cholesky factor has zero columns where pivots vanish") {
  const Vector v = (Vector(3) << 1, -2, 3).finished();
  const Matrix l = semidefinite_cholesky(v * v.transpose(), 1e-12, 0.0);
  CHECK(difference(l * l.transpose(), v * v.transpose()) < 1e-14);
  CHECK(l(1, 1) == 0.0);
  CHECK(l(2, 2) == 0.0);
  const Matrix tiny = semidefinite_cholesky(1e-6 * Matrix::Identity(2, 2), 0.0, 1e-5);
  CHECK(tiny.isZero(0.0));
}

TEST_CASE("us: factor, values, derivatives, scale") {
  std::mt19937 engine(1);
  for (const Index n : {1, 2, 3, 4}) {
    const Unstructured us(n);
    const Vector theta = normal(us.n_theta(), engine);
    CHECK(difference(us.values(theta), lower_of(covariance_of(us, theta))) < 1e-14);
    check_derivatives(us, theta);
    const Vector values = lower_of(random_covariance(n, engine));
    CHECK(difference(us.values(us.theta_from_values(values)), values) < 1e-12);
    CHECK(difference(covariance_of(us, us.rescaled(theta, 7.0)), 7.0 * covariance_of(us, theta)) <
          1e-13);
    CHECK(difference(us.values(us.canonical(theta, 0.0, 0.0)), us.values(theta)) < 1e-12);
    CHECK(triangular_from(us.canonical(theta, 0.0, 0.0), n).diagonal().minCoeff() > 0.0);
    const std::vector<bool> boundary = us.theta_at_boundary(us.canonical(theta, 0.0, 0.0));
    CHECK(std::count(boundary.begin(), boundary.end(), true) == 0);
  }
}

TEST_CASE("us: values without a covariance matrix throw, singular ones do not") {
  const Unstructured us(2);
  CHECK_THROWS_AS(us.theta_from_values((Vector(3) << 1, 2, 1).finished()), InvalidSpec);
  CHECK_THROWS_AS(us.theta_from_values((Vector(3) << -1, 0, 1).finished()), InvalidSpec);
  CHECK_THROWS_AS(us.theta_from_values((Vector(3) << 0, 1, 1).finished()), InvalidSpec);
  CHECK_THROWS_AS(Unstructured(1).theta_from_values(Vector::Constant(1, -1e-3)), InvalidSpec);
  const Vector singular = (Vector(3) << 4, 6, 9).finished();
  CHECK(difference(us.values(us.theta_from_values(singular)), singular) < 1e-14);
  CHECK(us.theta_from_values(Vector::Zero(3)) == Vector::Zero(3));
}

TEST_CASE("us: the nearest covariance matrix of an indefinite one") {
  const Unstructured us(2);
  const Matrix indefinite = (Matrix(2, 2) << 1, 2, 2, 1).finished();  // eigenvalues 3 and -1
  const Matrix nearest = covariance_of(us, us.theta_from_covariance(indefinite));
  CHECK(difference(nearest, Matrix::Constant(2, 2, 1.5)) < 1e-7);
}

TEST_CASE("us: boundaries") {
  const Unstructured us(2);
  SECTION("a correlation of one") {
    const Vector theta = us.canonical((Vector(3) << -2, 1, 1e-4).finished(), 1e-2, 0.0);
    CHECK(theta[0] == 2.0);
    CHECK(theta[1] == Approx(-1.0));
    CHECK(theta[2] == 0.0);
    CHECK((us.theta_at_boundary(theta) == std::vector<bool>{false, false, true}));
    CHECK((us.value_at_boundary(theta, Matrix::Identity(2, 2)) ==
           std::vector<bool>{false, true, false}));
  }
  SECTION("a first variance of zero takes its covariance with it") {
    const Vector theta = us.canonical((Vector(3) << 1e-5, 1e-6, 2).finished(), 0.0, 1e-3);
    CHECK(theta[0] == 0.0);
    CHECK(theta[1] == 0.0);
    CHECK(theta[2] == Approx(2.0));
    CHECK((us.theta_at_boundary(theta) == std::vector<bool>{true, true, false}));
    CHECK((us.value_at_boundary(theta, Matrix::Identity(2, 2)) ==
           std::vector<bool>{true, true, false}));
  }
  SECTION("under a change of coefficients the boundary is that of the values") {
    const Vector theta = (Vector(3) << 2, 0, 0).finished();
    const Matrix f =
        (Matrix(2, 2) << 1, 0, 0.5, 1).finished();  // F Sigma F' has rank one, no zero variance
    CHECK((us.value_at_boundary(theta, Matrix::Identity(2, 2)) ==
           std::vector<bool>{false, true, true}));
    CHECK((us.value_at_boundary(theta, f) == std::vector<bool>{false, true, false}));
  }
  SECTION("nudged leaves a boundary, by no more than it may") {
    for (const double pivot : {0.0, 1e-9, -1e-9, -5e-8, 3.0}) {
      const Vector theta = (Vector(3) << pivot, 1.0, pivot).finished();
      const Vector moved = us.nudged(theta, 1e-7);
      CHECK((moved - theta).cwiseAbs().maxCoeff() <= 1e-7);
      CHECK(std::abs(moved[0]) >= 1e-7);
      CHECK(moved[1] == 1.0);
    }
  }
}

TEST_CASE("entries of us: the held ones stay, the others are theta") {
  std::mt19937 engine(3);
  const Matrix sigma = random_covariance(3, engine);
  for (const std::vector<Index>& held :
       {std::vector<Index>{0}, {1}, {2, 5}, {1, 3, 4}, {0, 1, 2, 3, 4}}) {
    const Entries structure = entries(3, held, sigma);
    const Vector theta = structure.theta_from_values(lower_of(sigma));
    REQUIRE(structure.n_theta() == 6 - static_cast<Index>(held.size()));
    CHECK(difference(covariance_of(structure, theta), sigma) < 1e-13);
    CHECK(difference(structure.values(theta), lower_of(sigma)) == 0.0);
    check_derivatives(structure, theta);
    const Vector start = structure.theta_from_covariance(Matrix(100.0 * Matrix::Identity(3, 3)));
    const Vector values = structure.values(start);
    for (const Index k : held) CHECK(values[k] == lower_of(sigma)[k]);
    CHECK(structure.factor(start).has_value());
  }
}

TEST_CASE("entries of us: what is not positive definite is refused") {
  const Entries structure = entries(2, {0}, Matrix::Identity(2, 2));
  CHECK(!structure.factor((Vector(2) << 2, 1).finished()));
  CHECK(!structure.factor((Vector(2) << 0, -1).finished()));
  CHECK_THROWS_AS(structure.theta_from_values((Vector(3) << 1, 2, 1).finished()), InvalidSpec);
  CHECK_THROWS_AS(entries(2, {0}, Matrix::Zero(2, 2)), InvalidSpec);
  const Matrix impossible = (Matrix(2, 2) << 1, 5, 5, 1).finished();
  CHECK_THROWS_AS(entries(2, {0, 1, 2}, impossible).theta_from_covariance(Matrix::Identity(2, 2)),
                  InvalidSpec);
}

TEST_CASE("values transform as F Sigma F'") {
  std::mt19937 engine(4);
  for (const Index n : {1, 2, 3}) {
    Matrix f = Matrix::Zero(n, n);
    for (Index c = 0; c < n; ++c) f.col(c).head(c + 1) = normal(c + 1, engine);
    const Matrix sigma = random_covariance(n, engine);
    const Vector expected = lower_of(f * sigma * f.transpose());
    CHECK(difference(value_transform(recipe("us", n), f) * lower_of(sigma), expected) < 1e-13);
    const Matrix scale = f.diagonal().asDiagonal();
    const Matrix variances = sigma.diagonal().asDiagonal();
    const Vector scaled = (scale * variances * scale.transpose()).diagonal();
    CHECK(difference(value_transform(recipe("diag", n), scale) * sigma.diagonal(), scaled) < 1e-13);
    Vector of_csh(n + 1), expected_of_csh(n + 1);
    of_csh << sigma.diagonal(), 0.3;
    expected_of_csh << scaled, 0.3;
    CHECK(difference(value_transform(recipe("csh", n), scale) * of_csh, expected_of_csh) < 1e-13);
  }
  CHECK(structure_traits(recipe("us", 2)).change == CoefficientChange::any);
  CHECK(structure_traits(recipe("diag", 2)).change == CoefficientChange::diagonal);
  CHECK(structure_traits(recipe("csh", 2)).change == CoefficientChange::scales);
}

TEST_CASE("the table makes the blocks of a structure") {
  const auto held_of = [](std::vector<bool> held) {
    const auto n = static_cast<Index>(held.size());
    return Held{std::move(held), Vector::Ones(n)};
  };
  const std::vector<Block> diag = make_blocks(recipe("diag", 3), held_of({false, true, false}));
  REQUIRE(diag.size() == 3);
  for (Index c = 0; c < 3; ++c) {
    CHECK(diag[c].first_coef == c);
    CHECK(diag[c].held == (c == 1));
    CHECK(diag[c].structure->n_coef() == 1);
  }
  const std::vector<Block> us = make_blocks(recipe("us", 2), held_of({false, false, false}));
  REQUIRE(us.size() == 1);
  CHECK(us[0].structure->n_theta() == 3);
  CHECK(make_blocks(recipe("us", 2), held_of({true, true, true}))[0].held);
  const std::vector<Block> partly = make_blocks(recipe("us", 2), held_of({false, false, true}));
  CHECK(!partly[0].held);
  REQUIRE(partly[0].structure->surface() != nullptr);
  CHECK(partly[0].structure->surface()->n_equations() == 1);
  CHECK_THROWS_AS(make_blocks(recipe("us", 2), held_of({false})), DimensionMismatch);
  CHECK_THROWS_AS(make_blocks(recipe("none such", 2), held_of({false})), InvalidSpec);
  CHECK_THROWS_AS(n_values(recipe("", 2)), InvalidSpec);
  for (const std::string name : {"us", "diag", "id"}) CHECK(n_values(recipe(name, 1)) == 1);
  CHECK(n_values(recipe("us", 4)) == 10);
  CHECK(n_values(recipe("diag", 4)) == 4);
}

}  // namespace henderson::covariance
