// SPDX-License-Identifier: GPL-3.0-or-later
// Covariance matrices of less than full rank, and which variances of a level given others are
// rounding of their numbers.
#pragma once

#include <vector>

#include "core/base/types.h"

namespace henderson::linalg {

// A variance x'Kx that should be zero is as large as the rounding of the entries of K allows: some
// units of the last digit of (sum |x_i| sd_i)^2. Of a genomic relationship matrix of n animals, x =
// (1, ..., 1), that grows with n^2. Genomic relationships of 500 to 5000 animals had 1 to 8 units.
constexpr double kRoundingUnits = 64.0;

// What: whether what the others leave of the variance of each level, 1 / (K^-1)_ii = x'Kx for x =
// (K^-1)_.i / (K^-1)_ii, is above rounding. Needs: both triangles of K^-1, the standard deviations
// of K. Cost: one pass.
bool above_rounding(const ConstMatrixRef& inverse, const Vector& sd);

// r levels whose covariance has an inverse, and all others as combinations of them.
struct PivotLevels {
  std::vector<SmallIndex> pivots, others;
  Matrix inverse;     // of the covariance of the pivots, both triangles
  Matrix weights;     // u_others = weights' u_pivots: a column for each of the others
  double left = 0.0;  // largest size of an entry of the covariance that the pivots do not explain
  double rounding = 0.0;  // what rounding of K may leave
};

// What: a factorisation K = LL' with the largest variance left as the next pivot, up to rounding.
// Needs: the lower triangle of K. Gives: see PivotLevels; K is indefinite where
// `left` is well above `rounding`. Cost: at rank r, r^2 n plus r^2 for each of the others.
// Source: Higham (1990), in Reliable Numerical Computation, p. 161; blocked as in Lucas (2004),
// LAPACK Working Note 161.
PivotLevels pivot_levels(Matrix k, int threads);

}  // namespace henderson::linalg
