// SPDX-License-Identifier: GPL-3.0-or-later
// What a search for the estimates found, and how it ended.
#pragma once

#include <optional>
#include <vector>

#include "core/information/derivatives.h"
#include "core/reml/course.h"
#include "core/reml/options.h"

namespace henderson::reml {

// How a search ended. The parameters are those of the highest likelihood met in every case.
enum class Termination {
  converged,        // the gradient is as small as asked for, and no direction of ascent is left
  iteration_limit,  // max_iterations steps were taken
  no_ascent  // not even the smallest step raised the likelihood, and the gradient is not small
};

struct SearchReport {
  Termination termination = Termination::converged;
  std::vector<Iteration> history;
  int evaluations = 0;       // of the likelihood
  double potential = 0.0;    // of -2l that the search still expected to gain
  bool passed_wall = false;  // the residual variance came below the wall (ResidualWall)
};

struct RemlResult {
  likelihood::Evaluation evaluation;  // at the estimates, with the factor of C
  SearchReport report;
};

}  // namespace henderson::reml
