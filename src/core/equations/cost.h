// SPDX-License-Identifier: GPL-3.0-or-later
// What solving the equations of a model will take, from patterns alone.
#pragma once

#include "core/equations/pattern.h"

namespace henderson::equations {

// Bytes and flops, as doubles: a factor may have more of them than an Index counts.
struct FactorCost {
  double entries = 0.0;        // of L
  double bytes = 0.0;          // its panels, its workspace, and the map into it
  double flops = 0.0;          // of the factor
  double inverse_flops = 0.0;  // of the selected inverse
};

// The average information: working variates of all parameters, solved for side by side.
struct InformationCost {
  double bytes = 0.0;
  double flops = 0.0;
};

InformationCost information_cost(const model::Model& model, const FactorCost& factor);

// Of conjugate gradients for one right-hand side.
struct RoundCost {
  double bytes = 0.0;       // vectors and preconditioner
  double flops = 0.0;       // of a round
  double bytes_read = 0.0;  // in a round
};

// W, W'W, K^-1 and the records.
double model_bytes(const model::Model& model);

FactorCost factor_cost(const EquationPattern& pattern, int threads);

RoundCost round_cost(const model::Model& model);

}  // namespace henderson::equations
