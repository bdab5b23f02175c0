// SPDX-License-Identifier: GPL-3.0-or-later
// What the fixed effects lose with a group of records, the variances kept. With A = R_S^-1/2 W_S,
// C_(S) = C - A'A and e = R_S^-1/2 (y_S - W_S b), or what structured_records.h makes of them,
//
//     b - b_(S) = C_(S)^-1 A'e = C^-1 A'(I - H'H)^-1 e,   H = L^-1 P A'.
//
// Haslett (1999), JRSS B 61: it is exact, and nothing is fitted again.
#pragma once

#include <vector>

#include "core/likelihood/evaluation.h"

namespace henderson::answers {

// A column for each group, group[r] being that of record r, over all columns of X: NaN where they
// were dropped, and in groups without which a fixed effect cannot be estimated. Cost: a forward
// solve for each column of W, within what it reaches, and for each group n^2 (n + length of the
// paths), n the lesser of its records and of the columns that they meet.
Matrix deletion_changes(const likelihood::Evaluation& at, const std::vector<SmallIndex>& group,
                        SmallIndex n_groups, Callbacks& callbacks);

// Cook's distance of each group: (b - b_(S))'Var(b)^-1 (b - b_(S)) over the rank of X. Cost: as
// above.
Vector deletion_distances(const likelihood::Evaluation& at, const std::vector<SmallIndex>& group,
                          SmallIndex n_groups, Callbacks& callbacks);

}  // namespace henderson::answers
