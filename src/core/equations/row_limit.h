// SPDX-License-Identifier: GPL-3.0-or-later
// Which equations that have lost digits are factorised from their rows, A with A'A = C.
#pragma once

#include "core/model/model.h"

namespace henderson::equations {

// What that may cost.
inline constexpr double kMostRowFlops = 3e7;

// Those that are small enough, whatever the pattern of C.
bool takes_rows(const model::Model& model);

// Those of which it depends on that pattern: A itself is small enough.
bool may_have_rows(const model::Model& model);

}  // namespace henderson::equations
