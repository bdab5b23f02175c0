// SPDX-License-Identifier: GPL-3.0-or-later
// x'C^-1 x of many x that reach few columns of the top of L.
//
// With L = [L_b 0; L_tb L_t], y = L_b^-1 x_b and z = x_t - L_tb y of P x,
//
//     x'C^-1 x = y'y + z'D z,   D = (L_t L_t')^-1
//
// L_t^-1 z is full, however few entries z has. With D made once z'D z costs the square of their
// number, which is less where many effects stand at the top: scores of all lines of a trial, of
// which an environment has seen some.
#pragma once

#include "core/linalg/cholesky.h"

namespace henderson::linalg {

class TopInverse {
 public:
  // The last supernodes of which each is the parent of the one before: how many columns they have.
  static Index top_size(const CholeskyFactor& factor);

  // Keeps a reference to the factor. Cost: (size of the top)^3.
  TopInverse(const CholeskyFactor& factor, int threads);

  // For each column of x, which is used up. Cost: half a solve below the top, and for each column
  // the square of the number of entries that all of them have there.
  Vector quadratic_forms(Matrix& x) const;

 private:
  const CholeskyFactor& factor_;
  const int threads_;
  Matrix inverse_;  // D
};

}  // namespace henderson::linalg
