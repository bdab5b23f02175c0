// SPDX-License-Identifier: GPL-3.0-or-later
// A start for residuals of subjects whose records are nearly the same number.
#pragma once

#include <optional>

#include "core/model/model.h"

namespace henderson::likelihood {

// The covariance matrix of the positions of a block from what distinguishes the records of a
// subject, where that is less than a ten-thousandth of their variance; else nothing. Least squares
// would not see it: its fixed effects, of subjects with other records missing, differ by more. So
// they are estimated again within subjects, and of the covariances the differences count,
//
//     Sigma = v 11' + W,   W = -H D H / 2,   D_ij = mean of (e_i - e_j)^2,   H = I - 11'/n.
std::optional<Matrix> nearly_dependent_covariance(const model::Model& model,
                                                  const model::ResidualBlock& block);

}  // namespace henderson::likelihood
