// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/matern.h"

#include <cmath>

#include "core/base/error.h"
#include "core/covariance/distance.h"

namespace henderson::covariance {
namespace {

// Where the search looks for a smoothness: rougher fields cannot be told from a nugget, smoother
// ones are Gaussian in all but name.
constexpr Interval kSmoothness{0.01, 25.0};

// d log Gamma(x) / dx, x > 0: recurrence to x >= 6, then the asymptotic series.
double digamma(double x) {
  double sum = 0.0;
  for (; x < 6.0; x += 1.0) sum -= 1.0 / x;
  const double y = 1.0 / (x * x);
  return sum + std::log(x) - 0.5 / x -
         y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
}

}  // namespace

MaternValue matern(double x, double nu) {
  // exp(x) K_nu, exp(x) K_(nu - 1) and exp(x) dK_nu / dnu, in units of exp(shift).
  double k = 0.0, k_below = 0.0, dk = 0.0;
  const double step = 1.0 / 32.0;
  // The integrand is largest about t = asinh(nu / x).
  const double top = std::asinh(nu / x);
  const double shift = nu * top - x * (std::cosh(top) - 1.0);
  for (int i = 0;; ++i) {
    const double t = i * step, weight = i == 0 ? 0.5 * step : step;
    const double decay = -x * (std::cosh(t) - 1.0) - shift;
    const double up = std::exp(decay + nu * t), down = std::exp(decay - nu * t);
    k += weight * 0.5 * (up + down);
    dk += weight * 0.5 * t * (up - down);
    k_below += weight * 0.5 * (std::exp(decay + (nu - 1.0) * t) + std::exp(decay - (nu - 1.0) * t));
    if (t > top && up < 1e-18 * (k + 1e-300)) break;
  }
  const double log_scale =
      shift - x + nu * std::log(x) + (1.0 - nu) * std::log(2.0) - std::lgamma(nu);
  const double scale = std::exp(log_scale);
  // d(x^nu K_nu)/dx = -x^nu K_(nu - 1)
  const double slope_nu = std::log(x) - std::log(2.0) - digamma(nu);
  return {scale * k, -scale * k_below, scale * (slope_nu * k + dk)};
}

Matern::Matern(Matrix coordinates, const Vector& smoothness)
    : IntervalCorrelation(smoothness.size() > 0
                              ? std::vector<Interval>{{0.0, kInfinity}}
                              : std::vector<Interval>{{0.0, kInfinity}, kSmoothness}),
      coordinates_(std::move(coordinates)),
      smoothness_(smoothness) {
  if (coordinates_.cols() == 0 || !coordinates_.allFinite()) {
    throw InvalidSpec("structure", "a structure of distances needs finite coordinates");
  }
}

double Matern::smoothness(const ConstVectorRef& parameters) const {
  return smoothness_.size() > 0 ? smoothness_[0] : parameters[1];
}

Matrix Matern::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  const double nu = smoothness(parameters);
  Matrix r = Matrix::Identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const double x = distance(coordinates_, at[i], at[j]) / parameters[0];
      r(i, j) = r(j, i) = x > 0.0 ? matern(x, nu).correlation : 1.0;
    }
  }
  return r;
}

std::vector<Matrix> Matern::derivatives(const ConstVectorRef& parameters,
                                        const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  const double nu = smoothness(parameters);
  std::vector<Matrix> found(static_cast<std::size_t>(n_parameters()), Matrix::Zero(n, n));
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const double x = distance(coordinates_, at[i], at[j]) / parameters[0];
      if (!(x > 0.0)) continue;
      const MaternValue value = matern(x, nu);
      found[0](i, j) = found[0](j, i) = -value.slope_distance * x / parameters[0];
      if (found.size() > 1) found[1](i, j) = found[1](j, i) = value.slope_smoothness;
    }
  }
  return found;
}

Vector Matern::start(const Matrix& empirical) const {
  Vector start = Vector::Ones(n_parameters());
  const double nu = smoothness(start);
  start[0] = start_range(coordinates_, empirical) / std::sqrt(2.0 * nu);
  return start;
}

std::vector<bool> Matern::at_limit(const ConstVectorRef& parameters) const {
  std::vector<bool> at_limit = IntervalCorrelation::at_limit(parameters);
  at_limit[0] = range_at_limit(coordinates_, parameters[0]);
  return at_limit;
}

}  // namespace henderson::covariance
