// SPDX-License-Identifier: GPL-3.0-or-later
// Prediction errors of terms of which the seen cells alone have equations (model/seen_cells.h), of
// all their cells.
#pragma once

#include "core/answers/effect_functions.h"

namespace henderson::answers {

// Which terms are such.
std::vector<bool> terms_by_cells(const model::Model& model);

// Var(u^ - u) of every level of one: n_coef x (n_coef n_levels). Cost: half a solve for each cell,
// and K of its levels. Throws Interrupted.
Matrix cell_errors(const likelihood::Evaluation& at, const EffectFunctions& functions,
                   SmallIndex term, Callbacks& callbacks);

// Their variances alone, n_coef x n_levels, of each such term; of size 0 of others. Where many
// effects stand at the top of the factor they have its inverse (linalg/top_inverse.h), and a cell
// the square of the number of effects that records of its environment meet.
std::vector<Matrix> cell_variances(const likelihood::Evaluation& at, Callbacks& callbacks);

}  // namespace henderson::answers
