// SPDX-License-Identifier: GPL-3.0-or-later
// Inbreeding and Mendelian sampling variances.
#pragma once

#include "core/base/callbacks.h"
#include "core/pedigree/pedigree.h"

namespace henderson::pedigree {

// 1 + total[i] is the relationship of row i with itself; by_parents[i] is that of a progeny of its
// parents, F0: the same but for lines (Pedigree::own, share).
struct Inbreeding {
  Vector total;
  Vector by_parents;
};

// What: F, total and by parents; of a metafounder gamma_ii - 1, of a group without gamma 0. Needs:
// a valid pedigree. Cost: for each parent and each generation of its offspring, the ancestors of
// the parent and of its mates; generations one after another, the parents of one generation shared
// among threads. Source: Sargolzaei, Iwaisaki & Colleau (2005), J. Anim. Breed. Genet. 122:325,
// with the indirect product of Colleau (2002), Genet. Sel. Evol. 34:409.
Inbreeding inbreeding(const Pedigree& pedigree, int threads, Callbacks& callbacks);

// What: variance of what a row does not have from its parents, relative to the additive variance:
// 1 - (1 + F_sire) / 4 - dam_weight^2 (1 + F_dam), a term for each known parent, and F - F0 more of
// a line. Of a group: 1. Zero where the parents determine a row: of the progeny of two lines with F
// = 1, and of a clone. Source: Henderson (1976), Biometrics 32:69; Quaas (1976), Biometrics 32:949.
Vector mendelian_variances(const Pedigree& pedigree, const Inbreeding& inbreeding);

}  // namespace henderson::pedigree
