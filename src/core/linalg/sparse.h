// SPDX-License-Identifier: GPL-3.0-or-later
// Patterns of sparse symmetric matrices.
#pragma once

#include <vector>

#include "core/base/error.h"
#include "core/base/types.h"

namespace henderson::linalg {

// A pattern or an object made from it does not fit the pattern that was analysed.
class PatternMismatch : public Error {
 public:
  using Error::Error;
};

// The lower triangle of a symmetric matrix of order n, the whole diagonal included, by columns;
// within a column the rows increase, so the diagonal comes first. Example: a 3 x 3 matrix with the
// off-diagonal entry (2, 0): start = {0, 2, 3, 4}, row = {0, 2, 1, 2}.
struct LowerPattern {
  SmallIndex n = 0;
  std::vector<Index>
      start;  // start[j] = k means column j has its entries at k, ..., start[j + 1] - 1; size n + 1
  std::vector<SmallIndex> row;  // row[k] = i means entry k is in row i >= its column
};

// What: checks that a pattern is what LowerPattern says. Cost: the number of entries. Throws
// PatternMismatch.
void validate(const LowerPattern& pattern);

// What: the pattern of P A P'. Needs: new_of_old[i] = k means row i of A becomes row k.
// Gives: a valid LowerPattern: an entry that falls above the diagonal is reflected. Cost: O(n +
// entries).
LowerPattern permute(const LowerPattern& pattern, const std::vector<SmallIndex>& new_of_old);

// What: the strict lower triangle by rows: column i of the result lists the columns j < i of row i,
// increasing. Its row[k] = j are therefore above the diagonal: not a LowerPattern in the sense of
// validate(). Cost: O(n + entries).
LowerPattern strict_rows(const LowerPattern& pattern);

// inverse[order[k]] = k.
std::vector<SmallIndex> inverse_permutation(const std::vector<SmallIndex>& order);

}  // namespace henderson::linalg
