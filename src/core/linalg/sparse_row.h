// SPDX-License-Identifier: GPL-3.0-or-later
// Sparse combinations of the columns of C.
#pragma once

#include <vector>

#include "core/base/types.h"

namespace henderson::linalg {

struct RowEntry {
  SmallIndex column;  // of C
  double value;
};

using SparseRow = std::vector<RowEntry>;

// Many of them, one after another: row i has the entries start[i], ..., start[i + 1] - 1.
struct SparseRows {
  std::vector<Index> start{0};
  std::vector<RowEntry> entry;

  Index n_rows() const { return static_cast<Index>(start.size()) - 1; }
  // visit(entry) for those of row i.
  template <class Visit>
  void visit(Index i, Visit visit) const {
    for (Index k = start[i]; k < start[i + 1]; ++k) visit(entry[k]);
  }
  void add(SmallIndex column, double value) { entry.push_back({column, value}); }
  void end_row() { start.push_back(static_cast<Index>(entry.size())); }
};

}  // namespace henderson::linalg
