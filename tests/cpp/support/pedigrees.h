// SPDX-License-Identifier: GPL-3.0-or-later
// Pedigrees that are drawn.
#pragma once

#include <random>

#include "core/pedigree/pedigree.h"

namespace henderson::test {

// Parents anywhere before the animal, equal ones (selfing) too; the first n_groups have none.
inline pedigree::Pedigree random_pedigree(SmallIndex n, SmallIndex n_groups, unsigned seed) {
  std::mt19937 random(seed);
  pedigree::Pedigree p;
  p.n_groups = n_groups;
  for (SmallIndex i = 0; i < n; ++i) {
    const auto parent = [&] {
      const auto k = static_cast<SmallIndex>(random() % static_cast<unsigned>(i + 2));
      return k >= i || i < n_groups ? kNone : k;
    };
    p.parents.sire.push_back(parent());
    p.parents.dam.push_back(random() % 5 == 0 ? p.parents.sire.back() : parent());
  }
  return p;
}

}  // namespace henderson::test
