// SPDX-License-Identifier: GPL-3.0-or-later
// Partial correlations in [-1, 1] and the free numbers whose tanh they are, infinite at the limits.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/base/types.h"
#include "core/covariance/correlation.h"

namespace henderson::covariance {

// The free number of x, which rounding may have left on either side of a limit.
inline double atanh_or_limit(double x) {
  constexpr double kRounding = 1e-13;
  return std::abs(x) > 1.0 - kRounding ? std::copysign(kInfinity, x) : std::atanh(x);
}

// A free number whose parameter counts as at its limit, where R stays definite at it.
constexpr double kFreeAtLimit = 12.0;

// 1 - tanh(x)^2, and 1 - tanh(x)^(2 lag).
inline double rest_of_tanh(double x) { return 1.0 / (std::cosh(x) * std::cosh(x)); }
inline double rest_of_tanh(double x, int lag) {
  if (lag == 1) return rest_of_tanh(x);
  return -std::expm1(lag * std::log1p(-rest_of_tanh(x)));
}

// Free numbers at exactly the limit whose distance from it, as a standard deviation, is below
// `relative`: what is left of 1 is about 2 exp(-2 |free|).
inline Vector snapped_to_one(const ConstVectorRef& free, double relative) {
  return free.unaryExpr([relative](double x) {
    return std::exp(-std::abs(x)) < relative ? std::copysign(kInfinity, x) : x;
  });
}

// The same for a limit at which R stays definite.
inline double snapped_to_limit(double x, double relative) {
  return std::exp(-std::abs(x)) < relative ? std::copysign(kFreeAtLimit, x) : x;
}

}  // namespace henderson::covariance
