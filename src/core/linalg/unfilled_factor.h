// SPDX-License-Identifier: GPL-3.0-or-later
// The factor of a sparse precision matrix that, eliminated from its last row up, fills nowhere.
#pragma once

#include <optional>
#include <vector>

#include "core/base/types.h"
#include "core/linalg/sparse.h"

namespace henderson::linalg {

// A = U D U', U unit upper triangular with the pattern of A. So are the inverse relationship
// matrices of pedigrees with parents first (column j of U has an animal's parents, D^-1 its
// Mendelian variance), although their pattern, which links mates too, does fill: what elimination
// adds to such a link cancels.
class UnfilledFactor {
 public:
  double log_determinant() const;  // log|A|

  // What: x := A^-1 x. Cost: the entries of U for each column.
  void solve(MatrixRef x) const;

  // What: out += (A x I_width) x, U D U' row by row: `width` entries of x for each row of A stand
  // together. Cost: 4 x width flops for each entry of U, and one pass over it.
  void multiply_add(Index width, const double* x, double* out) const;

  // What: x := U^-T D^-1/2 x, for standard normal x a draw of covariance A^-1 in each of `width`
  // vectors side by side. Cost: 2 x width flops for each entry of U.
  void draw(Index width, double* x) const;

  SmallIndex size() const { return static_cast<SmallIndex>(d_.size()); }

 private:
  friend std::optional<UnfilledFactor> unfilled_factor(const LowerPattern& pattern,
                                                       const std::vector<double>& value);
  std::vector<Index> start_;     // column j of U: entries start_[j], ..., start_[j + 1] - 1
  std::vector<SmallIndex> row_;  // increasing within a column, all above the diagonal
  std::vector<double> u_;
  std::vector<double> d_;
};

// What: the factor, or nothing where an entry outside the pattern of A would not vanish (but for
// rounding), where a pivot is not positive, or where the columns of U are long. Needs: the lower
// triangle of A and its values. Cost: the entries of A, and the squares of the numbers of entries
// in columns of U, at most eight times the former. Source: Henderson (1976), Biometrics 32, for the
// factor of A^-1 of a pedigree.
std::optional<UnfilledFactor> unfilled_factor(const LowerPattern& pattern,
                                              const std::vector<double>& value);

}  // namespace henderson::linalg
