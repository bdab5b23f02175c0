// SPDX-License-Identifier: GPL-3.0-or-later
// An easy neighbour of C: the factor of its corner (corner.h), and of the other levels the diagonal
// blocks Lambda'M_ll Lambda + k^ll I, over the coefficients of each level. Effects of markers have
// one of their own (marker_preconditioner.h).
#pragma once

#include "core/equations/corner.h"
#include "core/equations/marker_preconditioner.h"

namespace henderson::equations {

class Preconditioner {
 public:
  // Needs: C positive definite. Cost: a pass over the records, (coefficients)^3 for each level, and
  // the factor of the corner. Throws Interrupted.
  Preconditioner(const EquationOperator& equations, Callbacks& callbacks,
                 const CornerLimits& limits = {});

  // z = M^-1 r. Cost: (coefficients)^2 for each level, and a solve with the factor.
  void solve(const SideBySide& r, SideBySide& z) const;

  Index n_in_factor() const { return static_cast<Index>(corner_.columns.size()); }

 private:
  // The inverses of the diagonal blocks of levels that follow each other in C.
  struct LevelBlocks {
    Index first_column = 0;
    Index size = 0;
    std::vector<double> inverse;  // size x size for each level
  };

  Corner corner_;
  std::vector<LevelBlocks> blocks_;
  std::vector<MarkerPreconditioner> markers_;
};

}  // namespace henderson::equations
