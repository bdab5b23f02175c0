// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/prior_root.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <numeric>
#include <vector>

namespace henderson::equations {
namespace {

using linalg::SymbolicFactor;
using model::RandomBlock;

// Levels in the order in which their columns first, first + step, ... are eliminated.
std::vector<Index> eliminated_order(const SymbolicFactor& symbolic, Index n_levels, Index first,
                                    Index step) {
  std::vector<Index> order(static_cast<std::size_t>(n_levels));
  std::iota(order.begin(), order.end(), Index{0});
  const auto place = [&](Index level) { return symbolic.new_of_old()[first + step * level]; };
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return place(i) < place(j); });
  return order;
}

// F with F'F = K^-1, triangular in this order of the levels: it has no entries then but where the
// factor of C has them.
Matrix precision_root(const model::Relationship& precision, const std::vector<Index>& order) {
  const auto n = static_cast<Index>(order.size());
  std::vector<Index> place(order.size());
  for (Index i = 0; i < n; ++i) place[order[i]] = i;
  Matrix dense = Matrix::Zero(n, n);
  for (Index l = 0; l < n; ++l)
    for (Index k = precision.start[l]; k < precision.start[l + 1]; ++k) {
      const Index i = place[precision.row[k]], j = place[l];
      dense(std::max(i, j), std::min(i, j)) = precision.value[k];
    }
  return dense.selfadjointView<Eigen::Lower>().llt().matrixU();
}

}  // namespace

void add_prior_root(const RandomBlock& block, const SymbolicFactor& symbolic, SmallIndex first,
                    linalg::SparseRows& rows) {
  const auto m = static_cast<SmallIndex>(block.structure->n_columns());
  const SmallIndex n = block.n_levels;
  if (block.levels->is_identity()) {
    for (SmallIndex i = 0; i < n * m; ++i) {
      rows.add(first + i, 1.0);
      rows.end_row();
    }
    return;
  }
  std::vector<Index> order;
  Matrix upper;
  for (SmallIndex c = 0; c < m; ++c) {
    std::vector<Index> own = eliminated_order(symbolic, n, first + c, m);
    if (own != order) {
      order = std::move(own);
      upper = precision_root(block.levels->relationship(), order);
    }
    for (SmallIndex i = 0; i < n; ++i) {
      for (SmallIndex j = i; j < n; ++j)
        if (upper(i, j) != 0.0)
          rows.add(first + m * static_cast<SmallIndex>(order[j]) + c, upper(i, j));
      rows.end_row();
    }
  }
}

}  // namespace henderson::equations
