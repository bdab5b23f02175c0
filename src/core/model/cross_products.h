// SPDX-License-Identifier: GPL-3.0-or-later
// W'W of a sparse matrix whose columns come in small groups ("nodes"), as a sparse symmetric matrix
// of small dense blocks.
//
// A node is a fixed effect (one column) or a level of a random term (one column per coefficient).
// The equations of every iteration are made from these blocks: with R known up to its scale, the
// records are never looked at again.
#pragma once

#include <vector>

#include "core/model/columns.h"

namespace henderson::model {

// Columns of node i are first_column[i], ..., first_column[i + 1] - 1. Nodes of sizes 1, 1, 2, 2:
// {0, 1, 2, 4, 6}.
struct Nodes {
  std::vector<SmallIndex> first_column{0};

  SmallIndex count() const { return static_cast<SmallIndex>(first_column.size()) - 1; }
  SmallIndex size(SmallIndex node) const { return first_column[node + 1] - first_column[node]; }
  SmallIndex n_columns() const { return first_column.back(); }
  void append(SmallIndex n_nodes, SmallIndex size);
};

// The blocks (i, j), i >= j, of a symmetric matrix, by columns of nodes. Block k, start[j] <= k <
// start[j + 1], is in row node[k]; its size(i) x size(j) values stand column by column from
// value[first_value[k]]. Rows are sorted, so that the diagonal block, which is stored whole, comes
// first; it is present for every node.
struct BlockSymmetric {
  Nodes nodes;
  std::vector<Index> start;
  std::vector<SmallIndex> node;
  std::vector<Index> first_value;
  std::vector<double> value;

  // product += M x for a matrix x with a row per column of M. Cost: 2 x nonzeros x columns of x.
  void multiply_add(const ConstMatrixRef& x, MatrixRef product) const;

  // The same for `width` vectors side by side (linalg/side_by_side.h).
  void multiply_add(Index width, const double* x, double* product) const;

  // The first n columns of M, which end with a node. Cost: their size.
  Matrix leading_columns(SmallIndex n) const;
};

// W' diag(weights) W (weights empty: ones) of the columns `nodes.n_columns()` of W. Cost: the sum
// over rows of the squared number of entries, and two thirds of the memory of W.
BlockSymmetric cross_products(const SparseRows& rows, const Nodes& nodes, const Vector& weights);

// The same of some columns of W: column c is column place[c] of what is multiplied, or kNone.
BlockSymmetric cross_products(const SparseRows& rows, const std::vector<SmallIndex>& place,
                              const Nodes& nodes, const Vector& weights);

// product += W' diag(weights) W x for `width` vectors side by side, without W'W. Cost: 4 x width
// flops for each entry of W.
void add_record_products(const SparseRows& rows, const Vector& weights, Index width,
                         const double* x, double* product);

// W' diag(weights) x
Vector weighted_cross_product(const SparseRows& rows, const Vector& weights,
                              const ConstVectorRef& x);

}  // namespace henderson::model
