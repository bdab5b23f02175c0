// SPDX-License-Identifier: GPL-3.0-or-later
// From the recipe of columns to sparse rows.
#pragma once

#include <vector>

#include "core/model/spec.h"

namespace henderson::model {

// A sparse matrix by rows: row r has the entries start[r] <= k < start[r + 1]. Columns within a row
// are not sorted.
struct SparseRows {
  Index n_columns = 0;
  std::vector<Index> start;
  std::vector<SmallIndex> column;
  std::vector<double> value;

  Index n_rows() const { return static_cast<Index>(start.size()) - 1; }
};

// Number of columns that a term, or a list of terms, makes.
SmallIndex n_columns(const ColumnTerm& term);
SmallIndex n_columns(const std::vector<ColumnTerm>& terms);

// The columns of `terms` side by side, zeros left out. Needs: every part has n_records rows and
// levels within its coding. Cost: the number of nonzeros. Throws InvalidSpec.
SparseRows expand(const std::vector<ColumnTerm>& terms, Index n_records, const std::string& where);

// X b.
Vector multiply(const SparseRows& rows, const ConstVectorRef& b);

}  // namespace henderson::model
