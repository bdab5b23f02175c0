// SPDX-License-Identifier: GPL-3.0-or-later
// REML or ML estimates by a Newton method with the average information, in a trust region.
#pragma once

#include <vector>

#include "core/information/derivatives.h"
#include "core/reml/course.h"
#include "core/reml/options.h"

namespace henderson::reml {

// How the search ended. The parameters are those of the highest likelihood met in every case.
enum class Termination {
  converged,        // the gradient is as small as asked for, and no direction of ascent is left
  iteration_limit,  // max_iterations steps were taken
  no_ascent  // not even the smallest step raised the likelihood, and the gradient is not small
};

struct SearchReport {
  Termination termination = Termination::converged;
  std::vector<Iteration> history;
  int evaluations = 0;     // of the likelihood
  double potential = 0.0;  // of -2l that the search still expected to gain
};

struct RemlResult {
  likelihood::Evaluation evaluation;  // at the estimates, with the factor of C
  SearchReport report;
};

// Needs: a start whose covariances are valid. A variance that is best at zero ends as exactly zero.
// Cost per iteration: a factorisation, a selected inverse and a block solve; and one more
// factorisation at the end. Throws InvalidSpec where C is not positive definite at the start,
// Interrupted.
RemlResult maximise(const equations::MixedModelEquations& equations,
                    const likelihood::Parameters& start, const RemlOptions& options,
                    Callbacks& callbacks);

}  // namespace henderson::reml
