// SPDX-License-Identifier: GPL-3.0-or-later
// Which random terms fall into small groups of levels that meet in records, directly or through
// each other: subjects with all that is nested in them.
#pragma once

#include <vector>

#include "core/equations/mme.h"

namespace henderson::equations {

// Sets of nodes that grow together, and how many columns each has.
class NodeSets {
 public:
  explicit NodeSets(const model::Nodes& nodes);

  // The node that stands for the set of node i.
  SmallIndex root(SmallIndex i);
  // One set from two; the columns that it has.
  Index unite(SmallIndex i, SmallIndex j);

 private:
  std::vector<SmallIndex> parent_;
  std::vector<Index> size_;
};

struct NodeGroups {
  NodeSets sets;
  std::vector<bool> is_absorbed;  // of each block: its levels are in the sets
};

// What: the largest terms first, as long as no group has more than `largest_group` columns; none
// whose Lambda is 0. Cost: one pass over the pattern of W'W for each term.
NodeGroups group_nodes(const MixedModelEquations& equations, const Factors& lambda,
                       Index largest_group);

}  // namespace henderson::equations
