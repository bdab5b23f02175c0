// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/node_groups.h"

#include <algorithm>
#include <numeric>

namespace henderson::equations {

using model::BlockSymmetric;
using model::Model;

NodeSets::NodeSets(const model::Nodes& nodes) : parent_(static_cast<std::size_t>(nodes.count())) {
  std::iota(parent_.begin(), parent_.end(), 0);
  for (SmallIndex i = 0; i < nodes.count(); ++i) size_.push_back(nodes.size(i));
}

SmallIndex NodeSets::root(SmallIndex i) {
  while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
  return i;
}

Index NodeSets::unite(SmallIndex i, SmallIndex j) {
  i = root(i);
  j = root(j);
  if (i == j) return size_[i];
  if (size_[i] < size_[j]) std::swap(i, j);
  parent_[j] = i;
  return size_[i] += size_[j];
}

NodeGroups group_nodes(const MixedModelEquations& equations, const Factors& lambda,
                       Index largest_group) {
  const Model& model = equations.model();
  const BlockSymmetric& cross = model.cross_products;
  const std::vector<SmallIndex>& block_of = equations.columns().block_of_node;
  const auto n_columns = [&](std::size_t b) {
    return static_cast<Index>(model.blocks[b].n_levels) * model.blocks[b].n_coef;
  };
  std::vector<std::size_t> order(model.blocks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return n_columns(a) > n_columns(b); });
  NodeGroups found{NodeSets(cross.nodes), std::vector<bool>(model.blocks.size(), false)};
  for (const std::size_t b : order) {
    if (lambda[b].isZero(0.0)) continue;
    NodeGroups next = found;
    next.is_absorbed[b] = true;
    const auto is_absorbed = [&](SmallIndex node) {
      const auto of = static_cast<std::size_t>(block_of[node]);
      return of < next.is_absorbed.size() && next.is_absorbed[of];
    };
    Index largest = 0;
    for (SmallIndex j = 0; j < cross.nodes.count() && largest <= largest_group; ++j) {
      if (!is_absorbed(j)) continue;
      for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
        if (is_absorbed(cross.node[k]))
          largest = std::max(largest, next.sets.unite(j, cross.node[k]));
      }
    }
    if (largest <= largest_group) found = std::move(next);
  }
  return found;
}

}  // namespace henderson::equations
