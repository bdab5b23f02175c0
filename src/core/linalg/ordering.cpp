// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/ordering.h"

#include <Eigen/OrderingMethods>
#include <Eigen/SparseCore>
#include <numeric>

namespace henderson::linalg {

namespace {

template <class Number>
using Sparse = Eigen::SparseMatrix<char, Eigen::ColMajor, Number>;

// The lower triangle of the leading block, as Eigen wants it; the values do not matter.
template <class Number>
Sparse<Number> leading_block(const LowerPattern& pattern, SmallIndex size) {
  Sparse<Number> lower(size, size);
  lower.reserve(pattern.start[size]);
  for (SmallIndex j = 0; j < size; ++j) {
    lower.startVec(j);
    for (Index k = pattern.start[j]; k < pattern.start[j + 1] && pattern.row[k] < size; ++k)
      lower.insertBack(pattern.row[k], j) = 1;
  }
  lower.finalize();
  return lower;
}

template <class Number>
void order_leading(const LowerPattern& pattern, SmallIndex leading,
                   std::vector<SmallIndex>& order) {
  const Sparse<Number> lower = leading_block<Number>(pattern, leading);
  if (lower.nonZeros() == Index{leading} * (leading + 1) / 2) return;  // dense: no fill
  Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, Number> permutation;
  Eigen::AMDOrdering<Number>()(lower.template selfadjointView<Eigen::Lower>(), permutation);
  for (SmallIndex k = 0; k < leading; ++k)
    order[k] = static_cast<SmallIndex>(permutation.indices()[k]);
}

// The minimum degree code adds up the numbers of a node's neighbours and uses the sum as a place:
// below this size the sum stays in an int. The room that it wants is less than three times the
// entries of the lower triangle.
constexpr SmallIndex kIntSize = 65536;
constexpr std::size_t kIntEntries = std::size_t{1} << 29;

}  // namespace

std::vector<SmallIndex> amd_order(const LowerPattern& pattern, SmallIndex n_last) {
  const SmallIndex leading = pattern.n - n_last;
  std::vector<SmallIndex> order(pattern.n);
  std::iota(order.begin(), order.end(), 0);
  if (leading <= 2) return order;
  if (leading < kIntSize && pattern.row.size() < kIntEntries)
    order_leading<int>(pattern, leading, order);
  else
    order_leading<Index>(pattern, leading, order);
  return order;
}

}  // namespace henderson::linalg
