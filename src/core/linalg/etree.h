// SPDX-License-Identifier: GPL-3.0-or-later
// The elimination tree and the column counts of L.
#pragma once

#include <vector>

#include "core/linalg/sparse.h"

namespace henderson::linalg {

// What: the elimination tree. Gives: parent[j] = i means i is the first row below the diagonal in
// column j of L, kNone at a root. Example: entries (2,0), (2,1), (3,2): parent = {2, 2, 3, kNone}.
// Cost: almost O(entries). Source: Liu (1990), SIAM J. Matrix Anal. Appl. 11, algorithm 4.2 with
// path compression.
std::vector<SmallIndex> elimination_tree(const LowerPattern& pattern);

// What: a postorder of a forest in which the children of a node come by increasing weight, so that
// the heaviest child is numbered just before its parent. Gives: order[k] = j means node j is number
// k. Cost: O(n log n) at most.
std::vector<SmallIndex> postorder(const std::vector<SmallIndex>& parent,
                                  const std::vector<SmallIndex>& weight);

// What: counts[j] = number of entries in column j of L, diagonal included. Needs: `order`, any
// postorder of the tree. Cost: almost O(entries). Source: Gilbert, Ng & Peyton (1994), SIAM J.
// Matrix Anal. Appl. 15, figure 3.
std::vector<SmallIndex> column_counts(const LowerPattern& pattern,
                                      const std::vector<SmallIndex>& parent,
                                      const std::vector<SmallIndex>& order);

}  // namespace henderson::linalg
