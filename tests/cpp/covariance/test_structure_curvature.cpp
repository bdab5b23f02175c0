// SPDX-License-Identifier: GPL-3.0-or-later
// Second derivatives of structures against differences.
#include <catch.h>

#include "core/base/error.h"
#include "core/covariance/registry.h"
#include "support/structures.h"

namespace henderson::covariance {

using namespace test;

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

}  // namespace henderson::covariance
