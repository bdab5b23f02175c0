// SPDX-License-Identifier: GPL-3.0-or-later
// The quadratic forms y'P V_i P y of which the REML score is made:
//
//     d(-2l) / d theta_i = tr(P V_i) - y'P V_i P y,   tr(P V_i) = E y'P V_i P y
//
// The expectation is a mean over drawn data sets (Garcia-Cortes, Moreno, Varona & Altarriba 1992,
// J. Anim. Breed. Genet. 109:358; Matilainen et al. 2012, J. Anim. Breed. Genet. 129:457).
#pragma once

#include "core/likelihood/parameters.h"
#include "core/simulation/drawn_records.h"

namespace henderson::simulation {

// For each parameter of the model (a row) and each vector (a column), relative to sigma^2. Needs:
// the solutions C x = W_s'y of these vectors. Cost: a product with W'W, and a pass over the levels.
Matrix quadratic_forms(const equations::EquationOperator& equations,
                       const likelihood::Parameters& parameters, const RecordVectors& records,
                       const SideBySide& solution);

}  // namespace henderson::simulation
