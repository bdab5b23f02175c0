// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/unstructured.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/lower.h"
#include "core/covariance/partly_held.h"

namespace henderson::covariance {
namespace {

// A held or starting covariance matrix counts as semidefinite where its factor reproduces it to
// this relative error.
constexpr double kSemidefiniteError = 1e-8;
// A pivot below this share of its variance is zero but for rounding.
constexpr double kSingular = 1e-10;

}  // namespace

Index Unstructured::n_theta() const { return lower_size(n_coef_); }

std::optional<Matrix> Unstructured::factor(const ConstVectorRef& theta) const {
  return triangular_from(theta, n_coef_);
}

std::vector<Matrix> Unstructured::derivatives(const ConstVectorRef&) const {
  std::vector<Matrix> derivatives;
  for (Index r = 0; r < n_coef_; ++r) {
    for (Index c = 0; c <= r; ++c) {
      Matrix unit = Matrix::Zero(n_coef_, n_coef_);
      unit(r, c) = 1.0;
      derivatives.push_back(std::move(unit));
    }
  }
  return derivatives;
}

Vector Unstructured::values(const ConstVectorRef& theta) const {
  const Matrix lambda = triangular_from(theta, n_coef_);
  return lower_of(lambda * lambda.transpose());
}

// dSigma = dLambda Lambda' + Lambda dLambda'
std::optional<Coordinate> Unstructured::coordinate(Index) const {
  if (n_coef_ > 1) return std::nullopt;
  return Coordinate{0, Link::square};
}

Matrix Unstructured::value_jacobian(const ConstVectorRef& theta) const {
  const Matrix lambda = triangular_from(theta, n_coef_);
  const std::vector<Matrix> dlambda = derivatives(theta);
  Matrix jacobian(n_values(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    const Matrix half = dlambda[i] * lambda.transpose();
    jacobian.col(i) = lower_of(half + half.transpose());
  }
  return jacobian;
}

Vector Unstructured::theta_from_values(const ConstVectorRef& values) const {
  const Matrix covariance = symmetric_from(values, n_coef_);
  const Matrix lambda = semidefinite_cholesky(covariance, 1e-12, 0.0);
  const double error = (lambda * lambda.transpose() - covariance).cwiseAbs().maxCoeff();
  if (!(error <= kSemidefiniteError * covariance.cwiseAbs().maxCoeff())) {
    throw InvalidSpec("variance parameters", "a covariance matrix is not positive semidefinite");
  }
  return lower_of(lambda);
}

Vector Unstructured::theta_from_covariance(const Matrix& covariance) const {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(covariance);
  const Vector variances = eigen.eigenvalues().cwiseMax(0.0);
  const Matrix nearest =
      eigen.eigenvectors() * variances.asDiagonal() * eigen.eigenvectors().transpose();
  return lower_of(semidefinite_cholesky(nearest, 1e-14, 0.0));
}

Vector Unstructured::rescaled(const ConstVectorRef& theta, double c) const {
  return std::sqrt(c) * theta;
}

Vector Unstructured::canonical(const ConstVectorRef& theta, double relative,
                               double absolute) const {
  Matrix lambda = triangular_from(theta, n_coef_);
  // Where no direction is near zero only signs are to be chosen, and no digit is lost.
  const Vector pivot = lambda.diagonal().cwiseAbs();
  const Vector least = (relative * lambda.rowwise().norm()).cwiseMax(absolute);
  if ((pivot.array() > least.array()).all()) {
    for (Index c = 0; c < n_coef_; ++c)
      if (lambda(c, c) < 0.0) lambda.col(c) *= -1.0;
    return lower_of(lambda);
  }
  return lower_of(
      semidefinite_cholesky(lambda * lambda.transpose(), relative * relative, absolute * absolute));
}

Vector Unstructured::nudged(const ConstVectorRef& theta, double distance) const {
  Vector moved = theta;
  for (Index c = 0; c < n_coef_; ++c) {
    double& pivot = moved[lower_position(c, c)];
    if (std::abs(pivot) < distance) pivot = std::copysign(distance, pivot);
  }
  return moved;
}

// A zero pivot makes its whole column of Lambda immovable: the derivatives with respect to it
// vanish or are redundant.
std::vector<bool> Unstructured::theta_at_boundary(const ConstVectorRef& theta) const {
  std::vector<bool> at_boundary(static_cast<std::size_t>(n_theta()), false);
  for (Index c = 0; c < n_coef_; ++c) {
    if (theta[lower_position(c, c)] != 0.0) continue;
    for (Index r = c; r < n_coef_; ++r) at_boundary[lower_position(r, c)] = true;
  }
  return at_boundary;
}

// A variance of zero with its covariances; or, where the row is not zero but its pivot is, the
// covariances of that row.
std::vector<bool> Unstructured::value_at_boundary(const ConstVectorRef& theta,
                                                  const Matrix& f) const {
  std::vector<bool> at_boundary(static_cast<std::size_t>(n_values()), false);
  const std::vector<bool> stopped = theta_at_boundary(theta);
  if (std::find(stopped.begin(), stopped.end(), true) == stopped.end()) return at_boundary;
  const Matrix factor = f * triangular_from(theta, n_coef_);
  const Matrix lambda = semidefinite_cholesky(factor * factor.transpose(), kSingular, 0.0);
  for (Index r = 0; r < n_coef_; ++r) {
    if (lambda(r, r) != 0.0) continue;
    const bool zero_variance = lambda.row(r).squaredNorm() == 0.0;
    for (Index c = 0; c < r; ++c) at_boundary[lower_position(r, c)] = true;
    if (!zero_variance) continue;
    for (Index k = r; k < n_coef_; ++k) at_boundary[lower_position(k, r)] = true;
  }
  return at_boundary;
}

Vector Unstructured::completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const {
  const Vector lower = completed_lower(given, defaults, n_coef_);
  const Matrix sigma = symmetric_from(lower, n_coef_);
  if (Eigen::LLT<Matrix>(sigma).info() == Eigen::Success || !given.hasNaN()) return lower;
  return completed_values(given, defaults, n_coef_);
}

}  // namespace henderson::covariance
