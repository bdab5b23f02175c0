// SPDX-License-Identifier: GPL-3.0-or-later
// The part of Scaled that serves residuals.
#include "core/covariance/factor_whitening.h"
#include "core/covariance/scaled.h"

namespace henderson::covariance {

// A sparse T tells by itself whether R is definite.
bool Scaled::is_valid(const ConstVectorRef& theta) const {
  if (!has_sparse_whitening() || natural_) return factor(theta).has_value();
  return theta.allFinite();
}

// T_Sigma = T_R diag(1 / s). Only R among these positions needs a factor: all subjects together may
// have thousands.
Whitening Scaled::whitening(const ConstVectorRef& theta, const Positions& at,
                            bool with_derivative) const {
  const bool sparse = has_sparse_whitening();
  if (!sparse && (natural_ || !correlation_->is_always_definite())) {
    if (natural_ || !correlation_->has_root())
      return Structure::whitening(theta, at, with_derivative);
    return whitening_by_factor(*this, theta, at, with_derivative);
  }
  const Parts here = parts(theta);
  const Vector sd = sd_at(here.sd, at);
  if (!theta.allFinite() || !(sd.minCoeff() > 0.0)) return {};
  const Whitening of_r = sparse ? correlation_->whitening(here.numbers, at)
                                : whitening_of_r(here.numbers, at, with_derivative);
  Whitening made = of_r;
  for (Index k = 0; k < made.value.size(); ++k) made.value[k] /= sd[made.column[k]];
  made.derivative.resize(0, 0);
  if (with_derivative && made.size() > 0) {
    made.derivative = derivative_of_whitening(here, of_r, made, at);
  }
  return made;
}

Whitening Scaled::whitening_of_r(const Vector& numbers, const Positions& at,
                                 bool with_derivative) const {
  const Correlation::Value r = correlation_at(parameters(numbers), at, with_derivative);
  Whitening found = dense_whitening(r.matrix, r.derivatives);
  if (!has_lost_digits(found, r.matrix.diagonal())) return found;
  const std::optional<Matrix> root = correlation_->root(numbers);
  return root ? whitening_of_factor(rows_at(*root, at), r.derivatives) : found;
}

Matrix Scaled::derivative_of_whitening(const Parts& here, const Whitening& of_r,
                                       const Whitening& made, const Positions& at) const {
  const Vector sd = sd_at(here.sd, at);
  Matrix of_numbers = of_r.derivative;
  if (!natural_ && of_numbers.cols() > 0) {
    of_numbers = of_r.derivative * correlation_->jacobian(here.numbers);
  }
  Matrix derivative = Matrix::Zero(made.value.size(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    const Index k = free_[i];
    for (Index entry = 0; entry < made.value.size(); ++entry) {
      const SmallIndex column = made.column[entry];
      if (k >= n_sd_) {
        derivative(entry, i) = of_numbers(entry, k - n_sd_) / sd[column];
      } else if (n_sd_ == 1 || at[column] == k) {
        derivative(entry, i) = -made.value[entry] / here.sd[k];
      }
    }
  }
  return derivative;
}

}  // namespace henderson::covariance
