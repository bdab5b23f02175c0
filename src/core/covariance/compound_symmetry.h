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
  Vector start(const Matrix& empirical) const override;

 private:
  Index size_;
};

}  // namespace henderson::covariance
