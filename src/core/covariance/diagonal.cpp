// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/diagonal.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace henderson::covariance {

Diagonal::Diagonal(Index n_coef, const std::vector<bool>& held, const Vector& values)
    : held_values_(Vector::Zero(n_coef)) {
  for (Index k = 0; k < n_coef; ++k) {
    if (held.empty() || !held[static_cast<std::size_t>(k)]) {
      free_.push_back(k);
      continue;
    }
    if (!(values[k] > 0.0)) throw InvalidSpec("hold", "a residual variance must be above 0");
    held_values_[k] = values[k];
  }
}

Vector Diagonal::values(const ConstVectorRef& theta) const {
  Vector values = held_values_;
  for (Index i = 0; i < n_theta(); ++i) values[free_[i]] = theta[i] * theta[i];
  return values;
}

std::optional<Matrix> Diagonal::factor(const ConstVectorRef& theta) const {
  return Matrix(values(theta).cwiseSqrt().asDiagonal());
}

std::vector<Matrix> Diagonal::derivatives(const ConstVectorRef& theta) const {
  std::vector<Matrix> derivatives;
  for (Index i = 0; i < n_theta(); ++i) {
    Matrix unit = Matrix::Zero(n_coef(), n_coef());
    unit(free_[i], free_[i]) = std::copysign(1.0, theta[i]);
    derivatives.push_back(std::move(unit));
  }
  return derivatives;
}

Matrix Diagonal::covariance(const ConstVectorRef& theta, const Positions& at) const {
  const Vector variances = values(theta);
  const auto n = static_cast<Index>(at.size());
  Matrix covariance = Matrix::Zero(n, n);
  for (Index r = 0; r < n; ++r) covariance(r, r) = variances[at[r]];
  return covariance;
}

std::vector<Matrix> Diagonal::covariance_derivatives(const ConstVectorRef& theta,
                                                     const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> derivatives(free_.size(), Matrix::Zero(n, n));
  for (Index i = 0; i < n_theta(); ++i) {
    for (Index r = 0; r < n; ++r) {
      if (at[r] == free_[i]) derivatives[i](r, r) = 2.0 * theta[i];
    }
  }
  return derivatives;
}

std::optional<Coordinate> Diagonal::coordinate(Index value) const {
  const auto at = std::find(free_.begin(), free_.end(), value);
  if (at == free_.end()) return std::nullopt;
  return Coordinate{at - free_.begin(), Link::square};
}

Matrix Diagonal::value_jacobian(const ConstVectorRef& theta) const {
  Matrix jacobian = Matrix::Zero(n_values(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) jacobian(free_[i], i) = 2.0 * theta[i];
  return jacobian;
}

Vector Diagonal::theta_from_values(const ConstVectorRef& values) const {
  Vector theta(n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    if (!(values[free_[i]] >= 0.0)) {
      throw InvalidSpec("variance parameters", "a variance is negative");
    }
    theta[i] = std::sqrt(values[free_[i]]);
  }
  return theta;
}

Vector Diagonal::theta_from_covariance(const Matrix& covariance) const {
  Vector theta(n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    theta[i] = std::sqrt(std::max(covariance(free_[i], free_[i]), 0.0));
  }
  return theta;
}

Vector Diagonal::rescaled(const ConstVectorRef& theta, double c) const {
  return std::sqrt(c) * theta;
}

Vector Diagonal::canonical(const ConstVectorRef& theta, double, double absolute) const {
  const Vector canonical = theta.cwiseAbs();
  return (canonical.array() < absolute).select(0.0, canonical);
}

Vector Diagonal::nudged(const ConstVectorRef& theta, double distance) const {
  Vector moved = theta;
  for (Index i = 0; i < moved.size(); ++i) {
    if (std::abs(moved[i]) < distance) moved[i] = std::copysign(distance, moved[i]);
  }
  return moved;
}

std::vector<bool> Diagonal::theta_at_boundary(const ConstVectorRef& theta) const {
  std::vector<bool> at_boundary;
  for (Index i = 0; i < theta.size(); ++i) at_boundary.push_back(theta[i] == 0.0);
  return at_boundary;
}

std::vector<bool> Diagonal::value_at_boundary(const ConstVectorRef& theta, const Matrix&) const {
  std::vector<bool> at_boundary(static_cast<std::size_t>(n_values()), false);
  for (Index i = 0; i < n_theta(); ++i) {
    at_boundary[static_cast<std::size_t>(free_[i])] = theta[i] == 0.0;
  }
  return at_boundary;
}

}  // namespace henderson::covariance
