// SPDX-License-Identifier: GPL-3.0-or-later
// Where the fixed effects stand in the equations of a model.
#pragma once

#include "core/equations/mme.h"

namespace henderson::likelihood {

// Few of them go last, where their dense corner costs nothing. More of them stand where the
// ordering wants them, and ML, which needs log|C_vv| too, has a factor of C_vv of its own.
equations::FixedPlace fixed_place(const model::Model& model);

}  // namespace henderson::likelihood
