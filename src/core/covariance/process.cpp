// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/process.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/limits.h"

namespace henderson::covariance {
namespace {

// A partial autocorrelation this near to 1 is at its limit.
constexpr double kAtLimit = 1e-10;
// Starts stay this far inside.
constexpr double kLargestStart = 0.9;

Index largest_lag(const Positions& at) {
  if (at.empty()) return 0;
  const auto [first, last] = std::minmax_element(at.begin(), at.end());
  return *last - *first;
}

// R, or a derivative of it, from its values by lag.
Matrix by_lag(const ConstVectorRef& values, const Positions& at) {
  const auto n = static_cast<Index>(at.size());
  Matrix r(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) r(i, j) = values[std::abs(at[i] - at[j])];
  }
  return r;
}

std::vector<Matrix> slopes_by_lag(const Matrix& slope, const Positions& at) {
  std::vector<Matrix> found;
  for (Index k = 0; k < slope.cols(); ++k) found.push_back(by_lag(slope.col(k), at));
  return found;
}

Autocorrelation correlation_of(ProcessKind kind, const ConstVectorRef& parameters, Index n) {
  return kind == ProcessKind::autoregression ? autoregressive_correlation(parameters, n)
                                             : moving_average_correlation(parameters, n);
}

double known_or(double x, double otherwise) { return std::isfinite(x) ? x : otherwise; }

}  // namespace

Matrix Process::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  return by_lag(correlation_of(kind_, parameters, largest_lag(at)).rho, at);
}

std::vector<Matrix> Process::derivatives(const ConstVectorRef& parameters,
                                         const Positions& at) const {
  return slopes_by_lag(correlation_of(kind_, parameters, largest_lag(at)).slope, at);
}

Vector Process::parameters(const ConstVectorRef& free) const {
  return sign() * prediction_from(free.array().tanh().matrix()).phi;
}

Matrix Process::jacobian(const ConstVectorRef& free) const {
  const Vector slope = free.array().cosh().square().inverse();
  return sign() * prediction_from(free.array().tanh().matrix()).slope * slope.asDiagonal();
}

Vector Process::free_from(const ConstVectorRef& parameters) const {
  const Vector partial = partial_from_prediction(sign() * parameters);
  if (!(partial.cwiseAbs().maxCoeff() < 1.0 + 1e-12)) {
    throw InvalidSpec("variance parameters",
                      kind_ == ProcessKind::autoregression
                          ? "the coefficients are not those of a stationary autoregression"
                          : "the coefficients are not those of an invertible moving average");
  }
  return partial.unaryExpr([](double x) { return atanh_or_limit(x); });
}

std::optional<Matrix> Process::root(const ConstVectorRef& free) const {
  if (kind_ == ProcessKind::moving_average) return std::nullopt;
  return root_of_partials(free, size_);
}

// Of an autoregression the partial autocorrelations of the first mean correlations, of a moving
// average the first correlation as that of order one.
Vector Process::start(const Matrix& empirical) const {
  Vector partial = Vector::Zero(order_);
  const double first =
      std::clamp(known_or(mean_correlation(empirical, 1), 0.2), -kLargestStart, kLargestStart);
  if (kind_ == ProcessKind::moving_average) {
    const double rho = std::clamp(first, -0.45, 0.45);
    partial[0] = -2.0 * rho / (1.0 + std::sqrt(1.0 - 4.0 * rho * rho));
    return -prediction_from(partial).phi;
  }
  partial[0] = first;
  if (order_ > 1) {
    const double second = known_or(mean_correlation(empirical, 2), first * first);
    partial[1] =
        std::clamp((second - first * first) / (1.0 - first * first), -kLargestStart, kLargestStart);
  }
  return prediction_from(partial).phi;
}

std::vector<bool> Process::at_limit(const ConstVectorRef& parameters) const {
  const Vector partial = partial_from_prediction(sign() * parameters);
  std::vector<bool> found;
  for (Index k = 0; k < order_; ++k) found.push_back(std::abs(partial[k]) >= 1.0 - kAtLimit);
  return found;
}

// R of a moving average is definite at its limits.
Vector Process::snapped(const ConstVectorRef& free, double relative) const {
  if (kind_ == ProcessKind::autoregression) return snapped_to_one(free, relative);
  return free.unaryExpr([relative](double x) { return snapped_to_limit(x, relative); });
}

SymmetricProcess::SymmetricProcess(Index size, Index order)
    : IntervalCorrelation(order == 1 ? std::vector<Interval>{{-2.0, 2.0}}
                                     : std::vector<Interval>(2)),
      size_(size) {}

// The coefficients of (1 - phi z / 2)^2, or (1 - gamma_1 z)(1 - gamma_2 z)^2, and their slopes.
Prediction SymmetricProcess::coefficients(const ConstVectorRef& p) const {
  if (p.size() == 1) {
    return {Eigen::Vector2d(p[0], -0.25 * p[0] * p[0]), Eigen::Vector2d(1.0, -0.5 * p[0])};
  }
  const double a = p[0], b = p[1];
  Matrix slope(3, 2);
  slope << 1.0, 2.0, -2.0 * b, -2.0 * (a + b), b * b, 2.0 * a * b;
  return {Eigen::Vector3d(a + 2.0 * b, -b * (2.0 * a + b), a * b * b), slope};
}

Matrix SymmetricProcess::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  return by_lag(autoregressive_correlation(coefficients(parameters).phi, largest_lag(at)).rho, at);
}

std::vector<Matrix> SymmetricProcess::derivatives(const ConstVectorRef& parameters,
                                                  const Positions& at) const {
  const Prediction made = coefficients(parameters);
  return slopes_by_lag(autoregressive_correlation(made.phi, largest_lag(at)).slope * made.slope,
                       at);
}

// sar has rho_1 = phi / (1 + phi^2 / 4), which is below 1; sar2 with gamma_1 = 0 has that of the
// double root gamma_2.
Vector SymmetricProcess::start(const Matrix& empirical) const {
  const double first =
      std::clamp(known_or(mean_correlation(empirical, 1), 0.2), -kLargestStart, kLargestStart);
  const double root = first / (1.0 + std::sqrt(1.0 - first * first));
  if (n_parameters() == 1) return Vector::Constant(1, 2.0 * root);
  return Eigen::Vector2d(0.0, root);
}

}  // namespace henderson::covariance
