// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/square_root.h"

#include <utility>
#include <vector>

#include "core/equations/node_factors.h"
#include "core/equations/prior_root.h"

namespace henderson::equations {
namespace {

using linalg::SparseRows;
using model::Nodes;

// Combinations of the columns of W, row by row, as combinations of those of C.
class ScaledRows {
 public:
  ScaledRows(const model::Model& model, const Columns& columns, const Factors& lambda,
             SmallIndex n_columns)
      : nodes_(model.cross_products.nodes),
        columns_(columns),
        lambda_(model, columns, lambda),
        n_columns_(n_columns),
        sum_(static_cast<std::size_t>(columns.nodes.n_columns()), 0.0),
        is_there_(sum_.size(), false) {
    for (SmallIndex i = 0; i < nodes_.count(); ++i)
      node_of_column_.insert(node_of_column_.end(), static_cast<std::size_t>(nodes_.size(i)), i);
  }

  void add(SmallIndex column, double value) {
    const SmallIndex node = node_of_column_[column];
    const SmallIndex coef = column - nodes_.first_column[node];
    const SmallIndex first = columns_.nodes.first_column[node];
    const Matrix& lambda = lambda_[node];
    for (Index q = 0; q < lambda.cols(); ++q)
      add_scaled(first + static_cast<SmallIndex>(q), value * lambda(coef, q));
  }

  void end_row(SparseRows& rows) {
    for (const SmallIndex column : there_) {
      const double value = std::exchange(sum_[column], 0.0);
      if (value != 0.0) rows.add(column, value);
      is_there_[column] = false;
    }
    there_.clear();
    rows.end_row();
  }

 private:
  void add_scaled(SmallIndex column, double value) {
    if (column >= n_columns_) return;
    if (!is_there_[column]) {
      is_there_[column] = true;
      there_.push_back(column);
    }
    sum_[column] += value;
  }

  const Nodes& nodes_;  // of W
  const Columns& columns_;
  const NodeFactors lambda_;
  const SmallIndex n_columns_;
  std::vector<SmallIndex> node_of_column_;  // of W
  std::vector<double> sum_;                 // the row so far
  std::vector<char> is_there_;
  std::vector<SmallIndex> there_;
};

}  // namespace

SparseRows square_root(const model::Model& model, const Columns& columns,
                       const linalg::SymbolicFactor& symbolic, const Factors& lambda,
                       const Records& records) {
  ScaledRows scaled(model, columns, lambda, symbolic.size());
  const SparseRows unscaled = records.rows();
  SparseRows rows;
  for (Index i = 0; i < unscaled.n_rows(); ++i) {
    unscaled.visit(i,
                   [&](const linalg::RowEntry& entry) { scaled.add(entry.column, entry.value); });
    scaled.end_row(rows);
  }
  for (const model::RandomBlock& block : model.blocks)
    add_prior_root(block, symbolic, columns.nodes.first_column[block.first_node], rows);
  return rows;
}

}  // namespace henderson::equations
