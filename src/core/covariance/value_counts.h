// SPDX-License-Identifier: GPL-3.0-or-later
// How many values a structure has, of which kinds, from its recipe alone. The rows of the table in
// registry.cpp say which of these functions counts.
#pragma once

#include "core/covariance/recipe.h"

namespace henderson::covariance {

// The values of a structure stand in this order. us of 3 coefficients: {6, 0, 0}; ar1h: {3, 0, 1};
// fa of one factor: {3, 3, 0}.
struct ValueCounts {
  Index variances = 0;  // and covariances: in the square of the unit of the coefficients
  Index loadings = 0;   // in their unit
  Index others = 0;     // without a unit, such as correlations

  Index total() const { return variances + loadings + others; }
};

// A function of the counts: for coefficients c times as large value i is c^powers[i] times as
// large.
Vector value_powers(const ValueCounts& counts);

using CountValues = ValueCounts (*)(const Recipe& recipe);

ValueCounts lower_triangle(const Recipe& recipe);
ValueCounts diagonal_entries(const Recipe& recipe);
ValueCounts band(const Recipe& recipe);
ValueCounts loadings_alone(const Recipe& recipe);
ValueCounts loadings_and_specific(const Recipe& recipe);
ValueCounts user_parameters(const Recipe& recipe);

// The parameters of a correlation.
using CountParameters = Index (*)(const Recipe& recipe);

template <Index n>
Index fixed(const Recipe&) {
  return n;
}
// Those of the bands, or all; one for each pair up to the order apart, or each pair; a smoothness
// may be a constant.
Index lags(const Recipe& recipe);
Index antedependences(const Recipe& recipe);
Index pairs(const Recipe& recipe);
Index range_and_smoothness(const Recipe& recipe);
// One for each column of the coordinates.
Index dimensions(const Recipe& recipe);

template <CountParameters parameters>
ValueCounts one_variance(const Recipe& recipe) {
  return {1, 0, parameters(recipe)};
}

template <CountParameters parameters>
ValueCounts own_variances(const Recipe& recipe) {
  return {recipe.n_coef, 0, parameters(recipe)};
}

}  // namespace henderson::covariance
