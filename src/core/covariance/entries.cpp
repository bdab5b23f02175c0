// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/entries.h"

#include <Eigen/Cholesky>
#include <algorithm>

#include "core/base/error.h"
#include "core/covariance/among.h"
#include "core/covariance/completion.h"
#include "core/covariance/lower.h"
#include "core/covariance/partly_held.h"

namespace henderson::covariance {

Entries::Entries(Index n_coef, std::vector<bool> held, Vector values)
    : n_coef_(n_coef), held_values_(std::move(values)) {
  for (Index k = 0; k < lower_size(n_coef); ++k) {
    if (held.empty() || !held[static_cast<std::size_t>(k)]) free_.push_back(k);
  }
  for (Index r = 0; r < n_coef && !held.empty(); ++r) {
    const Index k = lower_position(r, r);
    if (held[static_cast<std::size_t>(k)] && !(held_values_[k] > 0.0)) {
      throw InvalidSpec("hold", "a variance of a term that is otherwise free must be held above 0");
    }
  }
}

Vector Entries::values(const ConstVectorRef& theta) const {
  Vector values = held_values_;
  for (Index i = 0; i < n_theta(); ++i) values[free_[i]] = theta[i];
  return values;
}

std::optional<Matrix> Entries::factor(const ConstVectorRef& theta) const {
  const Matrix covariance = symmetric_from(values(theta), n_coef_);
  const Vector diagonal = covariance.diagonal();
  if (!(diagonal.minCoeff() > 0.0)) return std::nullopt;
  const Eigen::LLT<Matrix> llt(covariance);
  if (llt.info() != Eigen::Success) return std::nullopt;
  return Matrix(llt.matrixL());
}

// Sigma' = Lambda' Lambda^T + its transpose gives Lambda' = Lambda Phi(Lambda^-1 Sigma' Lambda^-T),
// Phi = lower triangle with half the diagonal.
std::vector<Matrix> Entries::derivatives(const ConstVectorRef& theta) const {
  const Matrix lambda = factor(theta).value();
  const auto triangle = lambda.triangularView<Eigen::Lower>();
  std::vector<Matrix> derivatives;
  for (const Index k : free_) {
    const Matrix dcovariance = symmetric_from(Vector::Unit(held_values_.size(), k), n_coef_);
    const Matrix left = triangle.solve(dcovariance);
    Matrix phi = triangle.solve(left.transpose());
    phi.diagonal() *= 0.5;
    const Matrix lower = phi.triangularView<Eigen::Lower>();
    derivatives.push_back(lambda * lower);
  }
  return derivatives;
}

Matrix Entries::covariance(const ConstVectorRef& theta, const Positions& at) const {
  return among(symmetric_from(values(theta), n_coef_), at);
}

std::vector<Matrix> Entries::covariance_derivatives(const ConstVectorRef&,
                                                    const Positions& at) const {
  std::vector<Matrix> found;
  for (const Index k : free_)
    found.push_back(among(symmetric_from(Vector::Unit(held_values_.size(), k), n_coef_), at));
  return found;
}

Matrix Entries::curvature(const ConstVectorRef&, const Matrix&) const {
  return Matrix::Zero(n_theta(), n_theta());
}

std::optional<Coordinate> Entries::coordinate(Index value) const {
  const auto at = std::find(free_.begin(), free_.end(), value);
  if (at == free_.end()) return std::nullopt;
  return Coordinate{at - free_.begin(), Link::identity};
}

Matrix Entries::value_jacobian(const ConstVectorRef&) const {
  Matrix jacobian = Matrix::Zero(n_values(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) jacobian(free_[i], i) = 1.0;
  return jacobian;
}

Vector Entries::theta_from_values(const ConstVectorRef& values) const {
  Vector theta(n_theta());
  for (Index i = 0; i < n_theta(); ++i) theta[i] = values[free_[i]];
  if (!factor(theta)) {
    throw InvalidSpec("variance parameters",
                      "held and starting values do not form a positive definite matrix");
  }
  return theta;
}

Vector Entries::theta_from_covariance(const Matrix& covariance) const {
  std::vector<bool> held(static_cast<std::size_t>(n_values()), true);
  for (const Index k : free_) held[static_cast<std::size_t>(k)] = false;
  const std::optional<Matrix> found = completion(held, held_values_, covariance);
  Vector theta(n_theta());
  if (found) {
    const Vector values = lower_of(*found);
    for (Index i = 0; i < n_theta(); ++i) theta[i] = values[free_[i]];
  }
  if (!found || !factor(theta)) {
    throw InvalidSpec("hold", "no positive definite covariance matrix has the held values");
  }
  return theta;
}

// With a value held there is no such Sigma.
Vector Entries::rescaled(const ConstVectorRef& theta, double c) const {
  if (n_theta() < n_values()) return theta;
  return c * theta;
}

Vector Entries::canonical(const ConstVectorRef& theta, double, double) const { return theta; }

Vector Entries::nudged(const ConstVectorRef& theta, double) const { return theta; }

std::vector<bool> Entries::theta_at_boundary(const ConstVectorRef&) const {
  return std::vector<bool>(static_cast<std::size_t>(n_theta()), false);
}

std::vector<bool> Entries::value_at_boundary(const ConstVectorRef&, const Matrix&) const {
  return std::vector<bool>(static_cast<std::size_t>(n_values()), false);
}

Vector Entries::completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const {
  return completed_values(given, defaults, n_coef_);
}

}  // namespace henderson::covariance
