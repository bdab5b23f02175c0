// SPDX-License-Identifier: GPL-3.0-or-later
// The inverse of the numerator relationship matrix, straight from the pedigree.
#pragma once

#include "core/pedigree/pedigree.h"

namespace henderson::pedigree {

// Lower triangle by columns, rows increasing, the whole diagonal present.
struct LowerMatrix {
  std::vector<Index> start;
  std::vector<SmallIndex> row;
  std::vector<double> value;
};

// What: A^-1 of all rows of the pedigree. With groups the matrix of Quaas & Pollak, which is
// singular: the effects of groups are fixed; with metafounders that of Legarra et al. Needs:
// mendelian_variances() > 0 and gamma positive definite. Cost: linear. Throws InvalidSpec where a
// variance is not positive. Source: Henderson (1976), Biometrics 32:69; Quaas & Pollak (1981), J.
// Dairy Sci. 64:1868; Legarra et al. (2015), Genetics 200:455.
LowerMatrix ainverse(const Pedigree& pedigree, const Vector& mendelian_variances);

// log|A|, of metafounders and animals together; of animals alone where groups are fixed.
double log_determinant(const Pedigree& pedigree, const Vector& mendelian_variances);

}  // namespace henderson::pedigree
