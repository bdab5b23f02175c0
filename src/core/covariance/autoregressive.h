// SPDX-License-Identifier: GPL-3.0-or-later
// ar1: Corr(i, j) = rho^|i - j|, -1 < rho < 1.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class Autoregressive final : public IntervalCorrelation {
 public:
  explicit Autoregressive(Index size);

  Index size() const override { return size_; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector start(const Matrix& empirical) const override;
  bool has_sparse_whitening() const override { return true; }
  Whitening whitening(const ConstVectorRef& free, const Positions& at) const override;
  bool has_root() const override { return true; }
  std::optional<Matrix> root(const ConstVectorRef& free) const override;

 private:
  Index size_;
};

}  // namespace henderson::covariance
