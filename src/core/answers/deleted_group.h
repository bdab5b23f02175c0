// SPDX-License-Identifier: GPL-3.0-or-later
// A group of records that is deleted: A'A and A'e of it are what the equations lose. With
// independent residuals A = R_S^-1/2 W_S and e = R_S^-1/2 (y_S - W_S b).
#pragma once

#include <vector>

#include "core/answers/halves.h"

namespace henderson::answers {

struct DeletedGroup {
  ScaledRowList rows;
  Vector errors;
  std::vector<SmallIndex> columns;  // that the rows meet, increasing
  Matrix turn;                      // A = turn x rows; of size 0: the identity
  bool keeps_pattern = true;        // the columns of a row meet each other in C
  bool is_downdated = false;        // how it is solved: deletion_ways.h

  // Makes `columns` of the rows.
  void list_columns();

  // Where the records meet far fewer columns, other rows with the same A'A and A'e: `turn` is then
  // triangular and the rows are unit vectors.
  void compress();
  // The number of rows that compress() would leave.
  Index n_compressed() const;
};

// With independent residuals.
DeletedGroup deleted_group(const ScaledRecords& records, const std::vector<Index>& members);

}  // namespace henderson::answers
