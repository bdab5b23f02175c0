// SPDX-License-Identifier: GPL-3.0-or-later
// matern: Corr = x^nu K_nu(x) 2^(1 - nu) / Gamma(nu), x = distance / range, K_nu the modified
// Bessel function of the second kind. The smoothness nu is a constant or the second parameter.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

// The correlation and its derivatives with respect to x and nu. Needs: x > 0, nu > 0. By the
// trapezoidal rule on K_nu(x) = integral over t > 0 of exp(-x cosh t) cosh(nu t), which converges
// faster than any power of the step (Watson 1944, 6.22).
struct MaternValue {
  double correlation;
  double slope_distance;
  double slope_smoothness;
};
MaternValue matern(double x, double nu);

class Matern final : public IntervalCorrelation {
 public:
  // coordinates: a row for each position. smoothness: empty where it is a parameter.
  Matern(Matrix coordinates, const Vector& smoothness);

  Index size() const override { return coordinates_.rows(); }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector start(const Matrix& empirical) const override;
  bool is_smooth() const override { return true; }
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;

 private:
  double smoothness(const ConstVectorRef& parameters) const;

  Matrix coordinates_;
  Vector smoothness_;
};

}  // namespace henderson::covariance
