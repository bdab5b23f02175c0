// SPDX-License-Identifier: GPL-3.0-or-later
// From the values that users see to the theta of a structure.
#pragma once

#include "core/model/slot.h"

namespace henderson::likelihood {

// `values` in the user's units, of a residual with sigma = 1. Singular matrices are singular again,
// whatever digits their values have lost. Throws InvalidSpec where there is no such theta.
Vector theta_of_values(const model::Slot& slot, const ConstVectorRef& values);

}  // namespace henderson::likelihood
