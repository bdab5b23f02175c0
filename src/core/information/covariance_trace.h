// SPDX-License-Identifier: GPL-3.0-or-later
// All of d(-2l)/dSigma of a block, where Lambda has fewer columns than coefficients: the score in
// Lambda, 2 G Lambda, leaves the rest of G open. With Z_a the design of coefficient a, one column
// for each level in which a record meets it, and s = Z'Py:
//
//     G_ac = tr(Z_a'P Z_c K) - s_a'K s_c
//
// P Z_c is a block solve with the cells of coefficient c, so it needs no cell that no record meets.
#pragma once

#include "core/likelihood/evaluation.h"

namespace henderson::information {

// Whether the score in Lambda leaves G open, and it is asked for.
bool leaves_open(const model::RandomBlock& block);

// Of a block with so many cells G costs little beside a score.
constexpr Index kFewCells = 1000;

// tr(Z_a'P Z_c K) for all coefficients a and c; for ML with V^-1 in the place of P. Cost: a solve
// for each column of Z. Throws Interrupted.
Matrix covariance_trace(const likelihood::Evaluation& at, const model::RandomBlock& block,
                        Callbacks& callbacks);

// G. Cost: as above.
Matrix covariance_score(const likelihood::Evaluation& at, const model::RandomBlock& block,
                        Callbacks& callbacks);

}  // namespace henderson::information
