// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/leverages.h"

#include <algorithm>

#include "core/equations/traces.h"

namespace henderson::equations {
namespace {

using model::BlockSymmetric;

// node_of[c] = i: column c of W is one of node i.
std::vector<SmallIndex> node_of_column(const model::Nodes& nodes) {
  std::vector<SmallIndex> node_of(static_cast<std::size_t>(nodes.n_columns()));
  for (SmallIndex i = 0; i < nodes.count(); ++i) {
    for (SmallIndex c = nodes.first_column[i]; c < nodes.first_column[i + 1]; ++c) node_of[c] = i;
  }
  return node_of;
}

// The values of block (i, j), i >= j. Needs: the matrix has it.
const double* block_values(const BlockSymmetric& layout, const std::vector<double>& values,
                           SmallIndex i, SmallIndex j) {
  const auto begin = layout.node.begin() + layout.start[j];
  const auto end = layout.node.begin() + layout.start[j + 1];
  const auto found = std::lower_bound(begin, end, i);
  return values.data() + layout.first_value[found - layout.node.begin()];
}

}  // namespace

Vector record_leverages(MixedModelEquations& equations, const Factors& lambda,
                        linalg::CholeskyFactor&& factor, Callbacks& callbacks) {
  linalg::InverseOptions options;
  options.threads = equations.threads();
  linalg::SelectedInverse inverse = linalg::selected_inverse(std::move(factor), options, callbacks);
  const std::vector<double> values = unscaled_inverse(equations, lambda, inverse);
  equations.give_back(std::move(inverse).release());

  const BlockSymmetric& layout = equations.cross_products();
  const std::vector<SmallIndex> node_of = node_of_column(layout.nodes);
  const std::vector<SmallIndex>& first = layout.nodes.first_column;
  const model::SparseRows& w = equations.model().w;
  Vector leverages = Vector::Zero(w.n_rows());
  for (Index r = 0; r < w.n_rows(); ++r) {
    for (Index a = w.start[r]; a < w.start[r + 1]; ++a) {
      for (Index b = w.start[r]; b <= a; ++b) {
        SmallIndex p = w.column[a], q = w.column[b];
        if (p < q) std::swap(p, q);
        const SmallIndex i = node_of[p], j = node_of[q];
        const double d = block_values(layout, values, i,
                                      j)[(q - first[j]) * layout.nodes.size(i) + (p - first[i])];
        leverages[r] += (a == b ? 1.0 : 2.0) * d * w.value[a] * w.value[b];
      }
    }
  }
  return leverages;
}

}  // namespace henderson::equations
