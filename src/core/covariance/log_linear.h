// SPDX-License-Identifier: GPL-3.0-or-later
// loglin: independent positions with log-linear variances, s^2 exp((x_i - c)'g) at the coordinates
// x_i; c are constants of the recipe, so that s^2 is the variance there.
//
// theta: s, then the slopes g in units in which the largest |x_i - c| is one, without those that
// are held. Values: s^2, g. Source: Harvey (1976), Econometrica 44:461.
#pragma once

#include "core/covariance/structure.h"

namespace henderson::covariance {

class LogLinear final : public Structure {
 public:
  // coordinates: a row for each position; centre: one for each of their columns. held[i]: value i
  // keeps values[i]; empty: none is held. Throws InvalidSpec where a held variance is not positive
  // or the sizes differ.
  LogLinear(const Matrix& coordinates, const Vector& centre, const std::vector<bool>& held,
            const Vector& values);

  Index n_coef() const override { return away_.rows(); }
  Index n_columns() const override { return n_coef(); }
  Index n_theta() const override { return static_cast<Index>(free_.size()); }
  Index n_values() const override { return 1 + away_.cols(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  bool is_valid(const ConstVectorRef& theta) const override;
  Matrix factor_pattern() const override { return Matrix::Identity(n_coef(), n_coef()); }
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override;
  Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                      bool with_derivative) const override;
  Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  // No slopes: the variances of positions with few records say little.
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector theta_from_variance(double variance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  // s and all slopes per unit, the held ones among them.
  Vector parameters(const ConstVectorRef& theta) const;
  Vector collect(const Vector& parameters) const;  // theta again
  // exp((x - c)'g / 2) of position p.
  double half(const Vector& parameters, Index p) const;

  Matrix away_;              // x - c in these units
  Vector unit_;              // of each column
  Vector held_;              // parameters; those of free ones are 0
  std::vector<Index> free_;  // free_[i] = k means that theta[i] is parameter k
};

}  // namespace henderson::covariance
