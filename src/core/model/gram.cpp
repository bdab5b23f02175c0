// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/gram.h"

#include "core/base/error.h"
#include "core/model/cross_products.h"

namespace henderson::model {

linalg::Panels gram(const SparseRows& x, const Vector& weights) {
  Nodes nodes;
  nodes.append(static_cast<SmallIndex>(x.n_columns), 1);
  BlockSymmetric product = cross_products(x, nodes, weights);
  const linalg::LowerPattern pattern{nodes.count(), std::move(product.start),
                                     std::move(product.node)};
  auto symbolic = linalg::analyze(pattern, linalg::AnalyzeOptions{});
  const std::vector<Index> positions = symbolic->positions(pattern);
  linalg::Panels panels(std::move(symbolic));
  panels.set_zero();
  for (std::size_t k = 0; k < positions.size(); ++k) {
    panels.data()[positions[k]] = product.value[product.first_value[k]];
  }
  return panels;
}

Vector least_squares(const SparseRows& x, const Vector& weights, const Vector& y, bool orthonormal,
                     Callbacks& callbacks) {
  Vector b = weighted_cross_product(x, weights, y);
  if (orthonormal) return b;
  auto factor = linalg::factorize(gram(x, weights), linalg::FactorOptions{}, callbacks);
  if (std::holds_alternative<linalg::NotPositiveDefinite>(factor)) {
    throw InvalidSpec("formula", "the fixed effects are too nearly dependent to be told apart");
  }
  std::get<linalg::CholeskyFactor>(factor).solve(b);
  return b;
}

}  // namespace henderson::model
