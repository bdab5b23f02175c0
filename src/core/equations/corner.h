// SPDX-License-Identifier: GPL-3.0-or-later
// The corner of C that a preconditioner factorises: the fixed effects, and random terms of few
// levels with them, as far as the factor stays cheap.
#pragma once

#include <optional>
#include <vector>

#include "core/equations/equation_operator.h"

namespace henderson::equations {

// What a corner may cost: so is a factor that takes as long as some rounds of the iteration.
struct CornerLimits {
  double share_of_term = 0.1;  // of the equations, for a term that counts as small
  SmallIndex columns_of_term = 5'000;
  Index precision_entries = 2'000'000;  // of K^-1 of a term
  double flops = 2e10;
  Index entries = 50'000'000;
};

struct Corner {
  std::vector<bool> has_block;      // of each random block: its levels are in the corner
  bool has_fixed = false;           // and so are the columns without a prior
  std::vector<SmallIndex> columns;  // of C, ascending
  std::optional<linalg::CholeskyFactor> factor;
};

// The largest of these that is within the limits: fixed effects and small terms, fixed effects
// alone, nothing. Cost: one pass over the records for each, and the factor. Throws Interrupted.
Corner make_corner(const EquationOperator& equations, Callbacks& callbacks,
                   const CornerLimits& limits = {});

}  // namespace henderson::equations
