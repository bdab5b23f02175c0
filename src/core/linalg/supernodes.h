// SPDX-License-Identifier: GPL-3.0-or-later
// Supernodes: columns of L that are treated as one dense block.
#pragma once

#include <vector>

#include "core/base/types.h"

namespace henderson::linalg {

// When a child is merged into its parent although that stores zeros: when the model below says that
// it saves time.
//   seconds(width w, rows below r) = overhead + r (r + 1) / 2 * per_update + flops(w, r) / rate *
//   (1 + half_width / w)
// The units are arbitrary: only the ratios count. The defaults were fitted to the pedigree and grid
// problems of bench/.
struct RelaxOptions {
  double overhead = 150;    // fixed cost of a supernode
  double per_update = 0.8;  // moving one entry of the update matrix to the parent
  double per_flop = 0.033;  // one operation in a wide supernode
  double half_width = 6;    // width at which the dense kernels reach half of their speed
  bool merge = true;        // false: no zeros are stored
};

// A partition of the columns of L into supernodes. Columns are numbered as in the tree it was made
// from.
struct SupernodeForest {
  std::vector<SmallIndex>
      parent;  // parent[s] = t means the first row below s is a column of t; kNone at a root; t > s
  std::vector<SmallIndex> width;  // number of columns
  std::vector<SmallIndex> below;  // number of rows below the square
  std::vector<SmallIndex>
      column_start;  // the columns of s are columns[column_start[s]], ..., in elimination order
  std::vector<SmallIndex>
      columns;  // a permutation of 0, ..., n - 1: a merged child's columns precede its parent's
};

// What: the supernodes of L. Needs: the elimination tree, numbered in postorder, and its column
// counts; no supernode contains columns on both sides of `boundary`. Gives: supernodes numbered so
// that children precede parents. Cost: O(n log n) at most. Source: Ashcraft & Grimes (1989), ACM
// TOMS 15 (relaxation); the criterion is our own.
SupernodeForest find_supernodes(const std::vector<SmallIndex>& parent,
                                const std::vector<SmallIndex>& counts, SmallIndex boundary,
                                const RelaxOptions& options);

// Operations of factorising a supernode of width w with r rows below: sum of (height of column)^2.
double factor_flops(double w, double r);

}  // namespace henderson::linalg
