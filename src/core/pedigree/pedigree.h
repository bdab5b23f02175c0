// SPDX-License-Identifier: GPL-3.0-or-later
// Who descends from whom, as positions.
#pragma once

#include <variant>
#include <vector>

#include "core/base/types.h"

namespace henderson::pedigree {

// sire[i] = k means row k is the sire of row i; kNone where it is unknown. Parents come before
// their offspring, except as the argument of generations().
struct Parents {
  std::vector<SmallIndex> sire;
  std::vector<SmallIndex> dam;

  SmallIndex size() const { return static_cast<SmallIndex>(sire.size()); }
};

// Rows 0, ..., n_groups - 1 are no animals but groups of unknown parents. With `gamma` they are
// metafounders, whose covariance it is; without, they are fixed effects and their members are
// unrelated. Genes pass from the first parent with weight 1/2, from the second with dam_weight: 1/2
// for a dam, 1/4 for a maternal grandsire. A parent may be both sire and dam (selfing).
//
// Inbreeding may go beyond that of a progeny of the parents, F0: F[i] = own[i] + share[i] * F0[i].
// After k generations of selfing own = 1 - 2^-k and share = 2^-k; of a doubled haploid they are 1
// and 0, of a known coefficient F and 0, of a clone (both parents are its original) -1 and 2.
struct Pedigree {
  Parents parents;
  SmallIndex n_groups = 0;
  Matrix gamma;  // n_groups x n_groups, or empty
  double dam_weight = 0.5;
  Vector own, share;  // a value for each row, or both empty: F0

  SmallIndex size() const { return parents.size(); }
  bool has_metafounders() const { return gamma.size() > 0; }
  bool has_lines() const { return own.size() > 0; }
  // Whether row p is a parent that passes on genes of known covariance.
  bool is_known(SmallIndex p) const { return p >= (has_metafounders() ? 0 : n_groups); }
};

// Animals each of which is a parent of the one before it, and the first of the last.
struct Cycle {
  std::vector<SmallIndex> members;
};

// What: generation[i] = 0 without known parents, else one more than the later of the parents.
// Needs: positions in range; any order. Gives: the generations, or a cycle. Cost: linear.
std::variant<std::vector<SmallIndex>, Cycle> generations(const Parents& parents);

// What: positions in order of generation, rows of one generation in their old order. Cost: linear.
std::vector<SmallIndex> order_by_generation(const std::vector<SmallIndex>& generation);

// What: the rows with their ancestors: kept[i] = true. Cost: linear.
std::vector<bool> with_ancestors(const Parents& parents, const std::vector<SmallIndex>& rows);

// Throws InvalidSpec where parents do not come first, or sizes disagree. Cost: linear.
void validate(const Pedigree& pedigree);

}  // namespace henderson::pedigree
