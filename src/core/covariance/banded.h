// SPDX-License-Identifier: GPL-3.0-or-later
// chol(k): Sigma = Lambda Lambda' with a lower triangular Lambda that is zero more than k below the
// diagonal; so is Sigma, and every such Sigma has such a Lambda. theta are the entries of Lambda
// there, row by row, the values those of Sigma.
//
// It is us without the other entries; with held values us with the other entries held at 0.
#pragma once

#include <memory>

#include "core/covariance/structure.h"

namespace henderson::covariance {

class Banded final : public Structure {
 public:
  // held: of the values of chol. Empty: none. natural: every free value is a coordinate. Throws
  // InvalidSpec where k is not between 1 and n_coef - 1.
  Banded(Index n_coef, Index k, const std::vector<bool>& held, const Vector& values, bool natural);

  Index n_coef() const override { return whole_->n_coef(); }
  Index n_columns() const override { return whole_->n_columns(); }
  Index n_theta() const override { return static_cast<Index>(theta_at_.size()); }
  Index n_values() const override { return static_cast<Index>(values_at_.size()); }
  const ThetaSurface* surface() const override { return whole_->surface(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  bool is_valid(const ConstVectorRef& theta) const override;
  Matrix factor_pattern() const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override;
  Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                      bool with_derivative) const override;
  Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const override;
  Vector values(const ConstVectorRef& theta) const override;
  Vector completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  bool can_be_rescaled() const override { return whole_->can_be_rescaled(); }
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  // theta and values of the whole triangle, the others zero; and back.
  Vector whole_theta(const ConstVectorRef& theta) const;
  Vector own_theta(const Vector& whole) const;
  Vector whole_values(const ConstVectorRef& values) const;
  Vector own_values(const Vector& whole) const;

  std::unique_ptr<const Structure> whole_;
  std::vector<Index> values_at_;  // values_at_[i] = p: value i is entry p of the lower triangle
  std::vector<Index> theta_at_;   // theta_at_[i] = p: theta[i] is theta p of the whole
  bool is_free_ = true;
};

}  // namespace henderson::covariance
