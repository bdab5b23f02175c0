// SPDX-License-Identifier: GPL-3.0-or-later
// Genomic relationship matrices.
#pragma once

#include "core/base/callbacks.h"
#include "core/linalg/dense.h"

namespace henderson::pedigree {

enum class GenomicMethod {
  vanraden1,  // Z Z' / sum 2 p q, Z = M - 2 p
  vanraden2,  // the same with each marker divided by its own 2 p q
  dominance   // heterozygosity deviations of Vitezica et al., divided by sum (2 p q)^2
};

// What a marker holds: counts of its second allele among genotypes that are known.
struct MarkerSummary {
  double frequency = 0.0;  // of that allele
  Index n_missing = 0;
  bool in_range = true;  // all known genotypes are between 0 and 2
};

// Whether a value is a missing genotype.
inline bool is_missing(double genotype) { return !(genotype == genotype); }

// What: frequencies of columns first, ..., from the known genotypes (0 ... 2; NaN is missing).
std::vector<MarkerSummary> summarise_markers(Index n, Index n_markers,
                                             const linalg::ColumnSource& source,
                                             Callbacks& callbacks);

struct GenomicRelationship {
  Matrix relationship;
  Index n_used = 0;  // markers that vary
};

// What: the relationship matrix. Needs: frequencies by marker; a missing genotype counts as
// twice the frequency. Markers of frequency 0 or 1 are left out. Cost: n^2 n_markers; for
// vanraden1 and markers of whole counts an eighth of that. Throws Interrupted. Source: VanRaden
// (2008), J. Dairy Sci. 91:4414; Vitezica, Varona & Legarra (2013), Genetics 195:1223.
GenomicRelationship genomic_relationship(Index n, const Vector& frequency, GenomicMethod method,
                                         const linalg::ColumnSource& source, int threads,
                                         Callbacks& callbacks);

}  // namespace henderson::pedigree
