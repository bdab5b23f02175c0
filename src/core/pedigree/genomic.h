// SPDX-License-Identifier: GPL-3.0-or-later
// Genomic relationship matrices.
#pragma once

#include "core/base/callbacks.h"
#include "core/linalg/dense.h"

namespace henderson::pedigree {

// Of ploidy c:
enum class GenomicMethod {
  vanraden1,      // Z Z' / sum c p q, Z = M - c p
  vanraden2,      // the same with each marker divided by its own c p q
  dominance,      // heterozygosity deviations of Vitezica et al., divided by sum (2 p q)^2; c = 2
  noia_dominance  // what the count of an allele does not tell of heterozygosity, among these
                  // animals; divided by the mean of the diagonal; c = 2
};

// What a marker holds: counts of its second allele among genotypes that are known.
struct MarkerSummary {
  double frequency = 0.0;  // of that allele
  Index n_missing = 0;
  bool in_range = true;  // all known genotypes are between 0 and the ploidy
};

// Whether a value is a missing genotype.
inline bool is_missing(double genotype) { return !(genotype == genotype); }

// What: frequency of a marker from the known genotypes (0 ... ploidy; NaN is missing).
MarkerSummary summarise_marker(const ConstVectorRef& genotypes, double ploidy);
std::vector<MarkerSummary> summarise_markers(Index n, Index n_markers, double ploidy,
                                             const linalg::ColumnSource& source,
                                             Callbacks& callbacks);

struct GenomicRelationship {
  Matrix relationship;
  Index n_used = 0;  // markers that vary
};

// What: the relationship matrix. Needs: frequencies by marker; a missing genotype counts as
// c times the frequency. Markers of frequency 0 or 1 are left out. Cost: n^2 n_markers; for
// vanraden1 and markers of counts up to 2 an eighth of that. Throws Interrupted. Source: VanRaden
// (2008), J. Dairy Sci. 91:4414; Vitezica, Varona & Legarra (2013), Genetics 195:1223; the same and
// Toro (2017), Genetics 206:1297, for codes that are orthogonal out of equilibrium.
GenomicRelationship genomic_relationship(Index n, const Vector& frequency, GenomicMethod method,
                                         double ploidy, const linalg::ColumnSource& source,
                                         int threads, Callbacks& callbacks);

}  // namespace henderson::pedigree
