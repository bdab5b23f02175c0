// SPDX-License-Identifier: GPL-3.0-or-later
// Data sets drawn under a model at its variances, as right-hand sides of its equations.
#pragma once

#include <cstdint>

#include "core/equations/equation_operator.h"

namespace henderson::simulation {

using equations::SideBySide;

// Right-hand sides side by side, of the response or of drawn ones; those are in units of sigma.
struct RecordVectors {
  SideBySide rhs;          // W'R^-1 y
  Eigen::ArrayXd squares;  // y'R^-1 y
  Matrix whitened;         // y~ of a structured residual, a column for each; else empty
};

// The response of the model.
RecordVectors response_of(const equations::EquationOperator& equations);

// y = Z u + e, u and e drawn with the covariances of the model and no fixed effects, which REML
// does not see. The same seed gives the same standard normal numbers at all variances: common
// random numbers. Cost: a pass over the records and the factors of K^-1.
RecordVectors draw_records(const equations::EquationOperator& equations, Index n_sets,
                           std::uint64_t seed);

}  // namespace henderson::simulation
