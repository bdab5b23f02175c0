// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/ordering.h"

#include <Eigen/OrderingMethods>
#include <Eigen/SparseCore>
#include <numeric>

namespace henderson::linalg {

namespace {

// Not int: the minimum degree code adds up the numbers of a node's neighbours, which passes 2^31
// for 2000 neighbours among 10^6 nodes, and uses the sum as a place.
using Sparse = Eigen::SparseMatrix<char, Eigen::ColMajor, Index>;

// The lower triangle of the leading block, as Eigen wants it; the values do not matter.
Sparse leading_block(const LowerPattern& pattern, SmallIndex size) {
  Sparse lower(size, size);
  lower.reserve(pattern.start[size]);
  for (SmallIndex j = 0; j < size; ++j) {
    lower.startVec(j);
    for (Index k = pattern.start[j]; k < pattern.start[j + 1] && pattern.row[k] < size; ++k)
      lower.insertBack(pattern.row[k], j) = 1;
  }
  lower.finalize();
  return lower;
}

}  // namespace

std::vector<SmallIndex> amd_order(const LowerPattern& pattern, SmallIndex n_last) {
  const SmallIndex leading = pattern.n - n_last;
  std::vector<SmallIndex> order(pattern.n);
  std::iota(order.begin(), order.end(), 0);
  if (leading <= 2) return order;
  const Sparse lower = leading_block(pattern, leading);
  if (lower.nonZeros() == Index{leading} * (leading + 1) / 2) return order;  // dense: no fill
  Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, Index> permutation;
  Eigen::AMDOrdering<Index>()(lower.selfadjointView<Eigen::Lower>(), permutation);
  for (SmallIndex k = 0; k < leading; ++k)
    order[k] = static_cast<SmallIndex>(permutation.indices()[k]);
  return order;
}

}  // namespace henderson::linalg
