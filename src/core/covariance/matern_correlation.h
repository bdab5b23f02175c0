// SPDX-License-Identifier: GPL-3.0-or-later
// The Matern correlation f(x) = 2 (x / 2)^nu K_nu(x) / Gamma(nu) of one smoothness nu, K_nu the
// modified Bessel function of the second kind, x the distance in units of the range.
#pragma once

namespace henderson::covariance {

// With fall = -x df/dx, which is df/dlog(range):
struct MaternValue {
  double value = 1.0;
  double fall = 0.0;
  double fall_fall = 0.0;  // -x dfall/dx
  double nu = 0.0;         // df/dnu
  double nu_nu = 0.0;
  double fall_nu = 0.0;
};

class MaternCorrelation {
 public:
  // Needs: nu > 0.
  explicit MaternCorrelation(double nu);

  // Needs: x >= 0. Cost: an exponential for each of some 20 to 50 nodes, about half a microsecond.
  // Gives 1e-13 absolutely; an x below 1e-160 counts as that.
  //
  // K_b(x) = integral over t > 0 of exp(-x cosh t) cosh(b t) for an order 0 < b < 3/2, and its
  // derivatives in b, from one pass of the trapezoidal rule, which converges exponentially (Watson
  // 1944, 6.22; Trefethen & Weideman 2014, SIAM Review 56:385). Then
  // upwards in nu by K_(nu+1) = K_(nu-1) + (2 nu / x) K_nu, which reads
  //     f_(nu+1) = f_nu + fall_nu / (2 nu),   fall_(nu+1) = x^2 f_nu / (2 nu):
  // all terms are positive, and nothing overflows.
  MaternValue operator()(double x) const;

 private:
  double nu_;
  double order_;  // b, so that nu - b is a whole number
  double log_gamma_slope_;
  double log_gamma_curvature_;
  double two_by_gamma_;
};

}  // namespace henderson::covariance
