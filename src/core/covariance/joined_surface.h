// SPDX-License-Identifier: GPL-3.0-or-later
// The equations of several structures whose theta stand one after the other.
#pragma once

#include <vector>

#include "core/covariance/theta_surface.h"

namespace henderson::covariance {

class JoinedSurface final : public ThetaSurface {
 public:
  // The equations of the next n_theta theta; null: none. The surface must outlive this one.
  void append(const ThetaSurface* surface, Index n_theta);

  Index n_equations() const override { return n_equations_; }
  Vector misses(const ConstVectorRef& theta) const override;
  Matrix gradients(const ConstVectorRef& theta) const override;
  Vector sizes(const ConstVectorRef& theta) const override;
  Matrix curvature_of_equations(const ConstVectorRef& theta,
                                const Vector& multipliers) const override;

 private:
  struct Part {
    const ThetaSurface* surface = nullptr;
    Index first_theta = 0;
    Index n_theta = 0;
    Index first_equation = 0;
    Index n_equations = 0;
  };

  std::vector<Part> parts_;
  Index n_theta_ = 0;
  Index n_equations_ = 0;
};

}  // namespace henderson::covariance
