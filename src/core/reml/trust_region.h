// SPDX-License-Identifier: GPL-3.0-or-later
// The minimum of a quadratic model within a distance.
#pragma once

#include "core/base/types.h"

namespace henderson::reml {

// The quadratic g'd + d'Hd/2, with H = Q diag(h) Q' not necessarily positive definite.
class QuadraticModel {
 public:
  QuadraticModel(const Vector& gradient, const Matrix& hessian);

  // argmin over |d| <= radius, without directions in which nothing curves. Cost: O(n^2) per call
  // after one eigendecomposition. Source: More & Sorensen (1983), SIAM J Sci Stat Comput 4:553.
  Vector minimum(double radius) const;

  // -(g'd + d'Hd/2)
  double decrease(const Vector& step) const;

  // What the best step could gain at most, g'H^-1 g / 2; infinite where H has a negative
  // eigenvalue.
  double potential() const;

 private:
  Vector step_at(double shift) const;  // in the basis of Q

  Vector gradient_;  // Q'g
  Vector curvature_;
  Matrix basis_;
  double flat_ = 0.0;  // a curvature that counts as zero
};

}  // namespace henderson::reml
