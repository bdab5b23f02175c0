// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/scaled_rows.h"

#include <cmath>

namespace henderson::answers {

using likelihood::Evaluation;
using model::Model;
using model::Nodes;

void add_coefficient(const Matrix& lambda, Index coef, double value, SmallIndex first_column,
                     std::vector<ScaledEntry>& row) {
  for (Index q = 0; q < lambda.cols(); ++q) {
    if (lambda(coef, q) != 0.0)
      row.push_back({first_column + static_cast<SmallIndex>(q), value * lambda(coef, q)});
  }
}

ScaledRecords::ScaledRecords(const Evaluation& at)
    : at_(at), lambda_(at.model(), at.equations().columns(), at.lambda()) {
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
    add_coefficient(lambda_[node], coef, value, first, row);
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

}  // namespace henderson::answers
