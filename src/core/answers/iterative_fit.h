// SPDX-License-Identifier: GPL-3.0-or-later
// Fits without a factor of C: BLUE and BLUP by conjugate gradients, at known variances or at those
// of REML by simulation. Standard errors of effects and the likelihood need a factor and are not
// among what is found.
#pragma once

#include <vector>

#include "core/answers/estimates.h"
#include "core/simulation/search.h"

namespace henderson::answers {

struct IterativeFit {
  Vector values;  // variance parameters, the residual last
  std::vector<ValueStatus> status;
  Matrix value_covariance;  // as in Estimates; NaN without a search
  Matrix monte_carlo;     // covariance of the distance of `values` from those of REML; NaN as above
  Vector beta;            // NaN where a column of X is dependent
  std::vector<Matrix> u;  // n_coef x n_levels for each term
  std::vector<Matrix>
      marker_effects;   // n_coef x effects, standardised, for each term; or no columns
  Vector fitted;        // X beta + Z u
  Vector fitted_fixed;  // X beta
  int rounds = 0;       // of the last solution of the data
  double reached = 0.0;
  bool converged = false;  // the solution, and the search
  int iterations = 0;      // of the search
  int search_rounds = 0;   // of its solves, all together
  double expected_gain = 0.0;
  Index n_equations = 0;
  Index n_in_factor = 0;  // of them in the factor of the preconditioner
};

// Needs: a model that may be made without W'W; where `request` does not hold all values, by REML.
// Throws InvalidSpec where the held values or the start are no covariance, Interrupted.
IterativeFit fit_iteratively(const model::Model& model, const model::VarianceRequest& request,
                             const simulation::SimulationOptions& options, Callbacks& callbacks);

}  // namespace henderson::answers
