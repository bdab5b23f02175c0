// SPDX-License-Identifier: GPL-3.0-or-later
// C as A'A: what the cross-products of the records have lost to rounding, A still has.
#pragma once

#include "core/equations/factor_solver.h"
#include "core/equations/records.h"
#include "core/linalg/sparse_row.h"

namespace henderson::equations {

// The rows R^-1/2 W_s of the records, W_s = [Z Lambda, M, X~], and below them those of B^1/2, in
// the columns of the matrix that `symbolic` is the pattern of: the first ones of C. Cost: the
// entries of A, and that of add_prior_root().
linalg::SparseRows square_root(const model::Model& model, const Columns& columns,
                               const linalg::SymbolicFactor& symbolic, const Factors& lambda,
                               const Records& records);

}  // namespace henderson::equations
