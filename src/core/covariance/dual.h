// SPDX-License-Identifier: GPL-3.0-or-later
// A number with its derivatives in some parameters (of no length where they are not wanted).
#pragma once

#include <cmath>

#include "core/base/types.h"

namespace henderson::covariance {

struct Dual {
  double value = 0.0;
  Eigen::RowVectorXd slope;
};

inline Dual operator+(const Dual& a, const Dual& b) {
  return {a.value + b.value, a.slope + b.slope};
}

inline Dual operator-(const Dual& a, const Dual& b) {
  return {a.value - b.value, a.slope - b.slope};
}

inline Dual operator*(const Dual& a, const Dual& b) {
  return {a.value * b.value, a.value * b.slope + b.value * a.slope};
}

// 0 over 0 counts as 0, and the root of 0 does not move.
inline Dual operator/(const Dual& a, const Dual& b) {
  if (b.value == 0.0) return {0.0, 0.0 * a.slope};
  const double ratio = a.value / b.value;
  return {ratio, (a.slope - ratio * b.slope) / b.value};
}

inline Dual sqrt(const Dual& a) {
  const double root = std::sqrt(a.value);
  return {root, (root > 0.0 ? 0.5 / root : 0.0) * a.slope};
}

}  // namespace henderson::covariance
