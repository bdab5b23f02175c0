// SPDX-License-Identifier: GPL-3.0-or-later
// The structures with correlations or loadings: derivatives against differences, products against
// identities, parametrisations against random matrices, limits.
#include <catch.h>

#include <Eigen/Dense>
#include <limits>
#include <numeric>

#include "core/base/error.h"
#include "core/covariance/registry.h"
#include "support/mixed_models.h"

namespace henderson::covariance {
namespace {

using test::difference;
using test::normal;

Recipe recipe(const std::string& name, Index n_coef, Index order = 0) {
  Recipe made;
  made.name = name;
  made.n_coef = n_coef;
  made.order = order;
  return made;
}

Recipe located(const std::string& name, const Matrix& coordinates, const Vector& constants = {}) {
  Recipe made = recipe(name, coordinates.rows());
  made.coordinates = coordinates;
  made.constants = constants;
  return made;
}

Recipe product(const std::vector<Recipe>& factors) {
  Recipe made = recipe("product", 1);
  for (const Recipe& factor : factors) made.n_coef *= factor.n_coef;
  made.factors = factors;
  return made;
}

const Matrix kLine = (Matrix(4, 1) << 0.0, 0.7, 1.1, 3.0).finished();
const Matrix kPlane = (Matrix(4, 2) << 0, 0, 1, 0.5, -0.3, 2, 1.5, 1.5).finished();

std::vector<Recipe> all_recipes() {
  return {recipe("id", 3),
          recipe("cs", 4),
          recipe("csh", 4),
          recipe("ar1", 4),
          recipe("ar1h", 4),
          recipe("toep", 4),
          recipe("toep", 5, 3),
          recipe("toeph", 4),
          recipe("ante", 4),
          recipe("arma11", 4),
          recipe("ar2", 5),
          recipe("ar2h", 3),
          recipe("ar3", 6),
          recipe("ma1", 4),
          recipe("ma1h", 4),
          recipe("ma2", 5),
          recipe("sar", 4),
          recipe("sar2", 5),
          recipe("corg", 4),
          located("exp", kLine),
          located("exp", kPlane),
          located("gau", kPlane),
          located("matern", kPlane),
          located("matern", kLine, Vector::Constant(1, 1.5)),
          recipe("fa", 4, 1),
          recipe("fa", 5, 2),
          recipe("rr", 4, 2),
          product({recipe("ar1", 3), recipe("ar1", 2)}),
          product({recipe("us", 2), recipe("ar1", 3)}),
          product({recipe("corg", 2), recipe("ar2", 3)}),
          product({recipe("ar1h", 2), recipe("cs", 2), located("exp", kLine)})};
}

std::string name_of(const Recipe& recipe) {
  return recipe.name + " " + std::to_string(recipe.n_coef) + " order " +
         std::to_string(recipe.order);
}

Positions everywhere(Index n) {
  Positions at(static_cast<std::size_t>(n));
  std::iota(at.begin(), at.end(), 0);
  return at;
}

// A theta in the interior: for the banded Toeplitz not every one is.
Vector interior(const Structure& structure, std::mt19937& engine) {
  Vector theta = 0.4 * normal(structure.n_theta(), engine);
  // Away from standard deviations of zero, where 1 / sd has no good differences.
  theta = theta.unaryExpr([](double x) { return std::abs(x) < 0.2 ? 0.3 : x; }).eval();
  theta[0] = 1.0 + std::abs(theta[0]);
  while (!structure.factor(theta)) theta.tail(theta.size() - 1) *= 0.7;
  return theta;
}

Vector moved(const Vector& at, Index i, double h) { return at + h * Vector::Unit(at.size(), i); }

Matrix sigma_of(const Structure& structure, const Vector& theta) {
  const Matrix lambda = *structure.factor(theta);
  return lambda * lambda.transpose();
}

// A smooth structure's Lambda has 1e-10 on the diagonal of R; its differences lose digits.
constexpr double kClose = 1e-7;

}  // namespace

TEST_CASE("structures: Lambda, Sigma and their derivatives") {
  std::mt19937 engine(11);
  for (const Recipe& made : all_recipes()) {
    INFO(name_of(made));
    const auto structure = make_structure(made, {});
    const Vector theta = interior(*structure, engine);
    const Positions all = everywhere(made.n_coef);
    const Matrix sigma = structure->covariance(theta, all);
    CHECK(difference(sigma_of(*structure, theta), sigma) < 1e-9);
    const std::vector<Matrix> dlambda = structure->derivatives(theta);
    const std::vector<Matrix> dsigma = structure->covariance_derivatives(theta, all);
    const Matrix jacobian = structure->value_jacobian(theta);
    const double h = 1e-5;
    for (Index i = 0; i < structure->n_theta(); ++i) {
      const Vector up = moved(theta, i, h), down = moved(theta, i, -h);
      const Matrix slope = (*structure->factor(up) - *structure->factor(down)) / (2 * h);
      CHECK(difference(dlambda[i], slope) < kClose);
      CHECK(difference(dsigma[i],
                       (structure->covariance(up, all) - structure->covariance(down, all)) /
                           (2 * h)) < kClose);
      CHECK(difference(jacobian.col(i),
                       (structure->values(up) - structure->values(down)) / (2 * h)) < kClose);
    }
  }
}

TEST_CASE("structures: Sigma among some positions is that part of the whole") {
  std::mt19937 engine(12);
  for (const Recipe& made : all_recipes()) {
    INFO(name_of(made));
    const auto structure = make_structure(made, {});
    const Vector theta = interior(*structure, engine);
    const Matrix whole = structure->covariance(theta, everywhere(made.n_coef));
    const Positions some = {0, static_cast<SmallIndex>(made.n_coef - 1)};
    Matrix part(2, 2);
    for (Index r = 0; r < 2; ++r) {
      for (Index c = 0; c < 2; ++c) part(r, c) = whole(some[r], some[c]);
    }
    CHECK(difference(structure->covariance(theta, some), part) < 1e-14);
  }
}

TEST_CASE("structures: T whitens Sigma, and its derivatives") {
  std::mt19937 engine(13);
  for (const Recipe& made : all_recipes()) {
    if (made.name == "rr") continue;  // singular: no residual
    INFO(name_of(made));
    const auto structure = make_structure(made, {});
    const Vector theta = interior(*structure, engine);
    const auto last = static_cast<SmallIndex>(made.n_coef - 1);
    for (const Positions& at : {everywhere(made.n_coef), Positions{0, last}}) {
      const Whitening whitening = structure->whitening(theta, at, true);
      const Matrix t = whitening.matrix();
      const Matrix sigma = structure->covariance(theta, at);
      const auto n = static_cast<Index>(at.size());
      CHECK(difference(t * sigma * t.transpose(), Matrix::Identity(n, n)) < 1e-11);
      const double h = 1e-5;
      for (Index i = 0; i < structure->n_theta(); ++i) {
        const Vector above = structure->whitening(moved(theta, i, h), at, false).value;
        const Vector below = structure->whitening(moved(theta, i, -h), at, false).value;
        CHECK(difference(whitening.derivative.col(i), (above - below) / (2 * h)) < kClose);
      }
    }
  }
}

// Of all of tr(G d2Sigma).
void check_curvature(const Structure& structure, const Vector& theta, std::mt19937& engine) {
  const Positions all = everywhere(structure.n_coef());
  const Vector g = normal(structure.n_coef(), engine);
  const Matrix outer = g * g.transpose();
  const Matrix curvature = structure.curvature(theta, outer);
  const double h = 1e-4;
  for (Index i = 0; i < structure.n_theta(); ++i) {
    const auto above = structure.covariance_derivatives(moved(theta, i, h), all);
    const auto below = structure.covariance_derivatives(moved(theta, i, -h), all);
    for (Index j = 0; j < structure.n_theta(); ++j) {
      const double bend = (above[j] - below[j]).cwiseProduct(outer).sum() / (2 * h);
      CHECK(std::abs(curvature(i, j) - bend) < 1e-5 * (1.0 + std::abs(bend)));
    }
  }
}

TEST_CASE("structures: curvature is the second derivative of tr(G Sigma)") {
  std::mt19937 engine(14);
  for (const Recipe& made : all_recipes()) {
    INFO(name_of(made));
    const auto structure = make_structure(made, {});
    check_curvature(*structure, interior(*structure, engine), engine);
  }
}

TEST_CASE("structures: curvature where a value is held, or each is a coordinate") {
  std::mt19937 engine(18);
  std::vector<Recipe> recipes = all_recipes();
  recipes.push_back(recipe("us", 3));
  recipes.push_back(product({recipe("toep", 3), recipe("us", 2)}));
  for (const Recipe& made : recipes) {
    INFO(name_of(made));
    const auto whole = make_structure(made, {});
    const Vector values = whole->values(interior(*whole, engine));
    for (Index k = 0; k <= values.size(); ++k) {
      Held held{std::vector<bool>(static_cast<std::size_t>(values.size()), false), values};
      if (k < values.size()) held.held[k] = true;
      held.natural = k == values.size();
      const auto structure = make_structure(made, held);
      check_curvature(*structure, structure->theta_from_values(values), engine);
    }
  }
}

// Beside theta, where Sigma is nearly singular, a factor may have no matrix.
TEST_CASE("products: curvature next to where a held us is not definite") {
  std::mt19937 engine(19);
  for (const auto& factors :
       {std::vector<Recipe>{recipe("us", 2), recipe("ar1", 3)},
        std::vector<Recipe>{recipe("ar1", 3), recipe("us", 2)},
        std::vector<Recipe>{recipe("us", 2), recipe("us", 2), recipe("cs", 2)}}) {
    const Recipe made = product(factors);
    Vector values = Vector::Ones(n_values(made));
    const Index us = factors[0].name == "us" ? 0 : 1;
    values.segment(us, 3 - us) = Eigen::Vector3d(1.0, 1.0 - 1e-7, 1.0).tail(3 - us);
    for (Index k = us == 0 ? 3 : 0; k < values.size(); ++k) values[k] = 0.5;
    Held held{std::vector<bool>(static_cast<std::size_t>(values.size()), false), values};
    held.held[us == 0 ? 0 : 2] = true;
    const auto structure = make_structure(made, held);
    check_curvature(*structure, structure->theta_from_values(values), engine);
  }
}

TEST_CASE("structures: values there and back, units, canonical form") {
  std::mt19937 engine(15);
  for (const Recipe& made : all_recipes()) {
    INFO(name_of(made));
    const auto structure = make_structure(made, {});
    const Positions all = everywhere(made.n_coef);
    for (int repeat = 0; repeat < 5; ++repeat) {
      const Vector theta = interior(*structure, engine);
      const Vector values = structure->values(theta);
      const Matrix sigma = structure->covariance(theta, all);
      const Vector back = structure->theta_from_values(values);
      CHECK(difference(structure->values(back), values) < 1e-11);
      CHECK(difference(structure->covariance(back, all), sigma) < 1e-11);
      const Vector canonical = structure->canonical(theta, 0.0, 0.0);
      CHECK(difference(structure->covariance(canonical, all), sigma) < 1e-12);
      const Vector larger = structure->rescaled(theta, 7.0);
      CHECK(difference(structure->covariance(larger, all), 7.0 * sigma) < 1e-12);
      // A change of unit by c multiplies each value by a power of it.
      const Vector units = value_powers(value_counts(made)).unaryExpr([](double power) {
        return std::pow(std::sqrt(7.0), power);
      });
      CHECK(difference(structure->values(larger), values.cwiseProduct(units)) < 1e-12);
      const std::vector<bool> boundary = structure->theta_at_boundary(theta);
      CHECK(std::count(boundary.begin(), boundary.end(), true) == 0);
    }
  }
}

TEST_CASE("structures: the values counted from the recipe are those of the structure") {
  std::vector<Recipe> recipes = all_recipes();
  recipes.push_back(recipe("us", 3));
  recipes.push_back(recipe("us", 1));
  recipes.push_back(recipe("diag", 3));
  recipes.push_back(recipe("toep", 4, 1));
  recipes.push_back(product({recipe("fa", 3, 2), recipe("toep", 3, 2), recipe("ar1", 2)}));
  for (const Recipe& made : recipes) {
    INFO(name_of(made));
    const auto structure = make_structure(made, {});
    CHECK(n_values(made) == structure->n_values());
  }
  CHECK(n_values(recipe("us", 4)) == 10);
  CHECK(n_values(recipe("fa", 5, 2)) == 14);
  CHECK(n_values(product({recipe("us", 2), recipe("ar1", 3)})) == 4);
  CHECK_THROWS_AS(n_values(recipe("own", 2)), InvalidSpec);
  CHECK_THROWS_AS(n_values(recipe("none such", 2)), InvalidSpec);
}

TEST_CASE("structures: held values stay, the others move") {
  std::mt19937 engine(16);
  for (const Recipe& made : all_recipes()) {
    INFO(name_of(made));
    const auto whole = make_structure(made, {});
    const Vector theta = interior(*whole, engine);
    const Vector values = whole->values(theta);
    const Matrix sigma = whole->covariance(theta, everywhere(made.n_coef));
    for (Index k = 0; k < values.size() && values.size() > 1; ++k) {
      Held held{std::vector<bool>(static_cast<std::size_t>(values.size()), false), values};
      held.held[k] = true;
      const auto structure = make_structure(made, held);
      const ThetaSurface* surface = structure->surface();
      const Index n_equations = surface != nullptr ? surface->n_equations() : 0;
      REQUIRE(structure->n_theta() - n_equations == whole->n_theta() - 1);
      const Vector part = structure->theta_from_values(values);
      CHECK(difference(structure->covariance(part, everywhere(made.n_coef)), sigma) < 1e-11);
      Vector elsewhere = part + 0.01 * normal(part.size(), engine);
      if (surface != nullptr) elsewhere = surface->restored(elsewhere).value();
      CHECK(structure->values(elsewhere)[k] == Approx(values[k]).epsilon(1e-12));
      CHECK(static_cast<Index>(structure->derivatives(part).size()) == structure->n_theta());
    }
  }
}

TEST_CASE("structures: every theta is a covariance, however large") {
  std::mt19937 engine(17);
  for (const std::string name : {"cs", "csh", "ar1", "ar1h", "toep", "toeph", "ante", "arma11",
                                 "ar2", "ar3", "ma1", "ma2", "sar", "sar2", "corg"}) {
    INFO(name);
    const auto structure = make_structure(recipe(name, 5), {});
    for (int repeat = 0; repeat < 20; ++repeat) {
      const Vector theta = 1.5 * normal(structure->n_theta(), engine);
      const Matrix sigma = structure->covariance(theta, everywhere(5));
      CHECK(Eigen::SelfAdjointEigenSolver<Matrix>(sigma).eigenvalues().minCoeff() >
            -1e-12 * sigma.trace());
    }
  }
}

TEST_CASE("toep: every positive definite Toeplitz matrix has a theta") {
  std::mt19937 engine(18);
  const auto structure = make_structure(recipe("toep", 5), {});
  for (int repeat = 0; repeat < 20; ++repeat) {
    // A mixture of cosines is a Toeplitz covariance.
    Vector values = Vector::Zero(5);
    for (int k = 0; k < 4; ++k) {
      const double weight = std::exp(normal(1, engine)[0]), angle = 3.0 * normal(1, engine)[0];
      for (Index lag = 0; lag < 5; ++lag) {
        values[lag] += weight * std::cos(angle * static_cast<double>(lag));
      }
    }
    values.tail(4) /= 1.05 * values[0];
    CHECK(difference(structure->values(structure->theta_from_values(values)), values) < 1e-9);
  }
  CHECK_THROWS_AS(structure->theta_from_values((Vector(5) << 1, 0.9, 0, 0, 0).finished()),
                  InvalidSpec);
}

TEST_CASE("processes: correlations are those of their definitions") {
  // Yule-Walker by hand: rho_1 = phi_1 / (1 - phi_2), then the recursion.
  const auto ar2 = make_structure(recipe("ar2", 4), {});
  const Vector theta = ar2->theta_from_values(Eigen::Vector3d(2.0, 1.2, -0.5));
  const double one = 1.2 / 1.5, two = 1.2 * one - 0.5, three = 1.2 * two - 0.5 * one;
  const Matrix sigma = ar2->covariance(theta, everywhere(4));
  CHECK(difference(sigma.col(0), 2.0 * Eigen::Vector4d(1.0, one, two, three)) < 1e-14);
  // A process of a higher order contains those of lower ones.
  const auto ar3 = make_structure(recipe("ar3", 4), {});
  const Vector same = ar3->theta_from_values(Eigen::Vector4d(2.0, 1.2, -0.5, 0.0));
  CHECK(difference(ar3->covariance(same, everywhere(4)), sigma) < 1e-13);
  const auto ma2 = make_structure(recipe("ma2", 4), {});
  const Vector moving = ma2->theta_from_values(Eigen::Vector3d(1.0, 0.6, 0.3));
  CHECK(difference(ma2->covariance(moving, everywhere(4)).col(0),
                   Eigen::Vector4d(1.0, 0.78 / 1.45, 0.3 / 1.45, 0.0)) < 1e-14);
  const auto sar = make_structure(recipe("sar", 4), {});
  const auto twice = ar2->theta_from_values(Eigen::Vector3d(1.0, 0.8, -0.16));
  CHECK(
      difference(sar->covariance(sar->theta_from_values(Eigen::Vector2d(1.0, 0.8)), everywhere(4)),
                 ar2->covariance(twice, everywhere(4))) < 1e-13);
  const auto sar2 = make_structure(recipe("sar2", 4), {});
  const auto thrice = ar3->theta_from_values(Eigen::Vector4d(1.0, 0.2, 0.32, -0.096));
  CHECK(difference(sar2->covariance(sar2->theta_from_values(Eigen::Vector3d(1.0, -0.6, 0.4)),
                                    everywhere(4)),
                   ar3->covariance(thrice, everywhere(4))) < 1e-13);
}

TEST_CASE("processes: what is not stationary, or not invertible, is no process") {
  const auto ar2 = make_structure(recipe("ar2", 4), {});
  CHECK_THROWS_AS(ar2->theta_from_values(Eigen::Vector3d(1.0, 0.6, 0.5)), InvalidSpec);
  CHECK_THROWS_AS(ar2->theta_from_values(Eigen::Vector3d(1.0, 0.1, -1.01)), InvalidSpec);
  const auto ma1 = make_structure(recipe("ma1", 4), {});
  CHECK_THROWS_AS(ma1->theta_from_values(Eigen::Vector2d(1.0, 1.2)), InvalidSpec);
  const auto corg = make_structure(recipe("corg", 3), {});
  CHECK_THROWS_AS(corg->theta_from_values(Eigen::Vector4d(1.0, 0.9, 0.9, -0.9)), InvalidSpec);
  // With a value held the others stop where it has no process.
  for (const std::string name : {"ar2", "ma2"}) {
    const Held held{{false, true, false}, Eigen::Vector3d(1.0, 0.9, 0.0)};
    const auto part = make_structure(recipe(name, 4), held);
    CHECK(part->factor(part->theta_from_values(Eigen::Vector3d(1.0, 0.9, 0.05))).has_value());
    CHECK_FALSE(part->factor(Eigen::Vector2d(1.0, name == "ar2" ? 0.15 : -1.2)).has_value());
  }
}

TEST_CASE("processes: factors with all digits next to a limit") {
  for (const std::string name : {"ar2", "corg"}) {
    const auto structure = make_structure(recipe(name, 3), {});
    Vector theta = Vector::Constant(structure->n_theta(), 0.3);
    theta[0] = 1.0;
    theta[1] = 18.0;
    const Matrix lambda = *structure->factor(theta);
    CHECK(lambda(1, 1) == Approx(1.0 / std::cosh(18.0)).epsilon(1e-10));
    theta[1] = std::numeric_limits<double>::infinity();
    const std::vector<bool> boundary = structure->theta_at_boundary(theta);
    CHECK(boundary[1]);
  }
}

TEST_CASE("corg: every correlation matrix has a theta") {
  std::mt19937 engine(20);
  const auto structure = make_structure(recipe("corg", 4), {});
  for (int repeat = 0; repeat < 20; ++repeat) {
    Matrix loading(4, 5);
    for (Index c = 0; c < 5; ++c) loading.col(c) = normal(4, engine);
    const Vector size = loading.rowwise().norm();
    const Matrix unit = size.cwiseInverse().asDiagonal() * loading;
    const Matrix r = unit * unit.transpose();
    Vector values(7);
    values << 3.0, r(1, 0), r(2, 0), r(2, 1), r(3, 0), r(3, 1), r(3, 2);
    const Vector theta = structure->theta_from_values(values);
    CHECK(difference(structure->covariance(theta, everywhere(4)), 3.0 * r) < 1e-12);
  }
}

TEST_CASE("structures: limits") {
  const auto ar1 = make_structure(recipe("ar1", 3), {});
  const Vector independent = ar1->theta_from_values(Eigen::Vector2d(2.0, 0.0));
  CHECK(difference(ar1->covariance(independent, everywhere(3)), 2.0 * Matrix::Identity(3, 3)) <
        1e-15);
  SECTION("a correlation of one") {
    const auto cs = make_structure(recipe("cs", 3), {});
    const Vector theta = cs->theta_from_values(Eigen::Vector2d(2.0, 1.0));
    CHECK(difference(sigma_of(*cs, theta), Matrix::Constant(3, 3, 2.0)) < 1e-15);
    CHECK((cs->theta_at_boundary(theta) == std::vector<bool>{false, true}));
    const Vector near = cs->theta_from_values(Eigen::Vector2d(2.0, 1.0 - 1e-7));
    CHECK(
        (cs->theta_at_boundary(cs->canonical(near, 1e-2, 0.0)) == std::vector<bool>{false, true}));
    CHECK(
        (cs->theta_at_boundary(cs->canonical(near, 0.0, 0.0)) == std::vector<bool>{false, false}));
    CHECK(cs->derivatives(theta)[1].isZero(0.0));
  }
  SECTION("a variance of zero takes the rest with it") {
    const Vector zero = ar1->canonical(Eigen::Vector2d(1e-5, 0.3), 0.0, 1e-3);
    CHECK((ar1->theta_at_boundary(zero) == std::vector<bool>{true, true}));
    CHECK(sigma_of(*ar1, zero).isZero(0.0));
  }
  SECTION("values that no matrix has") {
    CHECK_THROWS_AS(ar1->theta_from_values(Eigen::Vector2d(1.0, 1.1)), InvalidSpec);
    CHECK_THROWS_AS(ar1->theta_from_values(Eigen::Vector2d(-1.0, 0.1)), InvalidSpec);
    const auto cs = make_structure(recipe("cs", 3), {});
    CHECK_THROWS_AS(cs->theta_from_values(Eigen::Vector2d(1.0, -0.6)), InvalidSpec);
    CHECK_THROWS_AS(make_structure(recipe("fa", 3, 4), {}), InvalidSpec);
    CHECK_THROWS_AS(make_structure(recipe("exp", 3), {}), InvalidSpec);
  }
}

TEST_CASE("structures: a start from an empirical matrix is near it, or valid at least") {
  std::mt19937 engine(19);
  for (const Recipe& made : all_recipes()) {
    INFO(name_of(made));
    const auto structure = make_structure(made, {});
    const Positions all = everywhere(made.n_coef);
    Matrix noise = Matrix::Zero(made.n_coef, made.n_coef);
    for (Index c = 0; c < made.n_coef; ++c) noise.col(c) = normal(made.n_coef, engine);
    const Matrix indefinite =
        Matrix::Identity(made.n_coef, made.n_coef) + noise + noise.transpose();
    CHECK(structure->factor(structure->theta_from_covariance(indefinite)).has_value());
    CHECK(structure->factor(structure->theta_from_variance(2.0)).has_value());
    Matrix unknown = Matrix::Constant(made.n_coef, made.n_coef, std::nan(""));
    unknown.diagonal().setConstant(3.0);
    if (made.name != "product" && made.name != "us") {
      CHECK(structure->factor(structure->theta_from_covariance(unknown)).has_value());
    }
  }
  for (const std::string name : {"cs", "ar1", "toep", "ante", "fa"}) {
    INFO(name);
    const auto structure = make_structure(recipe(name, 4, name == "fa" ? 1 : 0), {});
    Vector theta = interior(*structure, engine);
    const Matrix sigma = structure->covariance(theta, everywhere(4));
    const Matrix start =
        structure->covariance(structure->theta_from_covariance(sigma), everywhere(4));
    CHECK((start - sigma).norm() < 0.35 * sigma.norm());
  }
}

}  // namespace henderson::covariance
