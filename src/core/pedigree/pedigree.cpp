// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/pedigree.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"

namespace henderson::pedigree {
namespace {

constexpr SmallIndex kUnseen = -1, kOnPath = -2;

// The end of a path of parents from the first repetition of its last member on.
Cycle cycle_of(const std::vector<SmallIndex>& path, SmallIndex repeated) {
  return {{std::find(path.begin(), path.end(), repeated), path.end()}};
}

}  // namespace

std::variant<std::vector<SmallIndex>, Cycle> generations(const Parents& parents) {
  std::vector<SmallIndex> generation(parents.size(), kUnseen);
  std::vector<SmallIndex> path;  // each a parent of the one before
  for (SmallIndex start = 0; start < parents.size(); ++start) {
    if (generation[start] != kUnseen) continue;
    path.push_back(start);
    while (!path.empty()) {
      const SmallIndex i = path.back();
      generation[i] = kOnPath;
      SmallIndex latest = -1, next = kNone;
      for (const SmallIndex p : {parents.sire[i], parents.dam[i]}) {
        if (p == kNone) continue;
        if (generation[p] == kOnPath) return cycle_of(path, p);
        if (generation[p] == kUnseen) next = p;
        latest = std::max(latest, generation[p]);
      }
      if (next != kNone) {
        path.push_back(next);
        continue;
      }
      generation[i] = latest + 1;
      path.pop_back();
    }
  }
  return generation;
}

std::vector<SmallIndex> order_by_generation(const std::vector<SmallIndex>& generation) {
  if (generation.empty()) return {};
  std::vector<SmallIndex> place(*std::max_element(generation.begin(), generation.end()) + 2, 0);
  for (const SmallIndex g : generation) ++place[g + 1];
  for (std::size_t g = 1; g < place.size(); ++g) place[g] += place[g - 1];
  std::vector<SmallIndex> order(generation.size());
  for (std::size_t i = 0; i < generation.size(); ++i)
    order[place[generation[i]]++] = static_cast<SmallIndex>(i);
  return order;
}

std::vector<bool> with_ancestors(const Parents& parents, const std::vector<SmallIndex>& rows) {
  std::vector<bool> kept(parents.sire.size(), false);
  for (const SmallIndex row : rows) kept[row] = true;
  for (SmallIndex i = parents.size() - 1; i >= 0; --i) {
    if (!kept[i]) continue;
    if (parents.sire[i] != kNone) kept[parents.sire[i]] = true;
    if (parents.dam[i] != kNone) kept[parents.dam[i]] = true;
  }
  return kept;
}

void validate(const Pedigree& pedigree) {
  const Parents& parents = pedigree.parents;
  if (parents.dam.size() != parents.sire.size()) {
    throw DimensionMismatch("dam", static_cast<Index>(parents.dam.size()), parents.size());
  }
  for (SmallIndex i = 0; i < parents.size(); ++i) {
    for (const SmallIndex p : {parents.sire[i], parents.dam[i]}) {
      if (p < kNone || p >= i || (i < pedigree.n_groups && p != kNone))
        throw InvalidSpec("pedigree", "parents do not come first (row " + std::to_string(i) + ")");
    }
  }
  for (const Vector* x : {&pedigree.own, &pedigree.share}) {
    if (pedigree.has_lines() && x->size() != parents.size())
      throw DimensionMismatch("own, share", x->size(), parents.size());
  }
  const Matrix& gamma = pedigree.gamma;
  if (gamma.size() > 0 && (gamma.rows() != pedigree.n_groups || gamma.cols() != gamma.rows()))
    throw DimensionMismatch("gamma", gamma.rows(), pedigree.n_groups);
}

}  // namespace henderson::pedigree
