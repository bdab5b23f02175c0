// SPDX-License-Identifier: GPL-3.0-or-later
// Data sets drawn under a model at its variances, as right-hand sides of its equations.
#pragma once

#include <cstdint>

#include "core/base/normal.h"
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

// Random effects drawn with the covariances of the model, over the columns of W side by side; 0 at
// the fixed effects. Cost: a pass over the factors of K^-1.
SideBySide draw_effects(const equations::EquationOperator& equations, Index n_sets,
                        NormalStream& normal);

// W u + e of such effects, e drawn. Cost: a pass over the records.
RecordVectors records_of(const equations::EquationOperator& equations, const SideBySide& u,
                         NormalStream& normal);

// y = Z u + e, u and e drawn with the covariances of the model and no fixed effects, which REML
// does not see. The same seed gives the same standard normal numbers at all variances: common
// random numbers.
RecordVectors draw_records(const equations::EquationOperator& equations, Index n_sets,
                           std::uint64_t seed);

}  // namespace henderson::simulation
