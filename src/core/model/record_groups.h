// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of W in groups that are whitened together: what is fixed while R changes.
//
// With T R T' = I, W~ = T W. A group is a subject where T is dense or small; in a large sparse T (a
// long chain, a field) each row is a group, made from the few rows of W that it combines. Either
// way W~'W~ is the sum over groups of small dense products.
#pragma once

#include <vector>

#include "core/model/cross_products.h"
#include "core/model/residual.h"

namespace henderson::model {

// Whitened rows first_row, ..., first_row + n_rows - 1 come from n_sources rows of W, and touch
// n_columns columns of it.
struct RecordGroup {
  bool is_subject = true;  // all rows of T, not one of them
  SmallIndex block = 0;    // of the residual
  SmallIndex pattern = 0;  // of the block
  SmallIndex n_rows = 0;
  SmallIndex n_sources = 0;
  SmallIndex n_columns = 0;
  SmallIndex n_nodes = 0;
  Index first_row = 0;
  Index first_local_row = 0;  // first_row within the pattern
  Index first_source = 0;     // in source_row
  Index first_column = 0;     // in column
  Index first_node = 0;       // in node
  Index first_pair = 0;       // in pair_position
  Index first_design = 0;     // in design: n_sources x n_columns, column by column
  Index first_whitened = 0;   // of W~: n_rows x n_columns
};

struct RecordGroups {
  std::vector<RecordGroup> groups;
  std::vector<Index> source_row;     // rows of W
  std::vector<SmallIndex> column;    // columns of W of a group, ascending, nodes whole
  std::vector<SmallIndex> node;      // nodes of a group, ascending
  std::vector<Index> pair_position;  // for nodes b >= a of a group, a slowest: where block (b, a)
                                     // of W'W begins
  std::vector<double> design;        // W of the sources of each group
  Vector response;                   // y by row
  Index n_whitened = 0;              // entries of W~
};

// The groups, and the pattern of W~'W~: its values are 0 where an entry is zero for every R, else
// positive. `w` has the columns of all nodes and a row per
// record; the row without a record has a 1 in column first_missing, the next one in the one after
// it. Weights scale rows of W and y by their square roots. Cost: the sum over groups of n_sources x
// n_columns, and of the square of n_nodes.
struct GroupedRecords {
  RecordGroups groups;
  BlockSymmetric cross_products;
};
GroupedRecords group_records(const ResidualModel& residual, const SparseRows& w, const Nodes& nodes,
                             SmallIndex first_missing, const Vector& weights,
                             const Vector& response);

}  // namespace henderson::model
