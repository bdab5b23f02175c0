// SPDX-License-Identifier: GPL-3.0-or-later
// Parametrisations far out and at their limits, and starts.
#include <catch.h>

#include <Eigen/Dense>
#include <limits>

#include "core/base/error.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

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
