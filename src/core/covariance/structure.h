// SPDX-License-Identifier: GPL-3.0-or-later
// The covariance matrix of the coefficients of one level: Sigma(theta) = Lambda(theta)
// Lambda(theta)'.
//
// theta are the free parameters, on a scale on which (almost) every value is valid; `values` are
// what a user reads, holds and starts from (variances, covariances, correlations). For a variance:
// theta = standard deviation, value = variance.
#pragma once

#include <optional>
#include <vector>

#include "core/base/types.h"

namespace henderson::covariance {

class Structure {
 public:
  virtual ~Structure() = default;

  virtual Index n_coef() const = 0;     // rows of Lambda
  virtual Index n_columns() const = 0;  // columns of Lambda
  virtual Index n_theta() const = 0;
  virtual Index n_values() const = 0;

  // Lambda, or nothing where theta is not valid (only structures with held parts refuse a theta).
  virtual std::optional<Matrix> factor(const ConstVectorRef& theta) const = 0;

  // dLambda / dtheta_i, one matrix for each parameter. Needs: theta valid.
  virtual std::vector<Matrix> derivatives(const ConstVectorRef& theta) const = 0;

  virtual Vector values(const ConstVectorRef& theta) const = 0;

  // d values / d theta, n_values x n_theta.
  virtual Matrix value_jacobian(const ConstVectorRef& theta) const = 0;

  // The theta with these values. Throws InvalidSpec where no covariance matrix has them.
  virtual Vector theta_from_values(const ConstVectorRef& values) const = 0;

  // The theta whose Sigma is nearest to a positive semidefinite matrix, for starting values.
  virtual Vector theta_from_covariance(const Matrix& covariance) const = 0;

  // The theta whose Sigma is c times as large, c > 0.
  virtual Vector rescaled(const ConstVectorRef& theta, double c) const = 0;

  // The same Sigma in its canonical form: no sign or rotation is left to chance. A direction whose
  // standard deviation is below `absolute`, or below `relative` times that of its coefficient,
  // becomes exactly zero.
  virtual Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const = 0;

  // theta moved off the points where a derivative of Lambda Lambda' vanishes, by no more than
  // `distance`.
  virtual Vector nudged(const ConstVectorRef& theta, double distance) const = 0;

  // For a canonical theta: which parameters cannot move because Sigma is singular.
  virtual std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const = 0;

  // Which values are at a boundary, for the coefficients F u.
  virtual std::vector<bool> value_at_boundary(const ConstVectorRef& theta,
                                              const Matrix& f) const = 0;
};

}  // namespace henderson::covariance
