// SPDX-License-Identifier: GPL-3.0-or-later
// Solutions over the columns of W as the effects that a user reads.
#pragma once

#include <vector>

#include "core/likelihood/evaluation.h"

namespace henderson::answers {

// u of each term, n_coef x n_levels, of solutions over the columns of W.
std::vector<Matrix> random_effects(const model::Model& model, const Vector& unscaled);

// Effects of the markers of each term, n_coef x effects, where its levels are an operator
// (pedigree/single_step.h); else without columns.
std::vector<Matrix> marker_effects(const model::Model& model, const Vector& unscaled);

// u from the columns of C, cells that no record meets among them.
std::vector<Matrix> random_effects(const likelihood::Evaluation& at);

// Solutions over the columns of W in units of the response, with the least-squares fit that was
// taken out of it.
Vector in_user_units(const model::Model& model, const Vector& unscaled);

// All effects in one vector: beta, 0 at dropped columns, then u of each term level by level.
Vector all_effects(const model::Model& model, const Vector& unscaled);

}  // namespace henderson::answers
