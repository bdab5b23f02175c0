// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/log_linear.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace henderson::covariance {

LogLinear::LogLinear(const Matrix& coordinates, const Vector& centre, const std::vector<bool>& held,
                     const Vector& values)
    : away_(coordinates), unit_(Vector::Ones(coordinates.cols())) {
  if (centre.size() != coordinates.cols()) {
    throw DimensionMismatch("centre of loglin", centre.size(), coordinates.cols());
  }
  away_.rowwise() -= centre.transpose();
  for (Index j = 0; j < away_.cols(); ++j) {
    const double largest = away_.col(j).cwiseAbs().maxCoeff();
    if (largest > 0.0) unit_[j] = largest;
    away_.col(j) /= unit_[j];
  }
  held_ = Vector::Zero(n_values());
  for (Index k = 0; k < n_values(); ++k) {
    if (held.empty() || !held[static_cast<std::size_t>(k)]) {
      free_.push_back(k);
    } else if (k > 0) {
      held_[k] = values[k] * unit_[k - 1];
    } else if (values[k] > 0.0) {
      held_[k] = std::sqrt(values[k]);
    } else {
      throw InvalidSpec("hold", "a variance of a term that is otherwise free must be above 0");
    }
  }
}

Vector LogLinear::parameters(const ConstVectorRef& theta) const {
  Vector all = held_;
  for (Index i = 0; i < n_theta(); ++i) all[free_[i]] = theta[i];
  return all;
}

Vector LogLinear::collect(const Vector& parameters) const {
  Vector theta(n_theta());
  for (Index i = 0; i < n_theta(); ++i) theta[i] = parameters[free_[i]];
  return theta;
}

double LogLinear::half(const Vector& parameters, Index p) const {
  return std::exp(0.5 * away_.row(p).dot(parameters.tail(away_.cols())));
}

// Sigma
// --------------------------------------------------------------------------------------------

bool LogLinear::is_valid(const ConstVectorRef& theta) const {
  const Vector all = parameters(theta);
  if (!all.allFinite()) return false;
  const Vector log_ratio = away_ * all.tail(away_.cols());
  return log_ratio.cwiseAbs().maxCoeff() < 600.0;  // exp() of it has a square and an inverse
}

std::optional<Matrix> LogLinear::factor(const ConstVectorRef& theta) const {
  if (!is_valid(theta)) return std::nullopt;
  const Vector all = parameters(theta);
  Vector diagonal(n_coef());
  for (Index p = 0; p < n_coef(); ++p) diagonal[p] = all[0] * half(all, p);
  return Matrix(diagonal.asDiagonal());
}

std::vector<Matrix> LogLinear::derivatives(const ConstVectorRef& theta) const {
  const Vector all = parameters(theta);
  std::vector<Matrix> found;
  for (const Index k : free_) {
    Vector diagonal(n_coef());
    for (Index p = 0; p < n_coef(); ++p) {
      diagonal[p] = half(all, p) * (k == 0 ? 1.0 : 0.5 * all[0] * away_(p, k - 1));
    }
    found.emplace_back(diagonal.asDiagonal());
  }
  return found;
}

Matrix LogLinear::covariance(const ConstVectorRef& theta, const Positions& at) const {
  const Vector all = parameters(theta);
  const auto n = static_cast<Index>(at.size());
  Matrix covariance = Matrix::Zero(n, n);
  for (Index r = 0; r < n; ++r) {
    const double sd = all[0] * half(all, at[r]);
    covariance(r, r) = sd * sd;
  }
  return covariance;
}

std::vector<Matrix> LogLinear::covariance_derivatives(const ConstVectorRef& theta,
                                                      const Positions& at) const {
  const Vector all = parameters(theta);
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> found(free_.size(), Matrix::Zero(n, n));
  for (Index r = 0; r < n; ++r) {
    const double ratio = half(all, at[r]);
    const double sd = all[0] * ratio;
    for (Index i = 0; i < n_theta(); ++i) {
      const Index k = free_[i];
      found[i](r, r) = k == 0 ? 2.0 * sd * ratio : sd * sd * away_(at[r], k - 1);
    }
  }
  return found;
}

