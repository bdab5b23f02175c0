// SPDX-License-Identifier: GPL-3.0-or-later
// Recipes of all structures with correlations or loadings, and points inside them.
#pragma once

#include <catch.h>

#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "core/covariance/registry.h"
#include "support/mixed_models.h"

namespace henderson::covariance::test {

using henderson::test::difference;
using henderson::test::normal;

inline Recipe recipe(const std::string& name, Index n_coef, Index order = 0) {
  Recipe made;
  made.name = name;
  made.n_coef = n_coef;
  made.order = order;
  return made;
}

inline Recipe located(const std::string& name, const Matrix& coordinates,
                      const Vector& constants = {}) {
  Recipe made = recipe(name, coordinates.rows());
  made.coordinates = coordinates;
  made.constants = constants;
  return made;
}

inline Recipe product(const std::vector<Recipe>& factors) {
  Recipe made = recipe("product", 1);
  for (const Recipe& factor : factors) made.n_coef *= factor.n_coef;
  made.factors = factors;
  return made;
}

inline const Matrix kLine = (Matrix(4, 1) << 0.0, 0.7, 1.1, 3.0).finished();
inline const Matrix kPlane = (Matrix(4, 2) << 0, 0, 1, 0.5, -0.3, 2, 1.5, 1.5).finished();

inline std::vector<Recipe> all_recipes() {
  return {recipe("id", 3),
          recipe("cs", 4),
          recipe("csh", 4),
          recipe("ar1", 4),
          recipe("ar1h", 4),
          recipe("toep", 4),
          recipe("toep", 5, 3),
          recipe("toeph", 4),
          recipe("ante", 4),
          recipe("ante", 5, 2),
          recipe("ante", 4, 3),
          recipe("chol", 4, 1),
          recipe("chol", 5, 2),
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
          product({recipe("ar1h", 2), recipe("cs", 2), located("exp", kLine)}),
          located("iexp", kPlane),
          located("loglin", kPlane, Vector::Constant(2, 0.3))};
}

inline std::string name_of(const Recipe& recipe) {
  return recipe.name + " " + std::to_string(recipe.n_coef) + " order " +
         std::to_string(recipe.order);
}

inline Positions everywhere(Index n) {
  Positions at(static_cast<std::size_t>(n));
  std::iota(at.begin(), at.end(), 0);
  return at;
}

// A theta in the interior: for the banded Toeplitz not every one is.
inline Vector interior(const Structure& structure, std::mt19937& engine) {
  Vector theta = 0.4 * normal(structure.n_theta(), engine);
  // Away from standard deviations of zero, where 1 / sd has no good differences.
  theta = theta.unaryExpr([](double x) { return std::abs(x) < 0.2 ? 0.3 : x; }).eval();
  theta[0] = 1.0 + std::abs(theta[0]);
  while (!structure.factor(theta)) theta.tail(theta.size() - 1) *= 0.7;
  return theta;
}

inline Vector moved(const Vector& at, Index i, double h) {
  return at + h * Vector::Unit(at.size(), i);
}

inline Matrix sigma_of(const Structure& structure, const Vector& theta) {
  const Matrix lambda = *structure.factor(theta);
  return lambda * lambda.transpose();
}

}  // namespace henderson::covariance::test
