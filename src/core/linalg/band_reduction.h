// SPDX-License-Identifier: GPL-3.0-or-later
// A symmetric matrix turned to a band: U'AU = T with T_ij = 0 for |i - j| > width, U orthogonal.
//
// A panel of `width` columns below the band is R after its QR factorisation, and the rest is turned
// from both sides by the same product of reflections, I - V S V' with V unit lower trapezoidal and
// S upper triangular. All but a small part of the work is products of matrices, which is why a band
// and not a tridiagonal matrix is made. Source: Bischof, Lang & Sun (2000), ACM Trans. Math. Softw.
// 26:581; S by Elmroth & Gustavson (2000), IBM J. Res. Dev. 44:605.
#pragma once

#include <vector>

#include "core/base/callbacks.h"
#include "core/base/types.h"

namespace henderson::linalg {

class BandReduction {
 public:
  // Needs: both triangles of `a`. Cost: 4/3 n^3, and half the memory of `a`. Throws Interrupted.
  BandReduction(Matrix a, Index width, int threads, Callbacks& callbacks);

  // T(i, j) for j <= i <= j + width, in row i - j of column j; 0 below the matrix.
  const Matrix& band() const { return band_; }

  // U'x and Ux. Cost: 2 n^2 for each column.
  Matrix to_band(Matrix x) const;
  Matrix from_band(Matrix x) const;

 private:
  // I - V S V' of rows `first` and below.
  struct Reflections {
    Index first = 0;
    Matrix v, s;
  };

  Matrix band_;
  std::vector<Reflections> panels_;
  int threads_;
};

// What: lower triangular B with BB' = T + E, in the layout of `band`. T may be singular: E is
// diagonal, with what raises pivots to `least`; or, where a T of low rank makes what follows grow,
// `least` everywhere. Needs: `least` above the rounding of T. Cost: n width^2, at most twice.
Matrix factor_band(const Matrix& band, double least);

// x := B^-1 x and x := B^-T x for B in that layout.
void solve_band(const Matrix& band, Matrix& x);
void solve_band_transposed(const Matrix& band, Matrix& x);

}  // namespace henderson::linalg
