// SPDX-License-Identifier: GPL-3.0-or-later
// The part of Scaled that is about its parameters: values, starts, boundaries.
#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/scaled.h"

namespace henderson::covariance {

// Beyond, a factor of R only to see whether there is one is too dear.
constexpr Index kManyPositions = 400;
// A limit that is so near, as a standard deviation, and correlations that are the same.
constexpr double kNearLimit = 1e-5;
constexpr double kSameCorrelation = 1e-9;
// Numbers of R of which all combinations of limits are looked at.
constexpr Index kMostLimits = 6;

namespace {

// Of slopes of R, one column for each number, below which a combination of them is none.
constexpr double kNoSlope = 1e-9;

// Numbers that R does not tell apart: those that the others leave nothing to say, or all that have
// a part in it.
std::vector<bool> without_effect(const Matrix& slopes, bool all) {
  std::vector<bool> found(static_cast<std::size_t>(slopes.cols()), false);
  if (all) {
    Eigen::FullPivLU<Matrix> lu(slopes);
    lu.setThreshold(kNoSlope);
    if (lu.rank() == slopes.cols()) return found;
    const Vector part = lu.kernel().rowwise().norm();
    for (Index k = 0; k < slopes.cols(); ++k)
      found[static_cast<std::size_t>(k)] = part[k] > kNoSlope * part.maxCoeff();
    return found;
  }
  Eigen::ColPivHouseholderQR<Matrix> qr(slopes);
  qr.setThreshold(kNoSlope);
  for (Index k = qr.rank(); k < slopes.cols(); ++k)
    found[static_cast<std::size_t>(qr.colsPermutation().indices()[k])] = true;
  return found;
}

}  // namespace

Vector Scaled::values(const ConstVectorRef& theta) const {
  const Parts at = parts(theta);
  Vector values(n_values());
  values << at.sd.cwiseAbs2(), parameters(at.numbers);
  return values;
}

std::optional<Coordinate> Scaled::coordinate(Index value) const {
  const auto at = std::find(free_.begin(), free_.end(), value);
  if (at == free_.end()) return std::nullopt;
  const Index theta = at - free_.begin();
  if (value < n_sd_) return Coordinate{theta, Link::square};
  if (natural_) return Coordinate{theta, Link::identity};
  if (!correlation_->elementwise()) return std::nullopt;
  return Coordinate{theta, Link::other};
}

Matrix Scaled::value_jacobian(const ConstVectorRef& theta) const {
  const Parts at = parts(theta);
  const Index n = correlation_->n_parameters();
  const Matrix of_numbers = natural_ ? Matrix::Identity(n, n) : correlation_->jacobian(at.numbers);
  Matrix jacobian = Matrix::Zero(n_values(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    const Index k = free_[i];
    if (k < n_sd_) {
      jacobian(k, i) = 2.0 * at.sd[k];
    } else {
      jacobian.col(i).tail(n) = of_numbers.col(k - n_sd_);
    }
  }
  return jacobian;
}

Vector Scaled::theta_from_values(const ConstVectorRef& values) const {
  if (values.head(n_sd_).hasNaN() || !(values.head(n_sd_).minCoeff() >= 0.0)) {
    throw InvalidSpec("variance parameters", "a variance is negative");
  }
  const Vector given = values.tail(correlation_->n_parameters());
  const Vector numbers = natural_ ? given : correlation_->free_from(given);
  const Vector theta = collect({values.head(n_sd_).cwiseSqrt(), numbers});
  const bool is_surely_valid =
      n_coef() > kManyPositions && !natural_ && correlation_->is_always_definite();
  if (is_surely_valid ? theta.allFinite() : factor(theta).has_value()) return theta;
  // Rounding of the values may have left a matrix on the wrong side of a limit.
  if (!natural_ && numbers.size() > 0) {
    const Vector at_limit = correlation_->snapped(numbers, kNearLimit);
    const Vector there = collect({values.head(n_sd_).cwiseSqrt(), at_limit});
    const double moved = (correlation_->parameters(at_limit) - given).cwiseAbs().maxCoeff();
    if (moved < kSameCorrelation && factor(there)) return there;
  }
  throw InvalidSpec("variance parameters", "the values do not form a positive definite matrix");
}

// Without a matrix of all positions, of which a residual may have thousands.
Vector Scaled::theta_from_variance(double variance) const {
  if (natural_ || !correlation_->is_always_definite())
    return Structure::theta_from_variance(variance);
  Vector numbers = held_parts_.numbers;
  if (numbers.size() > 0) numbers = correlation_->free_from(correlation_->start(Matrix()));
  return collect({Vector::Constant(n_sd_, std::sqrt(variance)), numbers});
}

Vector Scaled::theta_from_covariance(const Matrix& covariance) const {
  const Vector variance = covariance.diagonal().unaryExpr(
      [](double x) { return std::isfinite(x) && x > 0.0 ? x : 0.0; });
  Vector sd = variance.cwiseSqrt();
  const double common = std::sqrt(variance.mean());
  const Matrix empirical = covariance.cwiseQuotient(sd * sd.transpose());
  Vector numbers = held_parts_.numbers;
  if (correlation_->n_parameters() > 0) {
    const Vector start = correlation_->start(empirical);
    numbers = natural_ ? start : correlation_->free_from(start);
  }
  if (n_sd_ == 1) sd = Vector::Constant(1, common);
  const Vector theta = collect({sd, numbers});
  if (factor(theta)) return theta;
  // The held parameters do not go with the start of the others.
  if (natural_) {
    const Vector none = collect({sd, Vector::Zero(correlation_->n_parameters())});
    if (factor(none)) return none;
    const std::optional<Vector> found = definite_beside_held(sd);
    if (found) return *found;
  }
  throw InvalidSpec("hold",
                    "no positive definite covariance matrix has the held values; give `start` too");
}

// No parameter of a process of up to three is beyond 3; correlations are within 1.
std::optional<Vector> Scaled::definite_beside_held(const Vector& sd) const {
  constexpr double kWidest = 3.0, kStep = 0.02;
  if (n_coef() > kManyPositions || free_.empty() || free_.back() < n_sd_) return std::nullopt;
  if (free_.size() > 1 && free_[free_.size() - 2] >= n_sd_) return std::nullopt;
  std::vector<Vector> definite;
  for (double x = -kWidest; x <= kWidest; x += kStep) {
    Vector theta = collect({sd, Vector::Constant(correlation_->n_parameters(), x)});
    if (factor(theta)) definite.push_back(std::move(theta));
  }
  if (definite.empty()) return std::nullopt;
  return definite[definite.size() / 2];
}

// Where its free numbers are at their limits R may be of rank one: all correlations 1 or -1.
bool Scaled::reaches_direction(const ConstVectorRef& w) const {
  const Index n = correlation_->n_parameters();
  if (natural_ || static_cast<Index>(free_.size()) < n_values() || n > kMostLimits) return false;
  const double size = w.cwiseAbs().maxCoeff();
  if (n_sd_ == 1 && w.cwiseAbs().minCoeff() < (1.0 - kSameCorrelation) * size) return false;
  const Vector signs = w.unaryExpr([](double x) { return x < 0.0 ? -1.0 : 1.0; });
  for (unsigned run = 0; run < 1U << static_cast<unsigned>(n); ++run) {
    Vector limit(n);
    for (Index k = 0; k < n; ++k) limit[k] = (run >> k & 1U) != 0 ? -kInfinity : kInfinity;
    const Matrix r = correlation_->matrix(correlation_->parameters(limit), everywhere());
    if ((r - signs * signs.transpose()).cwiseAbs().maxCoeff() < kSameCorrelation) return true;
  }
  return false;
}

Vector Scaled::rescaled(const ConstVectorRef& theta, double c) const {
  Parts at = parts(theta);
  at.sd *= std::sqrt(c);
  return collect(at);
}

Vector Scaled::canonical(const ConstVectorRef& theta, double relative, double absolute) const {
  Parts at = parts(theta);
  at.sd = at.sd.cwiseAbs();
  at.sd = (at.sd.array() < absolute).select(0.0, at.sd).eval();
  if (!natural_ && at.numbers.size() > 0) {
    at.numbers = correlation_->snapped(at.numbers, relative);
  }
  return collect(at);
}

Vector Scaled::nudged(const ConstVectorRef& theta, double distance) const {
  Parts at = parts(theta);
  for (Index i = 0; i < at.sd.size(); ++i) {
    if (std::abs(at.sd[i]) < distance) at.sd[i] = std::copysign(distance, at.sd[i]);
  }
  return collect(at);
}

// A variance of zero; with all of them zero, and at a limit of R, its parameters too.
std::vector<bool> Scaled::has_kink() const {
  std::vector<bool> found;
  for (const Index k : free_) found.push_back(n_sd_ > 1 && k < n_sd_);
  return found;
}

// Beside variances of zero: the correlation of an antedependence with such a position, and those on
// both sides of one, of which Sigma has the product alone.
std::vector<bool> Scaled::idle_numbers(const Parts& at, bool all) const {
  std::vector<bool> idle(static_cast<std::size_t>(correlation_->n_parameters()), false);
  Positions seen;
  for (Index i = 0; i < n_sd_; ++i) {
    if (at.sd[i] != 0.0) seen.push_back(static_cast<SmallIndex>(i));
  }
  std::vector<Index> free;
  for (const Index k : free_) {
    if (k >= n_sd_) free.push_back(k - n_sd_);
  }
  const auto n = static_cast<Index>(seen.size());
  if (n_sd_ == 1 || n == n_sd_ || free.empty()) return idle;
  const std::vector<Matrix> own = correlation_->derivatives(parameters(at.numbers), seen);
  Matrix slopes = Matrix::Zero(std::max<Index>(n * n, 1), static_cast<Index>(free.size()));
  for (std::size_t k = 0; k < free.size() && n > 0; ++k)
    slopes.col(static_cast<Index>(k)) =
        Eigen::Map<const Vector>(own[static_cast<std::size_t>(free[k])].data(), n * n);
  const std::vector<bool> found = without_effect(slopes, all);
  for (std::size_t k = 0; k < free.size(); ++k) idle[static_cast<std::size_t>(free[k])] = found[k];
  return idle;
}

std::vector<bool> Scaled::at_boundary(const Parts& at, bool all) const {
  std::vector<bool> found;
  for (Index i = 0; i < n_sd_; ++i) found.push_back(at.sd[i] == 0.0);
  const bool all_zero = at.sd.isZero(0.0);
  const bool singular = at.numbers.size() > 0 && !correlation_->is_inside(at.numbers);
  const std::vector<bool> at_limit = correlation_->at_limit(parameters(at.numbers));
  const std::vector<bool> idle = idle_numbers(at, all);
  for (std::size_t k = 0; k < at_limit.size(); ++k)
    found.push_back(all_zero || singular || at_limit[k] || idle[k]);
  return found;
}

std::vector<bool> Scaled::theta_at_boundary(const ConstVectorRef& theta) const {
  const std::vector<bool> of_values = at_boundary(parts(theta), false);
  std::vector<bool> found;
  for (const Index k : free_) found.push_back(of_values[static_cast<std::size_t>(k)]);
  return found;
}

std::vector<bool> Scaled::value_at_boundary(const ConstVectorRef& theta, const Matrix&) const {
  std::vector<bool> found = at_boundary(parts(theta), true);
  // Held values are not searched for.
  std::vector<bool> searched(found.size(), false);
  for (const Index k : free_) searched[static_cast<std::size_t>(k)] = true;
  for (std::size_t k = 0; k < found.size(); ++k) found[k] = found[k] && searched[k];
  return found;
}

}  // namespace henderson::covariance
