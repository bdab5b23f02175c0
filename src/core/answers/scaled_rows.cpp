// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/scaled_rows.h"

#include <algorithm>
#include <cmath>

namespace henderson::answers {
namespace {

using likelihood::Evaluation;
using model::Model;
using model::Nodes;
using model::RandomBlock;

// Lambda'z of one coefficient of a level.
void add_lambda(const Matrix& lambda, Index coef, double value, SmallIndex first_column,
                std::vector<ScaledEntry>& row) {
  for (Index q = 0; q < lambda.cols(); ++q) {
    if (lambda(coef, q) != 0.0)
      row.push_back({first_column + static_cast<SmallIndex>(q), value * lambda(coef, q)});
  }
}

}  // namespace

ScaledRecords::ScaledRecords(const Evaluation& at) : at_(at) {
  const Nodes& nodes = at.model().cross_products.nodes;
  for (SmallIndex i = 0; i < nodes.count(); ++i)
    node_of_column_.insert(node_of_column_.end(), static_cast<std::size_t>(nodes.size(i)), i);
}

double ScaledRecords::root_weight(Index record) const {
  const Vector& weights = at_.model().weights;
  return weights.size() == 0 ? 1.0 : std::sqrt(weights[record]);
}

// An entry of W.
void ScaledRecords::add(SmallIndex column, double value, std::vector<ScaledEntry>& row) const {
  const Model& model = at_.model();
  const equations::Columns& columns = at_.equations().columns();
  const SmallIndex node = node_of_column_[column];
  const auto b = static_cast<std::size_t>(columns.block_of_node[node]);
  const SmallIndex first = columns.nodes.first_column[node];
  const SmallIndex coef = column - model.cross_products.nodes.first_column[node];
  if (b < model.blocks.size())
    add_lambda(at_.lambda()[b], coef, value, first, row);
  else
    row.push_back({first + coef, value});
}

void ScaledRecords::row(Index record, std::vector<ScaledEntry>& row) const {
  const model::SparseRows& w = at_.model().w;
  const double weight = root_weight(record);
  row.clear();
  for (Index a = w.start[record]; a < w.start[record + 1]; ++a)
    add(w.column[a], weight * w.value[a], row);
}

void ScaledRecords::missing_row(SmallIndex k, std::vector<ScaledEntry>& row) const {
  row.clear();
  add(at_.model().n_random_columns + k, 1.0, row);
}

double ScaledRecords::error(Index record) const {
  const Model& model = at_.model();
  double error = model.response[record];
  for (Index a = model.w.start[record]; a < model.w.start[record + 1]; ++a)
    error -= model.w.value[a] * at_.solution().unscaled[model.w.column[a]];
  return root_weight(record) * error;
}

ScaledFunctions::ScaledFunctions(const Evaluation& at) : at_(at) {
  const Model& model = at.model();
  first_.push_back(model.fixed.n_original);
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t)
    first_.push_back(first_.back() +
                     static_cast<Index>(model.n_coef_of_term[t]) * model.n_levels_of_term[t]);
  place_of_fixed_.assign(static_cast<std::size_t>(model.fixed.n_original), kNone);
  for (SmallIndex j = 0; j < model.rank(); ++j) place_of_fixed_[model.fixed.kept[j]] = j;
  for (std::size_t b = 0; b < model.blocks.size(); ++b)
    turned_.push_back(model.blocks[b].coef_transform * at.lambda()[b]);
}

void ScaledFunctions::row(const Eigen::SparseMatrix<double>& k, Index j,
                          std::vector<ScaledEntry>& row) const {
  const Model& model = at_.model();
  const model::FixedBasis& fixed = model.fixed;
  const SmallIndex first_fixed = at_.equations().columns().nodes.n_columns() - model.rank();
  Vector dense = Vector::Zero(fixed.n_dense);
  row.clear();
  for (Eigen::SparseMatrix<double>::InnerIterator entry(k, j); entry; ++entry) {
    if (entry.row() >= fixed.n_original) {
      add_random(entry.row(), entry.value(), row);
      continue;
    }
    const SmallIndex place = place_of_fixed_[entry.row()];
    if (place == kNone) continue;
    if (place < fixed.n_dense) {
      dense[place] = entry.value();
    } else {
      const double scale = fixed.sparse_scale[place - fixed.n_dense];
      row.push_back({first_fixed + place, model.response_unit * scale * entry.value()});
    }
  }
  if (dense.isZero(0.0)) return;
  const Vector turned = model.response_unit * (fixed.dense_transform.transpose() * dense);
  for (SmallIndex i = 0; i < fixed.n_dense; ++i) row.push_back({first_fixed + i, turned[i]});
}

void ScaledFunctions::add_random(Index effect, double value, std::vector<ScaledEntry>& row) const {
  const Model& model = at_.model();
  const auto t = static_cast<SmallIndex>(std::upper_bound(first_.begin(), first_.end(), effect) -
                                         first_.begin() - 1);
  const Index n_coef = model.n_coef_of_term[t], within = effect - first_[t];
  const auto level = static_cast<SmallIndex>(within / n_coef);
  const auto coef = static_cast<SmallIndex>(within % n_coef);
  const Nodes& nodes = at_.equations().columns().nodes;
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const SmallIndex own = coef - block.first_coef;
    if (block.term != t || own < 0 || own >= block.n_coef) continue;
    model::for_each_part(block.levels->combination(), level, [&](SmallIndex part, double share) {
      add_lambda(turned_[b], own, share * value, nodes.first_column[block.first_node + part], row);
    });
  }
}

}  // namespace henderson::answers
