// SPDX-License-Identifier: GPL-3.0-or-later
// C x = b by preconditioned conjugate gradients, for several right-hand sides in step.
//
// Source: Hestenes & Stiefel (1952), J. Res. Nat. Bur. Stand. 49:409; for mixed model equations
// Stranden & Lidauer (1999), J. Dairy Sci. 82:2779.
#pragma once

#include "core/equations/preconditioner.h"

namespace henderson::equations {

struct GradientOptions {
  double tolerance = 1e-8;  // of |b - C x| / |b|, both in the norm of the preconditioner, M^-1
  int max_rounds = 5000;
};

struct GradientResult {
  SideBySide x;
  int rounds = 0;
  double reached = 0.0;  // the same ratio at the end, of what is left of b, not of what is carried
  bool converged = false;
};

// Needs: `start` of the size of b, or empty: zero. Where what is left of b is not within the
// tolerance although the carried residual is, it goes on from there. Cost of a round: a product
// with C, a solve with M, and five passes over the vectors. Throws Interrupted.
GradientResult conjugate_gradients(EquationOperator& equations,
                                   const Preconditioner& preconditioner, const SideBySide& b,
                                   SideBySide start, const GradientOptions& options,
                                   Callbacks& callbacks);

}  // namespace henderson::equations
