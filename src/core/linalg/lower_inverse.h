// SPDX-License-Identifier: GPL-3.0-or-later
// Columns of L^-1 P, the halves of which entries and quadratic forms of C^-1 = P'L^-T L^-1 P are
// made: C^-1_ij is the product of columns i and j.
#pragma once

#include <vector>

#include "core/linalg/cholesky.h"

namespace henderson::linalg {

// A set of supernodes with all above them, and the place of each among their rows, numbered
// through. Column j of L^-1 P is zero outside the path from its supernode to the root.
class Reach {
 public:
  explicit Reach(const SymbolicFactor& symbolic);

  // Adds the path of a column of C. Cost: its length as far as it is new.
  void include(SmallIndex column);
  void clear();

  Index n_rows() const { return n_rows_; }
  bool has(SmallIndex s) const { return place_[s] != kNone; }
  // place(s) = i: the rows of supernode s are i, i + 1, .... Needs: it is in the set.
  Index place(SmallIndex s) const { return place_[s]; }
  // In the order in which they came.
  const std::vector<SmallIndex>& supernodes() const { return supernodes_; }

 private:
  const SymbolicFactor& symbolic_;
  std::vector<Index> place_;  // kNone outside the set
  std::vector<SmallIndex> supernodes_;
  Index n_rows_ = 0;
};

class LowerInverse {
 public:
  // The columns `columns` of C, increasing. Keeps a reference to the symbolic factor. Cost: a
  // forward solve for each, within the paths of kernels::kMaxRhs of them.
  LowerInverse(const CholeskyFactor& factor, std::vector<SmallIndex> columns);

  // x += value times the column, over the rows of `reach`. Needs: the column is one of `columns`,
  // and included in the reach.
  void add(SmallIndex column, double value, const Reach& reach, double* x) const;

 private:
  const SymbolicFactor& symbolic_;
  std::vector<SmallIndex> columns_;
  std::vector<Index> start_;   // of each column, and the size at the end
  std::vector<double> value_;  // supernode after supernode of its path
};

// The number of rows on the path of a column of C.
Index path_length(const SymbolicFactor& symbolic, SmallIndex column);

}  // namespace henderson::linalg
