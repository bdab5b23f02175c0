// SPDX-License-Identifier: GPL-3.0-or-later
// matern: Corr = x^nu K_nu(x) 2^(1 - nu) / Gamma(nu), x = distance / range, K_nu the modified
// Bessel function of the second kind. The smoothness nu is a constant or the second parameter.
#pragma once

#include "core/covariance/distance.h"

namespace henderson::covariance {

class Matern final : public IntervalCorrelation {
 public:
  // coordinates: a row for each position. smoothness: empty where it is a parameter.
  Matern(Matrix coordinates, const Vector& smoothness, const Together& together = {});

  Index size() const override { return coordinates_.rows(); }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Value value(const ConstVectorRef& parameters, const Positions& at,
              bool with_derivatives) const override;
  Vector start(const Matrix& empirical) const override;
  bool is_smooth() const override { return true; }
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;

 protected:
  std::optional<Matrix> parameter_curvature(const ConstVectorRef& parameters,
                                            const Matrix& g) const override;

 private:
  double smoothness(const ConstVectorRef& parameters) const;

  Matrix coordinates_;
  Extent extent_;
  Vector smoothness_;
};

}  // namespace henderson::covariance
