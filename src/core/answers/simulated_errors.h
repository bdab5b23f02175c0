// SPDX-License-Identifier: GPL-3.0-or-later
// Prediction error variances without a factor: data sets are drawn under the model and solved, and
// what is known of each of them is its u.
//
// Source: Garcia-Cortes, Moreno, Varona & Altarriba (1995), J. Anim. Breed. Genet. 112:176; Hickey,
// Veerkamp, Calus, Mulder & Thompson (2009), Genet. Sel. Evol. 41:23.
#pragma once

#include <vector>

#include "core/simulation/point.h"

namespace henderson::answers {

// Means over the drawn data sets, n_coef x n_levels for each term, in units of the user. A BLUP and
// its error are independent, so these are two independent sources: their expectations are PEV and
// Var(u) - PEV.
struct SimulatedErrors {
  std::vector<Matrix> error_squares;       // of u_hat - u
  std::vector<Matrix> prediction_squares;  // of u_hat
  int rounds = 0;                          // of all solves
  double reached = 0.0;                    // the worst of them
};

// At known variances. Cost: the solution of `n_sets` data sets, some at a time. Throws InvalidSpec
// where the values are no covariance, Interrupted.
SimulatedErrors simulate_errors(const model::Model& model, const Vector& values,
                                const simulation::SimulationOptions& options, Callbacks& callbacks);

}  // namespace henderson::answers
