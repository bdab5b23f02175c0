// SPDX-License-Identifier: GPL-3.0-or-later
// toep: Corr(i, j) = rho_|i - j|. The parameters are rho_1, ..., rho_(b - 1) for b bands, the
// diagonal counted; later lags are zero.
//
// With all bands the free numbers are the inverse tanh of the partial autocorrelations: by the
// Durbin-Levinson recursion every sequence of them in (-1, 1) is a positive definite R, and every
// such R has one (Barndorff-Nielsen & Schou 1973, J. Multivariate Anal. 3:408). With fewer bands
// they are the correlations themselves, and a matrix that is not definite is refused.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class Toeplitz final : public Correlation {
 public:
  // bands: 0 for all.
  Toeplitz(Index size, Index bands);

  Index size() const override { return size_; }
  Index n_parameters() const override { return n_lags_; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector parameters(const ConstVectorRef& free) const override;
  Matrix jacobian(const ConstVectorRef& free) const override;
  Vector free_from(const ConstVectorRef& parameters) const override;
  bool elementwise() const override { return is_banded(); }
  Vector start(const Matrix& empirical) const override;
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;

 private:
  bool is_banded() const { return n_lags_ < size_ - 1; }

  Index size_;
  Index n_lags_;
};

}  // namespace henderson::covariance
