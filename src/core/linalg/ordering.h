// SPDX-License-Identifier: GPL-3.0-or-later
// Orders of elimination.
#pragma once

#include <vector>

#include "core/linalg/sparse.h"

namespace henderson::linalg {

// What: the approximate minimum degree order of the first n - n_last columns, dense rows last,
// followed by the n_last columns as they are. Gives: order[k] = j means column j of the pattern is
// eliminated as number k. Cost: almost linear in the entries, for most patterns. Source: Amestoy,
// Davis & Duff (1996), SIAM J. Matrix Anal. Appl. 17, in Eigen's implementation.
std::vector<SmallIndex> amd_order(const LowerPattern& pattern, SmallIndex n_last);

}  // namespace henderson::linalg
