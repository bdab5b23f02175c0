// SPDX-License-Identifier: GPL-3.0-or-later
// Products with the numerator relationship matrix, which is never formed.
#pragma once

#include "core/base/callbacks.h"
#include "core/pedigree/pedigree.h"

namespace henderson::pedigree {

// What: x := A x = T D T' x, column by column. Groups without gamma are fixed: their rows of the
// result are zero. Needs: one row of x for each row of the pedigree. Cost: linear in the entries of
// x; columns shared among threads. Source: Colleau (2002), Genet. Sel. Evol. 34:409.
void multiply(const Pedigree& pedigree, const Vector& mendelian_variances, int threads,
              MatrixRef x);

// What: the relationships of some rows with each other. Needs: rows in range. Cost: rows times the
// size of the pedigree, so prune it first.
Matrix relationships(const Pedigree& pedigree, const Vector& mendelian_variances,
                     const std::vector<SmallIndex>& rows, int threads, Callbacks& callbacks);

// What: the share of each group in each row: Q of Quaas & Pollak, size() x n_groups.
Matrix group_shares(const Pedigree& pedigree);

}  // namespace henderson::pedigree
