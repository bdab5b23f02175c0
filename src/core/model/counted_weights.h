// SPDX-License-Identifier: GPL-3.0-or-later
// Weights as they count in units and starting values: a record that is known all but exactly says
// nothing of the scale of the others.
#pragma once

#include "core/base/types.h"

namespace henderson::model {

// None above a thousand times the median. Empty: all are one. Cost: linear.
Vector counted_weights(const Vector& weights);

}  // namespace henderson::model
