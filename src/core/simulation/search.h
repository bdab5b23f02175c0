// SPDX-License-Identifier: GPL-3.0-or-later
// REML without a factor: Newton's method on the score by simulation, with the average information.
//
// With common random numbers the score is a smooth function of the variances; its root is as far
// from the REML estimate as the covariance AI^-1 / n_sets says.
#pragma once

#include "core/simulation/point.h"

namespace henderson::simulation {

struct SearchResult {
  Point point;
  int iterations = 0;          // Newton steps
  int rounds = 0;              // of conjugate gradients, in all
  double expected_gain = 0.0;  // of another step, in -2l
  bool converged = false;
};

// Needs: a model by REML; `start` inside. A step is shortened until no variance changes more than
// fourfold, and where the score has turned on its way. Throws InvalidSpec where the start is
// refused, Interrupted.
SearchResult search(const model::Model& model, const likelihood::Parameters& start,
                    const SimulationOptions& options, Callbacks& callbacks);

}  // namespace henderson::simulation
