// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/matrices.h"

#include <catch.h>

namespace henderson::test {

using model::BlockSymmetric;
using model::Nodes;
using model::SparseRows;

SparseRows sparse_rows(const Matrix& dense) {
  SparseRows rows;
  rows.n_columns = dense.cols();
  rows.start.push_back(0);
  for (Index r = 0; r < dense.rows(); ++r) {
    for (SmallIndex c = 0; c < dense.cols(); ++c) {
      if (dense(r, c) == 0.0) continue;
      rows.column.push_back(c);
      rows.value.push_back(dense(r, c));
    }
    rows.start.push_back(static_cast<Index>(rows.column.size()));
  }
  return rows;
}

Matrix dense_rows(const SparseRows& rows) {
  Matrix dense = Matrix::Zero(rows.n_rows(), rows.n_columns);
  for (Index r = 0; r < rows.n_rows(); ++r) {
    for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k)
      dense(r, rows.column[k]) += rows.value[k];
  }
  return dense;
}

Matrix dense_product(const BlockSymmetric& product) {
  const Nodes& nodes = product.nodes;
  Matrix dense = Matrix::Zero(nodes.n_columns(), nodes.n_columns());
  for (SmallIndex j = 0; j < nodes.count(); ++j) {
    REQUIRE(product.node[product.start[j]] == j);
    for (Index k = product.start[j]; k < product.start[j + 1]; ++k) {
      const SmallIndex i = product.node[k];
      if (k > product.start[j]) REQUIRE(product.node[k - 1] < i);
      const Eigen::Map<const Matrix> block(product.value.data() + product.first_value[k],
                                           nodes.size(i), nodes.size(j));
      dense.block(nodes.first_column[i], nodes.first_column[j], nodes.size(i), nodes.size(j)) =
          block;
      dense.block(nodes.first_column[j], nodes.first_column[i], nodes.size(j), nodes.size(i)) =
          block.transpose();
    }
  }
  return dense;
}

Matrix indicators(const std::vector<SmallIndex>& level, SmallIndex n_levels) {
  Matrix z = Matrix::Zero(static_cast<Index>(level.size()), n_levels);
  for (std::size_t r = 0; r < level.size(); ++r) z(static_cast<Index>(r), level[r]) = 1.0;
  return z;
}

Matrix beside(const Matrix& a, const Matrix& b) {
  Matrix both(a.rows(), a.cols() + b.cols());
  both << a, b;
  return both;
}

}  // namespace henderson::test
