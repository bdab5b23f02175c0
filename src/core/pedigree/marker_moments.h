// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of coded genotypes over animals, of which the means of a genomic relationship matrix follow.
#pragma once

#include "core/base/callbacks.h"
#include "core/linalg/dense.h"

namespace henderson::pedigree {

struct MarkerMoments {
  Vector sum, squares;  // of g - centre, 0 where the genotype is missing
};

// Of each marker of `source`, n animals. Cost: one pass. Throws Interrupted.
MarkerMoments marker_moments(Index n, const Vector& centre, const linalg::ColumnSource& source,
                             Callbacks& callbacks);

}  // namespace henderson::pedigree
