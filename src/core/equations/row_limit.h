// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model.h"

namespace henderson::equations {

// Whether equations that have lost digits are factorised from their rows: they are small enough.
bool takes_rows(const model::Model& model);

}  // namespace henderson::equations
