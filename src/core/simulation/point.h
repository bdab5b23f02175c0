// SPDX-License-Identifier: GPL-3.0-or-later
// A model at some variances without a factor of its equations: the solution of its data, the score
// by simulation and the average information, all by conjugate gradients.
#pragma once

#include "core/equations/conjugate_gradients.h"
#include "core/simulation/quadratic_forms.h"

namespace henderson::simulation {

struct SimulationOptions {
  Index n_sets = 8;         // drawn data sets; the Monte Carlo error is SE / sqrt(n_sets)
  std::uint64_t seed = 1;   // of their standard normal numbers
  double tolerance = 1e-5;  // of the search: the gain in -2l that another step is expected to make
  int max_iterations = 30;
  equations::GradientOptions gradients;
};

// Solutions at another point: the iteration begins there.
struct Warmth {
  SideBySide data, drawn;
};

struct Point {
  likelihood::Parameters parameters;
  Vector gradient;       // of -2l, by all parameters of the model
  Matrix information;    // average, of l
  SideBySide solution;   // scaled, of the data
  int rounds = 0;        // of all solves
  double reached = 0.0;  // the worst of them
  bool solved = false;   // all within the tolerance
};

// Nothing where theta is refused. Keeps its solutions in `warmth`. Cost: the solution of the data,
// of n_sets drawn ones in step, and of a vector for each parameter. Throws Interrupted.
std::optional<Point> point_at(const model::Model& model, const equations::Columns& columns,
                              const likelihood::Parameters& parameters,
                              const SimulationOptions& options, Warmth& warmth,
                              Callbacks& callbacks);

// The mean average information of drawn data sets, E y'P V_i P V_j P y / 2 = tr(P V_i P V_j) / 2:
// the expected information of l. As many sets as give it to some thousandths, one of large data and
// at most n_sets. Cost: for each set its solution, and one for each parameter. Throws InvalidSpec
// where theta is refused, Interrupted.
Matrix expected_information(const model::Model& model, const likelihood::Parameters& parameters,
                            const SimulationOptions& options, Callbacks& callbacks);

}  // namespace henderson::simulation
