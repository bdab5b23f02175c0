// SPDX-License-Identifier: GPL-3.0-or-later
// toep: Corr(i, j) = rho_|i - j|. The parameters are rho_1, ..., rho_(b - 1) for b bands, the
// diagonal counted; later lags are zero.
//
// With all bands the free numbers are the inverse tanh of the partial autocorrelations: by the
// Durbin-Levinson recursion every sequence of them in (-1, 1) is a positive definite R, and every
// such R has one (Barndorff-Nielsen & Schou 1973, J. Multivariate Anal. 3:408). With fewer bands
// R = I + M(rho) is definite where the smallest eigenvalue of M, which is linear in rho, is above
// -1. Of free numbers x it is -r, their reach, and rho = x tanh(r) / r.
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
  bool is_inside(const ConstVectorRef& free) const override;
  bool elementwise() const override { return is_banded() && n_lags_ == 1; }
  bool has_root() const override { return !is_banded(); }
  std::optional<Matrix> root(const ConstVectorRef& free) const override;
  Vector start(const Matrix& empirical) const override;
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;

 private:
  struct Reach {
    double value = 0.0;
    Vector slope;
  };

  bool is_banded() const { return n_lags_ < size_ - 1; }
  Reach reach(const ConstVectorRef& rho) const;
  Vector banded_free_from(const ConstVectorRef& rho) const;

  Index size_;
  Index n_lags_;
};

}  // namespace henderson::covariance
