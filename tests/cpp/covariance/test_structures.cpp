// SPDX-License-Identifier: GPL-3.0-or-later
// The structures with correlations or loadings: derivatives against differences, products against
// identities.
#include <catch.h>

#include "core/base/error.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

// A smooth structure's Lambda has 1e-10 on the diagonal of R; its differences lose digits.
constexpr double kClose = 1e-7;

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

}  // namespace henderson::covariance
