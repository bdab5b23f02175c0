// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/value_counts.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/covariance/lower.h"
#include "core/covariance/user_matrix.h"

namespace henderson::covariance {
namespace {

// Those above the diagonal are zero.
Index n_loadings(const Recipe& recipe) {
  return recipe.n_coef * recipe.order - recipe.order * (recipe.order - 1) / 2;
}

// Pairs of coefficients that are at most `order` apart.
Index n_near_pairs(Index n_coef, Index order) { return n_coef * order - order * (order + 1) / 2; }

}  // namespace

Vector value_powers(const ValueCounts& counts) {
  Vector powers = Vector::Zero(counts.total());
  powers.head(counts.variances).setConstant(2.0);
  powers.segment(counts.variances, counts.loadings).setOnes();
  return powers;
}

ValueCounts lower_triangle(const Recipe& recipe) { return {lower_size(recipe.n_coef), 0, 0}; }

ValueCounts diagonal_entries(const Recipe& recipe) { return {recipe.n_coef, 0, 0}; }

ValueCounts band(const Recipe& recipe) {
  return {recipe.n_coef + n_near_pairs(recipe.n_coef, recipe.order), 0, 0};
}

ValueCounts loadings_alone(const Recipe& recipe) { return {0, n_loadings(recipe), 0}; }

ValueCounts loadings_and_specific(const Recipe& recipe) {
  return {recipe.n_coef, n_loadings(recipe), 0};
}

ValueCounts user_parameters(const Recipe& recipe) {
  if (!recipe.user) throw InvalidSpec("structure", "own has no function");
  return {0, 0, recipe.user->start().size()};
}

Index lags(const Recipe& recipe) {
  return (recipe.order == 0 ? recipe.n_coef : std::min(recipe.order, recipe.n_coef)) - 1;
}

Index antedependences(const Recipe& recipe) {
  return n_near_pairs(recipe.n_coef, std::max<Index>(recipe.order, 1));
}

Index pairs(const Recipe& recipe) { return recipe.n_coef * (recipe.n_coef - 1) / 2; }

Index range_and_smoothness(const Recipe& recipe) { return recipe.constants.size() > 0 ? 1 : 2; }

Index dimensions(const Recipe& recipe) { return recipe.coordinates.cols(); }

}  // namespace henderson::covariance
