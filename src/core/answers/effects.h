// SPDX-License-Identifier: GPL-3.0-or-later
// Solutions over the columns of W as the effects that a user reads.
#pragma once

#include <vector>

#include "core/model/model.h"

namespace henderson::answers {

// u of each term, n_coef x n_levels, of solutions over the columns of W.
std::vector<Matrix> random_effects(const model::Model& model, const Vector& unscaled);

// The same in units of the response, with the least-squares fit that was taken out of it.
Vector in_user_units(const model::Model& model, const Vector& unscaled);

// All effects in one vector: beta, 0 at dropped columns, then u of each term level by level.
Vector all_effects(const model::Model& model, const Vector& unscaled);

}  // namespace henderson::answers
