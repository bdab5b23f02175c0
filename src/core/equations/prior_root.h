// SPDX-License-Identifier: GPL-3.0-or-later
// A square root of the prior of a random term, for a factor of C from rows.
#pragma once

#include "core/linalg/sparse_row.h"
#include "core/linalg/symbolic.h"
#include "core/model/model.h"

namespace henderson::equations {

// Adds the rows of F x I_m, F'F = K^-1, in the columns of C from `first`, those of the block. F has
// entries only where the factor of C, whose pattern `symbolic` is, has them. Cost: n_levels^3 / 3
// where the levels are related.
void add_prior_root(const model::RandomBlock& block, const linalg::SymbolicFactor& symbolic,
                    SmallIndex first, linalg::SparseRows& rows);

}  // namespace henderson::equations
