// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/ridged.h"

namespace henderson::covariance {

Matrix Ridged::covariance(const ConstVectorRef& theta, const Positions& at) const {
  Matrix sigma = own_->covariance(theta, at);
  for (Index r = 0; r < sigma.rows(); ++r) sigma(r, r) += ridge_[at[r]];
  return sigma;
}

Whitening Ridged::whitening(const ConstVectorRef& theta, const Positions& at,
                            bool with_derivative) const {
  if (!is_valid(theta)) return {};
  return dense_whitening(covariance(theta, at), with_derivative ? covariance_derivatives(theta, at)
                                                                : std::vector<Matrix>());
}

}  // namespace henderson::covariance
