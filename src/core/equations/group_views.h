// SPDX-License-Identifier: GPL-3.0-or-later
// How a group of records is looked at.
#pragma once

#include "core/model/record_groups.h"

namespace henderson::equations {

// W of the sources of a group.
inline Eigen::Map<const Matrix> design_of(const model::RecordGroups& groups,
                                          const model::RecordGroup& group) {
  return {groups.design.data() + group.first_design, group.n_sources, group.n_columns};
}

// The rows of x in the columns of the group.
inline Matrix gathered(const model::RecordGroups& groups, const model::RecordGroup& group,
                       const ConstMatrixRef& x) {
  Matrix rows(group.n_columns, x.cols());
  for (SmallIndex j = 0; j < group.n_columns; ++j) {
    rows.row(j) = x.row(groups.column[group.first_column + j]);
  }
  return rows;
}

// For every block (b, a) of nodes of the group, b >= a: visit(first value, row, column, n_rows,
// n_columns), rows and columns being those of the group.
template <class Visit>
void for_each_pair(const model::RecordGroups& groups, const model::Nodes& nodes,
                   const model::RecordGroup& group, Visit visit) {
  const SmallIndex* node = groups.node.data() + group.first_node;
  const Index* position = groups.pair_position.data() + group.first_pair;
  Index column = 0;
  for (SmallIndex a = 0; a < group.n_nodes; ++a) {
    const Index na = nodes.size(node[a]);
    Index row = column;
    for (SmallIndex b = a; b < group.n_nodes; ++b) {
      const Index nb = nodes.size(node[b]);
      visit(*position++, row, column, nb, na);
      row += nb;
    }
    column += na;
  }
}

}  // namespace henderson::equations
