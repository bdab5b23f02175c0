// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/arma.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/limits.h"

namespace henderson::covariance {
namespace {

constexpr double kAtLimit = 1e-10;
constexpr double kRounding = 1e-12;

}  // namespace

Matrix Arma::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix r = Matrix::Identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const int lag = std::abs(at[i] - at[j]);
      r(i, j) = r(j, i) = lag == 0 ? 1.0 : parameters[1] * std::pow(parameters[0], lag - 1);
    }
  }
  return r;
}

std::vector<Matrix> Arma::derivatives(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> found(2, Matrix::Zero(n, n));
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const int lag = std::abs(at[i] - at[j]);
      if (lag == 0) continue;
      const double drho =
          lag == 1 ? 0.0 : parameters[1] * (lag - 1) * std::pow(parameters[0], lag - 2);
      found[0](i, j) = found[0](j, i) = drho;
      found[1](i, j) = found[1](j, i) = std::pow(parameters[0], lag - 1);
    }
  }
  return found;
}

Vector Arma::parameters(const ConstVectorRef& free) const {
  const double rho = std::tanh(free[0]);
  return Eigen::Vector2d(rho, 0.5 * (rho + std::tanh(free[1])));
}

Matrix Arma::jacobian(const ConstVectorRef& free) const {
  const double slope_rho = 1.0 / std::pow(std::cosh(free[0]), 2);
  const double slope_place = 1.0 / std::pow(std::cosh(free[1]), 2);
  Matrix jacobian(2, 2);
  jacobian << slope_rho, 0.0, 0.5 * slope_rho, 0.5 * slope_place;
  return jacobian;
}

Vector Arma::free_from(const ConstVectorRef& parameters) const {
  const double place = 2.0 * parameters[1] - parameters[0];
  if (!(std::abs(parameters[0]) <= 1.0 + kRounding) || !(std::abs(place) <= 1.0 + kRounding)) {
    throw InvalidSpec("variance parameters", "rho and gamma of arma11 are outside their range");
  }
  return Eigen::Vector2d(atanh_or_limit(parameters[0]), atanh_or_limit(place));
}

// rho as the ratio of the first two lags. With gamma = 0, rho would have no effect: never there.
Vector Arma::start(const Matrix& empirical) const {
  const double first = mean_correlation(empirical, 1), second = mean_correlation(empirical, 2);
  double rho = 0.4, gamma = 0.4;
  if (std::isfinite(first) && std::abs(first) > 0.05) {
    gamma = std::clamp(first, -0.9, 0.9);
    rho = std::isfinite(second) ? std::clamp(second / first, -0.9, 0.9) : gamma;
  }
  gamma = std::clamp(gamma, 0.5 * (rho - 0.9), 0.5 * (rho + 0.9));
  return Eigen::Vector2d(rho, gamma);
}

std::vector<bool> Arma::at_limit(const ConstVectorRef& parameters) const {
  const double place = 2.0 * parameters[1] - parameters[0];
  return {std::abs(parameters[0]) >= 1.0 - kAtLimit, std::abs(place) >= 1.0 - kAtLimit};
}

// A moving average with a root of one has a definite R.
Vector Arma::snapped(const ConstVectorRef& free, double relative) const {
  Vector snapped = snapped_to_one(free, relative);
  snapped[1] = snapped_to_limit(free[1], relative);
  return snapped;
}

}  // namespace henderson::covariance
