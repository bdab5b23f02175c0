// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/own.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/among.h"

namespace henderson::covariance {

Own::Own(Index n_coef, std::shared_ptr<const UserMatrix> matrix, const std::vector<bool>& held,
         const Vector& values, double unit)
    : n_coef_(n_coef), matrix_(std::move(matrix)), unit_(unit) {
  if (!matrix_) throw InvalidSpec("structure", "own has no function");
  held_values_ = matrix_->start();
  for (Index k = 0; k < n_values(); ++k) {
    if (held.empty() || !held[static_cast<std::size_t>(k)]) {
      free_.push_back(k);
    } else {
      held_values_[k] = values[k];
    }
  }
}

// Between theta and the parameters
// -----------------------------------------------------------------

double Own::parameter(Index k, double x) const {
  const double lower = matrix_->lower()[k], upper = matrix_->upper()[k];
  if (std::isfinite(lower) && std::isfinite(upper))
    return 0.5 * (lower + upper) + 0.5 * (upper - lower) * std::tanh(x);
  if (std::isfinite(lower)) return lower + std::exp(x);
  if (std::isfinite(upper)) return upper - std::exp(x);
  const double scale = std::abs(matrix_->start()[k]);
  return x * (scale > 0.0 ? scale : 1.0);
}

double Own::slope(Index k, double x) const {
  const double lower = matrix_->lower()[k], upper = matrix_->upper()[k];
  if (std::isfinite(lower) && std::isfinite(upper)) {
    const double t = std::tanh(x);
    return 0.5 * (upper - lower) * (1.0 - t) * (1.0 + t);
  }
  if (std::isfinite(lower)) return std::exp(x);
  if (std::isfinite(upper)) return -std::exp(x);
  const double scale = std::abs(matrix_->start()[k]);
  return scale > 0.0 ? scale : 1.0;
}

double Own::number(Index k, double parameter) const {
  const double lower = matrix_->lower()[k], upper = matrix_->upper()[k];
  if (!(parameter > lower && parameter < upper))
    throw InvalidSpec("variance parameters", "a parameter of own is outside its range");
  if (std::isfinite(lower) && std::isfinite(upper))
    return std::atanh((2.0 * parameter - lower - upper) / (upper - lower));
  if (std::isfinite(lower)) return std::log(parameter - lower);
  if (std::isfinite(upper)) return std::log(upper - parameter);
  const double scale = std::abs(matrix_->start()[k]);
  return parameter / (scale > 0.0 ? scale : 1.0);
}

Vector Own::values(const ConstVectorRef& theta) const {
  Vector values = held_values_;
  for (Index i = 0; i < n_theta(); ++i) values[free_[i]] = parameter(free_[i], theta[i]);
  return values;
}

Matrix Own::value_jacobian(const ConstVectorRef& theta) const {
  Matrix jacobian = Matrix::Zero(n_values(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) jacobian(free_[i], i) = slope(free_[i], theta[i]);
  return jacobian;
}

std::optional<Coordinate> Own::coordinate(Index value) const {
  const auto at = std::find(free_.begin(), free_.end(), value);
  // A parameter with an upper end alone falls as its theta rises.
  const bool rises = std::isfinite(matrix_->lower()[value]) || std::isinf(matrix_->upper()[value]);
  if (at == free_.end() || !rises) return std::nullopt;
  return Coordinate{at - free_.begin(), Link::other};
}

Vector Own::theta_from_values(const ConstVectorRef& values) const {
  Vector theta(n_theta());
  for (Index i = 0; i < n_theta(); ++i) theta[i] = number(free_[i], values[free_[i]]);
  return theta;
}

Vector Own::theta_from_covariance(const Matrix&) const {
  return theta_from_values(matrix_->start());
}

// Sigma
// --------------------------------------------------------------------------------------------

const std::optional<UserMatrix::Value>& Own::evaluated(const ConstVectorRef& theta,
                                                       bool with_derivatives) const {
  const Vector parameters = values(theta);
  const bool known = last_parameters_.size() == parameters.size() &&
                     last_parameters_ == parameters && (last_has_derivatives_ || !with_derivatives);
  if (known) return last_;
  last_parameters_ = parameters;
  last_has_derivatives_ = with_derivatives;
  last_ = parameters.allFinite() ? matrix_->at(parameters, with_derivatives) : std::nullopt;
  if (!last_) return last_;
  const double scale = 1.0 / (unit_ * unit_);
  last_->covariance *= scale;
  for (Matrix& derivative : last_->derivatives) derivative *= scale;
  return last_;
}

std::optional<Matrix> Own::factor(const ConstVectorRef& theta) const {
  const std::optional<UserMatrix::Value>& value = evaluated(theta, false);
  if (!value) return std::nullopt;
  const Eigen::LLT<Matrix> llt(value->covariance);
  if (llt.info() != Eigen::Success) return std::nullopt;
  return Matrix(llt.matrixL());
}

// Sigma' = L' L^T + its transpose gives L' = L Phi(L^-1 Sigma' L^-T), Phi = lower triangle with
// half the diagonal.
std::vector<Matrix> Own::derivatives(const ConstVectorRef& theta) const {
  Positions all(static_cast<std::size_t>(n_coef_));
  for (Index i = 0; i < n_coef_; ++i) all[i] = static_cast<SmallIndex>(i);
  const std::vector<Matrix> of_sigma = covariance_derivatives(theta, all);
  const Matrix lower = factor(theta).value();
  const auto triangle = lower.triangularView<Eigen::Lower>();
  std::vector<Matrix> found;
  for (const Matrix& derivative : of_sigma) {
    const Matrix left = triangle.solve(derivative);
    Matrix phi = triangle.solve(left.transpose());
    phi.diagonal() *= 0.5;
    const Matrix phi_lower = phi.triangularView<Eigen::Lower>();
    found.push_back(lower * phi_lower);
  }
  return found;
}

Matrix Own::covariance(const ConstVectorRef& theta, const Positions& at) const {
  const std::optional<UserMatrix::Value>& value = evaluated(theta, false);
  const auto n = static_cast<Index>(at.size());
  if (!value) return Matrix::Constant(n, n, std::numeric_limits<double>::quiet_NaN());
  return among(value->covariance, at);
}

std::vector<Matrix> Own::covariance_derivatives(const ConstVectorRef& theta,
                                                const Positions& at) const {
  const std::optional<UserMatrix::Value>& value = evaluated(theta, true);
  if (!value) throw InvalidSpec("own", "the function has no derivatives at an admissible point");
  std::vector<Matrix> found;
  for (Index i = 0; i < n_theta(); ++i) {
    const Index k = free_[i];
    found.push_back(slope(k, theta[i]) *
                    among(value->derivatives[static_cast<std::size_t>(k)], at));
  }
  return found;
}

Matrix Own::curvature(const ConstVectorRef& theta, const Matrix& g) const {
  return difference_curvature(*this, theta, g);
}

// What has no meaning for a function that is not known
// ---------------------------------------------

Vector Own::rescaled(const ConstVectorRef& theta, double) const { return theta; }

Vector Own::canonical(const ConstVectorRef& theta, double, double) const { return theta; }

Vector Own::nudged(const ConstVectorRef& theta, double) const { return theta; }

std::vector<bool> Own::theta_at_boundary(const ConstVectorRef&) const {
  return std::vector<bool>(static_cast<std::size_t>(n_theta()), false);
}

std::vector<bool> Own::value_at_boundary(const ConstVectorRef&, const Matrix&) const {
  return std::vector<bool>(static_cast<std::size_t>(n_values()), false);
}

}  // namespace henderson::covariance
