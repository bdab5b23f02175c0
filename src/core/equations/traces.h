// SPDX-License-Identifier: GPL-3.0-or-later
// The traces of the score, from entries of D = C^-1 on the pattern of C.
#pragma once

#include <vector>

#include "core/equations/mme.h"

namespace henderson::equations {

struct Traces {
  // For every block, the sum over its levels i of D_i. W_s'Z_i, n_columns x n_coef: with Lambda'
  // its derivative, the trace of D W_s'Z(Lambda' x I) is the sum of the entrywise product of its
  // transpose and Lambda'. (W_s'Z: with weights.)
  std::vector<Matrix> of_block;
  // tr(D W_s'W_s)
  double of_records = 0.0;
};

// Needs: an inverse on this pattern, of C or of C_vv at this Lambda; the factor of `at` may have
// been used up for it. For ML, D is the inverse of C_vv, its other entries 0. Cost: one pass over
// the blocks of W'W.
Traces make_traces(const Solved& at, const EquationPattern& pattern,
                   const linalg::SelectedInverse& inverse);

// Lambda_i D_ij Lambda_j' for every block of W'W, laid out as its values: D in the columns of W, at
// least where a record has both.
std::vector<double> unscaled_inverse(const Solved& at, const EquationPattern& pattern,
                                     const linalg::SelectedInverse& inverse);

}  // namespace henderson::equations
