// SPDX-License-Identifier: GPL-3.0-or-later
// us: any positive semidefinite Sigma. theta is the lower triangle of Lambda row by row, the values
// that of Sigma. With one coefficient it is a single variance, theta its signed square root.
#pragma once

#include "core/covariance/factor_whitening.h"

namespace henderson::covariance {

class Unstructured : public Structure {
 public:
  explicit Unstructured(Index n_coef) : n_coef_(n_coef) {}

  Index n_coef() const override { return n_coef_; }
  Index n_columns() const override { return n_coef_; }
  Index n_theta() const override;
  Index n_values() const override { return n_theta(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                      bool with_derivative) const override {
    return whitening_by_factor(*this, theta, at, with_derivative);
  }
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Vector completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  Index n_coef_;
};

}  // namespace henderson::covariance
