// SPDX-License-Identifier: GPL-3.0-or-later
// The inverse of the numerator relationship matrix as an operator: A^-1 = T'D^-1 T is the pedigree
// itself, so there is nothing to be made or kept beside it.
#pragma once

#include "core/pedigree/ainverse.h"

namespace henderson::pedigree {

// T has a row for each animal: 1 for itself, -1/2 for its sire, -dam_weight for its dam. D has the
// Mendelian sampling variances, and gamma for metafounders. `width` vectors stand side by side
// (linalg/side_by_side.h), a row for each row of the pedigree.
//
// Source: Henderson (1976), Biometrics 32:69; Legarra et al. (2015), Genetics 200:455.
class Rules {
 public:
  // Throws InvalidSpec where groups are fixed (A^-1 is singular then), gamma is not positive
  // definite, or a variance is not positive.
  Rules(Pedigree pedigree, Vector mendelian_variances);

  SmallIndex size() const { return pedigree_.size(); }
  const Pedigree& pedigree() const { return pedigree_; }
  const Vector& variances() const { return variances_; }
  const Matrix& group_inverse() const { return group_inverse_; }  // of metafounders
  double log_determinant() const;                                 // log|A|

  // x := A x. Cost: linear in the entries of x.
  void multiply(MatrixRef x) const;

  // out += A^-1 x. Cost: 6 x width flops for each animal.
  void add_inverse_times(Index width, const double* x, double* out) const;

  // Standard normal x become draws of covariance A. Cost: 4 x width flops for each animal.
  void draw(Index width, double* x) const;

  Vector inverse_diagonal() const;
  LowerMatrix inverse() const { return ainverse(pedigree_, variances_); }

 private:
  Pedigree pedigree_;
  Vector variances_;
  Matrix group_inverse_;  // gamma^-1
  Matrix group_root_;     // L, gamma = LL'
};

}  // namespace henderson::pedigree
