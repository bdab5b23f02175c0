// SPDX-License-Identifier: GPL-3.0-or-later
// Where the search begins.
#pragma once

#include "core/likelihood/parameters.h"

namespace henderson::likelihood {

// The given values where there are any, else values from the data: half of the variance of the
// least-squares residual is residual, the other half is shared by the coefficients of all terms.
// Throws InvalidSpec where the given values are not a covariance.
Parameters starting_parameters(const model::Model& model, const model::VarianceRequest& request);

}  // namespace henderson::likelihood
