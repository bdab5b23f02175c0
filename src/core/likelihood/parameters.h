// SPDX-License-Identifier: GPL-3.0-or-later
// The variance parameters of a model: all theta of its blocks and of a structured residual, then
// log sigma^2, in units of the model. (With a structured residual sigma^2 is a factor of R that
// only an evaluation changes: R = sigma^2 R~.)
#pragma once

#include "core/equations/mme.h"
#include "core/model/model.h"

namespace henderson::likelihood {

class Parameters {
 public:
  Parameters(Vector theta, double log_residual)
      : theta_(std::move(theta)), log_residual_(log_residual) {}

  const Vector& theta() const { return theta_; }
  double log_residual() const { return log_residual_; }
  double residual() const;     // sigma^2
  double residual_sd() const;  // sigma

  ConstVectorRef of(const model::Slot& slot) const { return slot.theta_of(theta_); }

 private:
  Vector theta_;
  double log_residual_;
};

// The parameters that the search may move: positions among the parameters of the model.
std::vector<Index> free_parameters(const model::Model& model);

// Nothing is held and every structure allows it: all variances may be multiplied by one factor.
bool is_scale_free(const model::Model& model);

// Lambda / sigma of every block; nothing where a structure refuses its theta.
std::optional<equations::Factors> relative_factors(const model::Model& model,
                                                   const Parameters& parameters);

// All variances times c.
Parameters rescaled(const model::Model& model, const Parameters& parameters, double c);

// The values that a user reads, those of the residual last, and their derivatives with respect to
// the parameters of the model: [theta, log sigma^2], or theta alone.
Vector user_values(const model::Model& model, const Parameters& parameters);
Matrix user_jacobian(const model::Model& model, const Parameters& parameters);

// The parameters of given values. Throws InvalidSpec where they are not a covariance.
Parameters from_user_values(const model::Model& model, const Vector& values);

}  // namespace henderson::likelihood
