// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/etree.h"

#include <algorithm>

namespace henderson::linalg {

std::vector<SmallIndex> elimination_tree(const LowerPattern& pattern) {
  const LowerPattern rows = strict_rows(pattern);
  std::vector<SmallIndex> parent(pattern.n, kNone);
  std::vector<SmallIndex> ancestor(pattern.n,
                                   kNone);  // a shortcut towards the root of j's current tree
  for (SmallIndex i = 0; i < pattern.n; ++i)
    for (Index k = rows.start[i]; k < rows.start[i + 1]; ++k)
      for (SmallIndex j = rows.row[k]; j != kNone && j < i;) {
        const SmallIndex next = ancestor[j];
        ancestor[j] = i;
        if (next == kNone) parent[j] = i;
        j = next;
      }
  return parent;
}

std::vector<SmallIndex> postorder(const std::vector<SmallIndex>& parent,
                                  const std::vector<SmallIndex>& weight) {
  const SmallIndex n = static_cast<SmallIndex>(parent.size());
  std::vector<SmallIndex> by_weight(n);
  for (SmallIndex j = 0; j < n; ++j) by_weight[j] = j;
  std::stable_sort(by_weight.begin(), by_weight.end(),
                   [&](SmallIndex a, SmallIndex b) { return weight[a] < weight[b]; });
  // child[j] = c means c is the first of j's children not yet visited, next[c] the one after c.
  std::vector<SmallIndex> child(n, kNone), next(n, kNone);
  SmallIndex first_root = kNone;
  for (SmallIndex k = n - 1; k >= 0; --k) {
    SmallIndex& head = parent[by_weight[k]] == kNone ? first_root : child[parent[by_weight[k]]];
    next[by_weight[k]] = head;
    head = by_weight[k];
  }
  std::vector<SmallIndex> order;
  order.reserve(n);
  std::vector<SmallIndex> path;
  for (SmallIndex root = first_root; root != kNone; root = next[root]) {
    path.assign(1, root);
    while (!path.empty()) {
      const SmallIndex j = path.back();
      if (child[j] == kNone) {
        order.push_back(j);
        path.pop_back();
      } else {
        path.push_back(child[j]);
        child[j] = next[child[j]];
      }
    }
  }
  return order;
}

namespace {

// The state of the skeleton algorithm: which entries of row i are leaves of its row subtree.
struct RowSubtrees {
  static constexpr SmallIndex kNoLeaf = -1, kFirstLeaf = -2;

  std::vector<SmallIndex>
      first;  // first[j] = k means the first descendant of j has number k in the postorder
  std::vector<SmallIndex> max_first;  // largest first[] seen in row i
  std::vector<SmallIndex> last_leaf;  // last leaf seen in row i
  std::vector<SmallIndex> ancestor;   // disjoint sets of the nodes visited

  // The least common ancestor of leaf j and the leaf before it in row i, if there are two such
  // leaves.
  SmallIndex join(SmallIndex i, SmallIndex j) {
    if (first[j] <= max_first[i]) return kNoLeaf;
    max_first[i] = first[j];
    const SmallIndex before = last_leaf[i];
    last_leaf[i] = j;
    if (before == kNone) return kFirstLeaf;
    SmallIndex root = before;
    while (root != ancestor[root]) root = ancestor[root];
    for (SmallIndex k = before; k != root;) {
      const SmallIndex up = ancestor[k];
      ancestor[k] = root;
      k = up;
    }
    return root;
  }
};

}  // namespace

std::vector<SmallIndex> column_counts(const LowerPattern& pattern,
                                      const std::vector<SmallIndex>& parent,
                                      const std::vector<SmallIndex>& order) {
  const SmallIndex n = pattern.n;
  std::vector<SmallIndex> counts(n);
  RowSubtrees rows{std::vector<SmallIndex>(n, kNone), std::vector<SmallIndex>(n, kNone),
                   std::vector<SmallIndex>(n, kNone), std::vector<SmallIndex>(n)};
  for (SmallIndex j = 0; j < n; ++j) rows.ancestor[j] = j;
  for (SmallIndex k = 0; k < n; ++k) {
    counts[order[k]] = rows.first[order[k]] == kNone ? 1 : 0;  // 1 at the leaves of the tree
    for (SmallIndex j = order[k]; j != kNone && rows.first[j] == kNone; j = parent[j])
      rows.first[j] = k;
  }
  for (const SmallIndex j : order) {
    if (parent[j] != kNone) --counts[parent[j]];  // the diagonal of the child is not in the parent
    for (Index k = pattern.start[j] + 1; k < pattern.start[j + 1]; ++k) {
      const SmallIndex q = rows.join(pattern.row[k], j);
      if (q == RowSubtrees::kNoLeaf) continue;
      ++counts[j];
      if (q != RowSubtrees::kFirstLeaf) --counts[q];
    }
    if (parent[j] != kNone) rows.ancestor[j] = parent[j];
  }
  for (const SmallIndex j : order)
    if (parent[j] != kNone) counts[parent[j]] += counts[j];
  return counts;
}

}  // namespace henderson::linalg
