// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/sparse.h"

#include <algorithm>
#include <string>

namespace henderson::linalg {

void validate(const LowerPattern& pattern) {
  const SmallIndex n = pattern.n;
  if (n < 0 || static_cast<Index>(pattern.start.size()) != n + Index{1} || pattern.start[0] != 0)
    throw PatternMismatch("a pattern needs n + 1 column starts, the first of them 0");
  if (pattern.start[n] != static_cast<Index>(pattern.row.size()))
    throw PatternMismatch("the last column start must be the number of entries");
  for (SmallIndex j = 0; j < n; ++j) {
    const Index first = pattern.start[j], last = pattern.start[j + 1];
    bool good = first < last && last <= pattern.start[n] && pattern.row[first] == j &&
                pattern.row[last - 1] < n;
    for (Index k = first + 1; good && k < last; ++k) good = pattern.row[k - 1] < pattern.row[k];
    if (!good)
      throw PatternMismatch("column " + std::to_string(j) +
                            " must start with its diagonal and have increasing rows");
  }
}

namespace {

// The transpose of a compressed pattern with n columns and n rows; its columns are sorted.
LowerPattern transpose(const LowerPattern& a) {
  LowerPattern t;
  t.n = a.n;
  t.start.assign(static_cast<std::size_t>(a.n) + 1, 0);
  for (const SmallIndex i : a.row) ++t.start[i + 1];
  for (SmallIndex j = 0; j < a.n; ++j) t.start[j + 1] += t.start[j];
  t.row.resize(a.row.size());
  std::vector<Index> next(t.start.begin(), t.start.end() - 1);
  for (SmallIndex j = 0; j < a.n; ++j)
    for (Index k = a.start[j]; k < a.start[j + 1]; ++k) t.row[next[a.row[k]]++] = j;
  return t;
}

}  // namespace

LowerPattern permute(const LowerPattern& pattern, const std::vector<SmallIndex>& new_of_old) {
  // The upper triangle of the result by columns, unsorted; its transpose is the sorted lower one.
  LowerPattern upper;
  upper.n = pattern.n;
  upper.start.assign(static_cast<std::size_t>(pattern.n) + 1, 0);
  for (SmallIndex j = 0; j < pattern.n; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k)
      ++upper.start[std::max(new_of_old[j], new_of_old[pattern.row[k]]) + 1];
  for (SmallIndex j = 0; j < pattern.n; ++j) upper.start[j + 1] += upper.start[j];
  upper.row.resize(pattern.row.size());
  std::vector<Index> next(upper.start.begin(), upper.start.end() - 1);
  for (SmallIndex j = 0; j < pattern.n; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k) {
      const SmallIndex a = new_of_old[j], b = new_of_old[pattern.row[k]];
      upper.row[next[std::max(a, b)]++] = std::min(a, b);
    }
  return transpose(upper);
}

LowerPattern strict_rows(const LowerPattern& pattern) {
  LowerPattern strict;
  strict.n = pattern.n;
  strict.start.assign(static_cast<std::size_t>(pattern.n) + 1, 0);
  strict.row.reserve(pattern.row.size() - static_cast<std::size_t>(pattern.n));
  for (SmallIndex j = 0; j < pattern.n; ++j) {
    for (Index k = pattern.start[j] + 1; k < pattern.start[j + 1]; ++k)
      strict.row.push_back(pattern.row[k]);
    strict.start[j + 1] = static_cast<Index>(strict.row.size());
  }
  return transpose(strict);
}

std::vector<SmallIndex> inverse_permutation(const std::vector<SmallIndex>& order) {
  std::vector<SmallIndex> inverse(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) inverse[order[k]] = static_cast<SmallIndex>(k);
  return inverse;
}

}  // namespace henderson::linalg
