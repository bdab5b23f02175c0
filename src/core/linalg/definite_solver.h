// SPDX-License-Identifier: GPL-3.0-or-later
// Solutions with a sparse positive definite matrix, by its factor where that is cheap and by
// conjugate gradients to working precision where it is not.
#pragma once

#include <optional>
#include <vector>

#include "core/linalg/cholesky.h"
#include "core/linalg/sparse.h"

namespace henderson::linalg {

// What a factor may cost: beyond that, rounds of the iteration take less than its solves.
struct DefiniteLimits {
  double flops = 1e11;
  Index entries = 40'000'000;
};

class DefiniteSolver {
 public:
  // Of the lower triangle of A. Throws Error where A is not positive definite, Interrupted.
  DefiniteSolver(LowerPattern pattern, std::vector<double> value, const DefiniteLimits& limits,
                 Callbacks& callbacks);

  // What: x := A^-1 x for `width` vectors side by side (side_by_side.h). Throws Error where the
  // iteration does not end.
  void solve(Index width, double* x) const;

  SmallIndex size() const { return pattern_.n; }
  bool has_factor() const { return factor_.has_value(); }
  double bytes() const;

 private:
  void factorize(const DefiniteLimits& limits, Callbacks& callbacks);
  void iterate(Index width, double* x) const;
  void multiply(Index width, const double* x, double* out) const;

  LowerPattern pattern_;
  std::vector<double> value_;
  std::optional<CholeskyFactor> factor_;
};

}  // namespace henderson::linalg
