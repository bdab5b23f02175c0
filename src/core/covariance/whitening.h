// SPDX-License-Identifier: GPL-3.0-or-later
// T with T Sigma T' = I: what makes correlated residuals independent.
#pragma once

#include <vector>

#include "core/base/types.h"

namespace henderson::covariance {

// T by sparse rows, lower triangular: row r has the entries start[r] <= k < start[r + 1], columns
// ascending, so that the diagonal comes last. Which entries there are must not depend on the
// parameters. A chain of three: start = {0, 1, 3, 5}, column = {0, 0, 1, 1, 2}.
struct Whitening {
  std::vector<Index> start{0};
  std::vector<SmallIndex> column;
  Vector value;
  Matrix derivative;  // a row per entry, a column per parameter; empty where it was not asked for

  Index size() const { return static_cast<Index>(start.size()) - 1; }
  double diagonal(Index row) const { return value[start[row + 1] - 1]; }
  bool is_dense() const { return value.size() == size() * (size() + 1) / 2; }
  // T as a matrix, for a dense one.
  Matrix matrix() const;
};

// From Sigma, and its derivatives where wanted: T = L^-1 and T' = -Phi(T Sigma' T')T, Phi the lower
// triangle with half the diagonal. Empty (size 0) where Sigma is not positive definite. Cost: n^3/3
// and n^3 for each derivative.
Whitening dense_whitening(const Matrix& sigma, const std::vector<Matrix>& derivatives);

// (T1 x T2), the first one varying slowest.
Whitening kronecker(const Whitening& first, const Whitening& second);

}  // namespace henderson::covariance
