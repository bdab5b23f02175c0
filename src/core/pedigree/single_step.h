// SPDX-License-Identifier: GPL-3.0-or-later
// The relationships of single-step evaluation, all animals by the pedigree and the genotyped by
// their markers too, as an operator: no genomic relationship matrix is formed.
//
// The genotyped animals have u_2 = Z a + s_2, with standardised effects a ~ N(0, I) of the markers
// (scale, tuning and weights are in Z) and s_2 ~ N(0, c A_22), c = `polygenic`; of the others u_1
// the pedigree tells as always. So
//
//     u = s + J~ Z a,   J~ = (J, I)',   Var(s)^-1 = A^-1 + (1/c - 1) [0 0; 0 A_22^-1],
//
// and s and a are independent: H = Var(u) has the inverse A^-1 + G*^-1 - A_22^-1 with G* = ZZ' + c
// A_22. In (s, a) nothing grows as c becomes small but the precision of s_2, whereas in (u, a) (Liu
// et al.) 1/c ties u_2 to Z a. The levels are s for each row of the pedigree, then a. With `omega`
// other than 1 u_2 has (1 - omega) A_22^-1 beside.
//
// Source: Fernando, Dekkers & Garrick (2014), Genet. Sel. Evol. 46:50, and Liu, Goddard, Reinhardt
// & Reents (2014), J. Dairy Sci. 97:5833, for marker effects in single-step evaluation; Legarra,
// Aguilar & Misztal (2009), J. Dairy Sci. 92:4656.
#pragma once

#include "core/pedigree/genotyped_split.h"
#include "core/pedigree/marker_matrix.h"

namespace henderson::pedigree {

struct SingleStepWeights {
  double polygenic = 0.05;  // c
  double omega = 1.0;
};

class SingleStep {
 public:
  // Needs: a row of `markers` for each of the genotyped. Throws InvalidSpec, Interrupted.
  SingleStep(GenotypedSplit split, MarkerMatrix markers, SingleStepWeights weights);

  SmallIndex size() const { return n_animals() + n_effects(); }
  SmallIndex n_animals() const { return split_.rules().size(); }
  SmallIndex n_effects() const { return static_cast<SmallIndex>(markers_.n_columns()); }
  const MarkerMatrix& markers() const { return markers_; }
  const GenotypedSplit& split() const { return split_; }
  double bytes() const;

  // `width` vectors side by side, a row for each level.
  // (s, a) := (u, a), and its transpose. Cost: a pass over the genotypes, and a solution for the
  // ancestors without genotypes.
  void transform(Index width, double* x) const;
  void transform_back(Index width, double* x) const;

  // out += Var(s, a)^-1 x.
  void add_precision_times(Index width, const double* x, double* out) const;

  // The diagonal of the same, that of A_22^-1 from the relatives of each animal alone.
  Vector precision_diagonal() const;

  // x := Var(s, a) x, and standard normal x become draws of it. Throw InvalidSpec where omega is
  // not 1.
  void multiply(MatrixRef x) const;
  void draw(Index width, double* x) const;

 private:
  void require_omega() const;
  void add_omega_times(Index width, const double* x, double* out) const;

  GenotypedSplit split_;
  MarkerMatrix markers_;
  SingleStepWeights weights_;
};

}  // namespace henderson::pedigree
