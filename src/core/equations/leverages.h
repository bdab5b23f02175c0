// SPDX-License-Identifier: GPL-3.0-or-later
// How much of each record the equations take up.
#pragma once

#include "core/equations/mme.h"

namespace henderson::equations {

// w_i'C^- w_i for the row w_i of W of every record, with C of W in the place of W_s: the effects of
// two columns that a record has share a block of W'W, so the selected inverse has all of it. Times
// the weight of the record it is d fitted_i / d y_i, and diag(P) = (1 - that) weight / sigma^2.
// Needs: residuals without a structure; Lambda relative to sigma, and the factor made from it.
// Cost: the selected inverse, and the squared entries of each row. The storage of the factor goes
// back to the equations. Throws Interrupted.
Vector record_leverages(MixedModelEquations& equations, const Factors& lambda,
                        linalg::CholeskyFactor&& factor, Callbacks& callbacks);

}  // namespace henderson::equations