Whitening LogLinear::whitening(const ConstVectorRef& theta, const Positions& at,
                               bool with_derivative) const {
  const Vector all = parameters(theta);
  const auto n = static_cast<Index>(at.size());
  Whitening made;
  made.value.resize(n);
  if (with_derivative) made.derivative.resize(n, n_theta());
  for (Index r = 0; r < n; ++r) {
    const double sd = std::abs(all[0]) * half(all, at[r]);
    if (!(sd > 0.0 && std::isfinite(sd))) return {};
    made.start.push_back(r + 1);
    made.column.push_back(static_cast<SmallIndex>(r));
    made.value[r] = 1.0 / sd;
    for (Index i = 0; with_derivative && i < n_theta(); ++i) {
      const Index k = free_[i];
      made.derivative(r, i) = -made.value[r] * (k == 0 ? 1.0 / all[0] : 0.5 * away_(at[r], k - 1));
    }
  }
  return made;
}

// Sigma_pp = s^2 e_p: d2/ds2 = 2 e_p, d2/ds dg = 2 s e_p a_p, d2/dg dg' = s^2 e_p a_p a_p'.
Matrix LogLinear::curvature(const ConstVectorRef& theta, const Matrix& g) const {
  const Vector all = parameters(theta);
  Matrix whole = Matrix::Zero(n_values(), n_values());
  for (Index p = 0; p < n_coef(); ++p) {
    const double ratio = half(all, p);
    Vector slope(n_values());  // of sqrt(Sigma_pp), but for the halves
    slope << 1.0, all[0] * away_.row(p).transpose();
    Matrix own = slope * slope.transpose();
    own.row(0) *= 2.0;
    own.col(0).tail(away_.cols()) *= 2.0;
    whole += g(p, p) * ratio * ratio * own;
  }
  Matrix curvature(n_theta(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    for (Index j = 0; j < n_theta(); ++j) curvature(i, j) = whole(free_[i], free_[j]);
  }
  return curvature;
}

// Values
// --------------------------------------------------------------------------------------------

Vector LogLinear::values(const ConstVectorRef& theta) const {
  Vector values = parameters(theta);
  values[0] *= values[0];
  values.tail(away_.cols()).array() /= unit_.array();
  return values;
}

std::optional<Coordinate> LogLinear::coordinate(Index value) const {
  const auto at = std::find(free_.begin(), free_.end(), value);
  if (at == free_.end()) return std::nullopt;
  return Coordinate{at - free_.begin(), value == 0 ? Link::square : Link::other};
}

Matrix LogLinear::value_jacobian(const ConstVectorRef& theta) const {
  Matrix jacobian = Matrix::Zero(n_values(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    const Index k = free_[i];
    jacobian(k, i) = k == 0 ? 2.0 * theta[i] : 1.0 / unit_[k - 1];
  }
  return jacobian;
}

Vector LogLinear::theta_from_values(const ConstVectorRef& values) const {
  if (!(values[0] >= 0.0)) throw InvalidSpec("variance parameters", "a variance is negative");
  Vector all = values;
  all[0] = std::sqrt(values[0]);
  all.tail(away_.cols()).array() *= unit_.array();
  const Vector theta = collect(all);
  if (!is_valid(theta)) {
    throw InvalidSpec("variance parameters", "the slopes of loglin are beyond what numbers reach");
  }
  return theta;
}

Vector LogLinear::theta_from_covariance(const Matrix& covariance) const {
  return theta_from_variance(std::max(covariance.diagonal().mean(), 0.0));
}

Vector LogLinear::theta_from_variance(double variance) const {
  Vector all = held_;
  all[0] = std::sqrt(variance);
  return collect(all);
}

Vector LogLinear::rescaled(const ConstVectorRef& theta, double c) const {
  Vector all = parameters(theta);
  all[0] *= std::sqrt(c);
  return collect(all);
}

Vector LogLinear::canonical(const ConstVectorRef& theta, double, double absolute) const {
  Vector all = parameters(theta);
  all[0] = std::abs(all[0]) < absolute ? 0.0 : std::abs(all[0]);
  return collect(all);
}

Vector LogLinear::nudged(const ConstVectorRef& theta, double distance) const {
  Vector all = parameters(theta);
  if (std::abs(all[0]) < distance) all[0] = std::copysign(distance, all[0]);
  return collect(all);
}

// Without variance its slopes say nothing.
std::vector<bool> LogLinear::theta_at_boundary(const ConstVectorRef& theta) const {
  return std::vector<bool>(free_.size(), parameters(theta)[0] == 0.0);
}

std::vector<bool> LogLinear::value_at_boundary(const ConstVectorRef& theta, const Matrix&) const {
  std::vector<bool> found(static_cast<std::size_t>(n_values()), false);
  const bool is_zero = parameters(theta)[0] == 0.0;
  for (const Index k : free_) found[static_cast<std::size_t>(k)] = is_zero;
  return found;
}

}  // namespace henderson::covariance
