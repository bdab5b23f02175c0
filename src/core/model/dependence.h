// SPDX-License-Identifier: GPL-3.0-or-later
// Which columns of X depend on others, found by the pivots of a sparse factor of X~'X~.
#pragma once

#include <vector>

#include "core/model/fixed_basis.h"

namespace henderson::model {

// Original numbers of the columns to drop. The pivots of the sparse factor give a basis of the null
// space of X~ in whatever order the factor was made; column c of X depends on the columns before it
// exactly where some null vector has its last nonzero at c, so the null vectors are brought to
// echelon form from the last column on. `length` has the lengths of the original columns. Cost: the
// factor, one solve for each dependent column, and rank x (dependent columns)^2.
std::vector<SmallIndex> dependent_columns(const FixedBasis& basis, const Vector& weights,
                                          const Vector& length, Callbacks& callbacks);

}  // namespace henderson::model
