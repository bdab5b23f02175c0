// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/anova/growing_model.h"

namespace henderson::anova {
namespace {

// The columns are indicators with small whole numbers in W'W, or have been orthonormalised: what is
// left of an independent one is far above this share of it, of a dependent one far below.
constexpr double kDependentPivot = 1e-10;

SmallIndex end_of_terms(const model::Model& model, SmallIndex n_terms) {
  if (n_terms == 0) return 0;
  const model::RandomBlock& last = model.blocks[n_terms - 1];
  return last.first_column + last.n_levels;
}

}  // namespace

Sparse full_cross_products(const model::Model& model) {
  const model::BlockSymmetric& product = model.cross_products;
  const SmallIndex n = product.nodes.count();
  std::vector<Eigen::Triplet<double, int>> entries;
  entries.reserve(2 * product.node.size());
  for (SmallIndex j = 0; j < n; ++j) {
    for (Index k = product.start[j]; k < product.start[j + 1]; ++k) {
      const double value = product.value[product.first_value[k]];
      entries.emplace_back(product.node[k], j, value);
      if (product.node[k] != j) entries.emplace_back(j, product.node[k], value);
    }
  }
  Sparse cross(n, n);
  cross.setFromTriplets(entries.begin(), entries.end());
  return cross;
}

GrowingModel::GrowingModel(const model::Model& model, SmallIndex n_terms, int threads,
                           Callbacks& callbacks)
    : n_leading_(end_of_terms(model, n_terms)),
      n_random_(model.n_random_columns),
      n_(n_leading_ + model.rank()),
      factor_(make_factor(model, threads, callbacks)),
      rank_(n_ - static_cast<SmallIndex>(factor_.dependent.size())) {}

SmallIndex GrowingModel::place(SmallIndex column_of_w) const {
  if (column_of_w < n_leading_) return column_of_w;
  return column_of_w < n_random_ ? kNone : column_of_w - n_random_ + n_leading_;
}

linalg::SemidefiniteFactor GrowingModel::make_factor(const model::Model& model, int threads,
                                                     Callbacks& callbacks) const {
  const model::BlockSymmetric& product = model.cross_products;
  linalg::LowerPattern pattern;
  pattern.n = n_;
  pattern.start.push_back(0);
  std::vector<double> values;
  for (SmallIndex j = 0; j < product.nodes.count(); ++j) {
    if (place(j) == kNone) continue;
    for (Index k = product.start[j]; k < product.start[j + 1]; ++k) {
      if (place(product.node[k]) == kNone) continue;
      pattern.row.push_back(place(product.node[k]));
      values.push_back(product.value[product.first_value[k]]);
    }
    pattern.start.push_back(static_cast<Index>(pattern.row.size()));
  }
  auto symbolic = linalg::analyze(pattern, linalg::AnalyzeOptions{});
  const std::vector<Index> positions = symbolic->positions(pattern);
  linalg::Panels panels(std::move(symbolic));
  panels.set_zero();
  for (std::size_t k = 0; k < positions.size(); ++k) panels.data()[positions[k]] = values[k];
  return linalg::factorize_semidefinite(std::move(panels), kDependentPivot,
                                        linalg::FactorOptions{threads}, callbacks);
}

Vector GrowingModel::fitted(const model::Model& model) const {
  Vector b(n_);
  b.head(n_leading_) = model.rhs.head(n_leading_);
  b.tail(model.rank()) = model.rhs.tail(model.rank());
  solve(b);
  Vector all = Vector::Zero(model.rhs.size());
  all.head(n_leading_) = b.head(n_leading_);
  all.tail(model.rank()) = b.tail(model.rank());
  return model::multiply(model.w, all);
}

Sparse GrowingModel::cross_products_with(const Sparse& cross, SmallIndex first_column,
                                         SmallIndex n_columns) const {
  std::vector<Eigen::Triplet<double, int>> entries;
  for (SmallIndex c = 0; c < n_columns; ++c) {
    for (Sparse::InnerIterator it(cross, first_column + c); it; ++it) {
      const SmallIndex row = place(static_cast<SmallIndex>(it.row()));
      if (row != kNone) entries.emplace_back(row, c, it.value());
    }
  }
  Sparse part(n_, n_columns);
  part.setFromTriplets(entries.begin(), entries.end());
  return part;
}

}  // namespace henderson::anova
