// SPDX-License-Identifier: GPL-3.0-or-later
// The working variates q_i = V'_i P y of the average information, as combinations of columns of W.
#pragma once

#include "core/likelihood/parameters.h"

namespace henderson::information {

// A solution of the equations of y, in its parts.
struct SolutionParts {
  ConstVectorRef scaled;    // b
  ConstVectorRef unscaled;  // u, and the fixed effects
  ConstVectorRef score;     // W'R^-1(y - W u)
};

// h_i of q_i = W h_i, one column for each theta of a random block; those of the residual are zero,
// but for the last one without a structure, that of q = e = y - W u: h = -u, and the one of y
// itself is understood. Needs: Lambda relative to sigma. Cost: a product with K for each block.
Matrix working_variates(const model::Model& model, const equations::Columns& columns,
                        const equations::Factors& lambda, const likelihood::Parameters& parameters,
                        const SolutionParts& solution);

}  // namespace henderson::information
