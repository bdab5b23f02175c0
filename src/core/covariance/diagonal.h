// SPDX-License-Identifier: GPL-3.0-or-later
// diag as one structure, for residuals: theta are the standard deviations that are not held, the
// values all variances. (As a random term diag is a block for each coefficient.)
#pragma once

#include "core/covariance/structure.h"

namespace henderson::covariance {

class Diagonal final : public Structure {
 public:
  // held[i]: variance i keeps values[i]. Empty: none is held. Throws InvalidSpec where a held
  // variance is not positive.
  Diagonal(Index n_coef, const std::vector<bool>& held, const Vector& values);

  Index n_coef() const override { return held_values_.size(); }
  Index n_columns() const override { return n_coef(); }
  Index n_theta() const override { return static_cast<Index>(free_.size()); }
  Index n_values() const override { return n_coef(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  Matrix factor_pattern() const override { return Matrix::Identity(n_coef(), n_coef()); }
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  Vector held_values_;       // all variances; those of free ones are not used
  std::vector<Index> free_;  // free_[i] = k means that theta[i] is the standard deviation of k
};

}  // namespace henderson::covariance
