// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/supernodes.h"

#include <algorithm>

namespace henderson::linalg {

double factor_flops(double w, double r) {
  // sum over k = 1..w of (r + k)^2
  return w * r * r + r * w * (w + 1) + w * (w + 1) * (2 * w + 1) / 6;
}

namespace {

// Linked lists of a forest's children and of each merged supernode's parts, both joined in constant
// time.
class Merger {
 public:
  Merger(SupernodeForest forest, const RelaxOptions& options)
      : forest_(std::move(forest)), options_(options) {
    const SmallIndex n = static_cast<SmallIndex>(forest_.parent.size());
    children_.resize(n);
    parts_.resize(n);
    merged_.assign(n, false);
    for (SmallIndex s = 0; s < n; ++s) {
      parts_[s].push_back(s);
      if (forest_.parent[s] != kNone) children_[forest_.parent[s]].push_back(s);
    }
  }

  void run(SmallIndex first_fixed) {
    const SmallIndex n = static_cast<SmallIndex>(forest_.parent.size());
    for (SmallIndex p = 0; p < n; ++p) merge_children(p, first_fixed);
  }

  SupernodeForest result() const {
    SupernodeForest out;
    const SmallIndex n = static_cast<SmallIndex>(forest_.parent.size());
    std::vector<SmallIndex> number(n, kNone);
    for (SmallIndex s = 0, kept = 0; s < n; ++s)
      if (!merged_[s]) number[s] = kept++;
    out.column_start.push_back(0);
    for (SmallIndex s = 0; s < n; ++s) {
      if (merged_[s]) continue;
      out.parent.push_back(forest_.parent[s] == kNone ? kNone : number[forest_.parent[s]]);
      out.width.push_back(forest_.width[s]);
      out.below.push_back(forest_.below[s]);
      for (const SmallIndex part : parts_[s])
        out.columns.insert(out.columns.end(), forest_.columns.begin() + forest_.column_start[part],
                           forest_.columns.begin() + forest_.column_start[part + 1]);
      out.column_start.push_back(static_cast<SmallIndex>(out.columns.size()));
    }
    return out;
  }

 private:
  double seconds(double w, double r) const {
    return options_.overhead + r * (r + 1) / 2 * options_.per_update +
           factor_flops(w, r) * options_.per_flop * (1 + options_.half_width / w);
  }

  bool worthwhile(SmallIndex c, SmallIndex p) const {
    const double wc = forest_.width[c], rc = forest_.below[c], wp = forest_.width[p],
                 rp = forest_.below[p];
    return seconds(wc + wp, rp) <= seconds(wc, rc) + seconds(wp, rp);
  }

  // Children with many rows first: they add the fewest zeros.
  void merge_children(SmallIndex p, SmallIndex first_fixed) {
    std::vector<SmallIndex> candidates;
    candidates.swap(children_[p]);
    std::stable_sort(candidates.begin(), candidates.end(), [&](SmallIndex a, SmallIndex b) {
      return forest_.below[a] > forest_.below[b];
    });
    std::vector<SmallIndex> parts;
    for (const SmallIndex c : candidates) {
      if ((c < first_fixed) != (p < first_fixed) || !worthwhile(c, p)) {
        children_[p].push_back(c);
        continue;
      }
      forest_.width[p] += forest_.width[c];
      merged_[c] = true;
      parts.insert(parts.end(), parts_[c].begin(), parts_[c].end());
      std::vector<SmallIndex>().swap(parts_[c]);
      for (const SmallIndex g : children_[c]) forest_.parent[g] = p;
      children_[p].insert(children_[p].end(), children_[c].begin(), children_[c].end());
      std::vector<SmallIndex>().swap(children_[c]);
    }
    parts_[p].insert(parts_[p].begin(), parts.begin(), parts.end());
  }

  SupernodeForest forest_;
  RelaxOptions options_;
  std::vector<std::vector<SmallIndex>> children_;
  std::vector<std::vector<SmallIndex>>
      parts_;  // parts_[s]: the original supernodes now in s, in elimination order
  std::vector<bool> merged_;
};

// Maximal supernodes: column j joins column j - 1 if j is its parent and has one entry less.
SupernodeForest maximal_supernodes(const std::vector<SmallIndex>& parent,
                                   const std::vector<SmallIndex>& counts, SmallIndex boundary) {
  const SmallIndex n = static_cast<SmallIndex>(parent.size());
  SupernodeForest forest;
  std::vector<SmallIndex> supernode_of_column(n);
  for (SmallIndex j = 0; j < n; ++j) {
    const bool joins =
        j > 0 && j != boundary && parent[j - 1] == j && counts[j - 1] == counts[j] + 1;
    if (!joins) {
      forest.column_start.push_back(j);
      forest.width.push_back(0);
    }
    ++forest.width.back();
    supernode_of_column[j] = static_cast<SmallIndex>(forest.width.size()) - 1;
    forest.columns.push_back(j);
  }
  forest.column_start.push_back(n);
  for (std::size_t s = 0; s < forest.width.size(); ++s) {
    const SmallIndex last = forest.column_start[s + 1] - 1;
    forest.parent.push_back(parent[last] == kNone ? kNone : supernode_of_column[parent[last]]);
    forest.below.push_back(counts[last] - 1);
  }
  return forest;
}

}  // namespace

SupernodeForest find_supernodes(const std::vector<SmallIndex>& parent,
                                const std::vector<SmallIndex>& counts, SmallIndex boundary,
                                const RelaxOptions& options) {
  SupernodeForest forest = maximal_supernodes(parent, counts, boundary);
  if (!options.merge) return forest;
  SmallIndex first_fixed = 0;  // the first supernode at or after the boundary
  while (first_fixed < static_cast<SmallIndex>(forest.width.size()) &&
         forest.column_start[first_fixed] < boundary)
    ++first_fixed;
  Merger merger(std::move(forest), options);
  merger.run(first_fixed);
  return merger.result();
}

}  // namespace henderson::linalg
