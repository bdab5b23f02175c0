// SPDX-License-Identifier: GPL-3.0-or-later
// us of which some values are held: theta is the lower triangle of Lambda, as of us, on the surface
// where Lambda Lambda' has the held entries. A held variance keeps a row of Lambda on a sphere, a
// held covariance is linear in one row where the other is given. Singular matrices are on this
// surface like all others, so a correlation may reach 1.
#pragma once

#include "core/covariance/theta_surface.h"
#include "core/covariance/unstructured.h"

namespace henderson::covariance {

class PartlyHeld final : public Unstructured, public ThetaSurface {
 public:
  // held[i]: entry i of the lower triangle keeps values[i]. Throws InvalidSpec where a held
  // variance is not positive.
  PartlyHeld(Index n_coef, std::vector<bool> held, Vector values);

  const ThetaSurface* surface() const override { return this; }
  bool can_be_rescaled() const override { return false; }
  Vector completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;

  Index n_equations() const override { return static_cast<Index>(at_.size()); }
  Vector misses(const ConstVectorRef& theta) const override;
  Matrix gradients(const ConstVectorRef& theta) const override;
  Vector sizes(const ConstVectorRef& theta) const override;
  Matrix curvature_of_equations(const ConstVectorRef& theta,
                                const Vector& multipliers) const override;

 private:
  std::vector<bool> held_;
  Vector held_values_;     // all values; those of free entries are not used
  std::vector<Index> at_;  // the held entries, ascending
};

// A valid Sigma with these values where they are not NaN, as near as can be to that of `defaults`.
// Throws InvalidSpec where there is none.
Vector completed_values(const ConstVectorRef& given, const ConstVectorRef& defaults, Index n_coef);

}  // namespace henderson::covariance
