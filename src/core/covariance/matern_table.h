// SPDX-License-Identifier: GPL-3.0-or-later
// The Matern correlation of one smoothness at many distances: polynomials on short pieces of
// log(x), on which it is analytic.
#pragma once

#include <array>
#include <vector>

#include "core/covariance/matern_correlation.h"

namespace henderson::covariance {

// As in MaternValue.
struct MaternSlopes {
  double value = 1.0;
  double fall = 0.0;
  double nu = 0.0;
};

class MaternTable {
 public:
  // Needs: 0 < least <= largest. Cost: 12 values of the correlation for each eighth in log(x).
  MaternTable(const MaternCorrelation& correlation, double least, double largest);

  // Needs: least <= x <= largest. Gives 1e-13 absolutely, for nu up to 25. Cost: a logarithm and
  // three polynomials of degree 11, a tenth of that of the correlation.
  MaternSlopes operator()(double x) const;

 private:
  static constexpr int kNodes = 12;
  // Coefficients of Chebyshev polynomials of a piece: value, fall, nu.
  using Piece = std::array<std::array<double, 3>, kNodes>;

  Piece make_piece(const MaternCorrelation& correlation, double first) const;

  double first_ = 0.0;  // log(x) at the start of the first piece
  std::vector<Piece> pieces_;
};

}  // namespace henderson::covariance
