// SPDX-License-Identifier: GPL-3.0-or-later
// arma11: Corr(i, j) = gamma rho^(|i - j| - 1), the process ARMA(1, 1): -1 < rho < 1 and
// (rho - 1) / 2 < gamma < (rho + 1) / 2. The second free number says where in that interval gamma
// is.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class Arma final : public Correlation {
 public:
  explicit Arma(Index size) : size_(size) {}

  Index size() const override { return size_; }
  Index n_parameters() const override { return 2; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector parameters(const ConstVectorRef& free) const override;
  Matrix jacobian(const ConstVectorRef& free) const override;
  Vector free_from(const ConstVectorRef& parameters) const override;
  bool elementwise() const override { return false; }
  Vector start(const Matrix& empirical) const override;
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;

 private:
  Index size_;
};

}  // namespace henderson::covariance
