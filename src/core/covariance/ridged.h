// SPDX-License-Identifier: GPL-3.0-or-later
// A structure of residuals with a little added to the variances of some positions, so that its own
// Sigma may be singular beside random terms that keep V definite.
//
// R^-1 then exists, and so do the equations. What is added is no parameter: theta and values are
// those of the structure, which has its boundaries where Sigma itself is singular.
#pragma once

#include <memory>

#include "core/covariance/structure.h"

namespace henderson::covariance {

class Ridged final : public Structure {
 public:
  // ridge: what each position gets, not negative.
  Ridged(std::unique_ptr<const Structure> own, Vector ridge)
      : own_(std::move(own)), ridge_(std::move(ridge)) {}

  // Sigma with the ridge, dense as it then is.
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                      bool with_derivative) const override;
  bool needs_all_positions() const override { return false; }
  bool can_be_rescaled() const override { return false; }

  Index n_coef() const override { return own_->n_coef(); }
  Index n_columns() const override { return own_->n_columns(); }
  Index n_theta() const override { return own_->n_theta(); }
  Index n_values() const override { return own_->n_values(); }
  const ThetaSurface* surface() const override { return own_->surface(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override {
    return own_->factor(theta);
  }
  bool is_valid(const ConstVectorRef& theta) const override { return own_->is_valid(theta); }
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override {
    return own_->derivatives(theta);
  }
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override {
    return own_->covariance_derivatives(theta, at);
  }
  Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const override {
    return own_->curvature(theta, g);
  }
  Vector values(const ConstVectorRef& theta) const override { return own_->values(theta); }
  Vector completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const override {
    return own_->completed(given, defaults);
  }
  std::optional<Coordinate> coordinate(Index value) const override {
    return own_->coordinate(value);
  }
  Matrix value_jacobian(const ConstVectorRef& theta) const override {
    return own_->value_jacobian(theta);
  }
  Vector theta_from_values(const ConstVectorRef& values) const override {
    return own_->theta_from_values(values);
  }
  Vector theta_from_covariance(const Matrix& covariance) const override {
    return own_->theta_from_covariance(covariance);
  }
  Vector theta_from_variance(double variance) const override {
    return own_->theta_from_variance(variance);
  }
  Vector rescaled(const ConstVectorRef& theta, double c) const override {
    return own_->rescaled(theta, c);
  }
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override {
    return own_->canonical(theta, relative, absolute);
  }
  Vector nudged(const ConstVectorRef& theta, double distance) const override {
    return own_->nudged(theta, distance);
  }
  std::vector<bool> has_kink() const override { return own_->has_kink(); }
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override {
    return own_->theta_at_boundary(theta);
  }
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override {
    return own_->value_at_boundary(theta, f);
  }

 private:
  std::unique_ptr<const Structure> own_;
  Vector ridge_;
};

}  // namespace henderson::covariance
