// SPDX-License-Identifier: GPL-3.0-or-later
// cs: the same correlation between all positions, from -1 / (t - 1) to 1.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class CompoundSymmetry final : public IntervalCorrelation {
 public:
  explicit CompoundSymmetry(Index size);

  Index size() const override { return size_; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  bool has_root() const override { return true; }
  std::optional<Matrix> root(const ConstVectorRef& free) const override;
  Vector start(const Matrix& empirical) const override;

 protected:
  // R is linear in rho.
  std::optional<Matrix> parameter_curvature(const ConstVectorRef&, const Matrix&) const override {
    return Matrix::Zero(1, 1);
  }

 private:
  Index size_;
};

}  // namespace henderson::covariance
