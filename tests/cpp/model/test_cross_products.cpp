// SPDX-License-Identifier: GPL-3.0-or-later
// W'W in blocks, against the dense product.
#include <catch.h>

#include "core/model/cross_products.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::dense_product;
using test::dense_rows;
using test::difference;
using test::normal;
using test::random_levels;

// A sparse matrix whose rows name some columns twice, and some not at all.
SparseRows random_rows(Index n_rows, SmallIndex n_columns, std::mt19937& engine) {
  SparseRows rows;
  rows.n_columns = n_columns;
  rows.start.push_back(0);
  for (Index r = 0; r < n_rows; ++r) {
    const std::vector<SmallIndex> columns = random_levels(r % 5, n_columns, engine);
    const Vector values = normal(static_cast<Index>(columns.size()), engine);
    rows.column.insert(rows.column.end(), columns.begin(), columns.end());
    rows.value.insert(rows.value.end(), values.data(), values.data() + values.size());
    if (!columns.empty()) {
      rows.column.push_back(columns[0]);
      rows.value.push_back(0.5);
    }
    rows.start.push_back(static_cast<Index>(rows.column.size()));
  }
  return rows;
}

}  // namespace

TEST_CASE("cross-products in blocks are those of the dense matrix") {
  std::mt19937 engine(2);
  for (int repeat = 0; repeat < 10; ++repeat) {
    Nodes nodes;
    nodes.append(4, 2);
    nodes.append(3, 1);
    nodes.append(2, 3);
    const Index n = 5 * repeat;
    const SparseRows rows = random_rows(n, nodes.n_columns(), engine);
    const Matrix w = dense_rows(rows);
    const Vector y = normal(n, engine), weights = normal(n, engine).cwiseAbs(), none;
    const BlockSymmetric plain = cross_products(rows, nodes, none);
    const BlockSymmetric weighted = cross_products(rows, nodes, weights);
    CHECK(difference(dense_product(plain), w.transpose() * w) < 1e-13);
    CHECK(difference(dense_product(weighted), w.transpose() * weights.asDiagonal() * w) < 1e-13);
    // Nodes 1, 4, 5 and 8 alone.
    std::vector<SmallIndex> place(nodes.n_columns(), kNone);
    const std::vector<SmallIndex> chosen{2, 3, 8, 9, 14, 15, 16};
    Matrix some(n, 7);
    for (SmallIndex c = 0; c < 7; ++c) {
      place[chosen[c]] = c;
      some.col(c) = w.col(chosen[c]);
    }
    Nodes own;
    own.append(1, 2);
    own.append(2, 1);
    own.append(1, 3);
    CHECK(difference(dense_product(cross_products(rows, place, own, weights)),
                     some.transpose() * weights.asDiagonal() * some) < 1e-13);
    CHECK(difference(weighted_cross_product(rows, none, y), w.transpose() * y) < 1e-13);
    CHECK(difference(weighted_cross_product(rows, weights, y),
                     w.transpose() * weights.cwiseProduct(y)) < 1e-13);
    CHECK(weighted.leading_columns(nodes.first_column[5]) ==
          dense_product(weighted).leftCols(nodes.first_column[5]));
    Matrix x(nodes.n_columns(), 11);
    for (Index c = 0; c < x.cols(); ++c) x.col(c) = normal(nodes.n_columns(), engine);
    Matrix product = x;
    weighted.multiply_add(x, product);
    CHECK(difference(product, x + w.transpose() * weights.asDiagonal() * w * x) < 1e-13);
  }
}

}  // namespace henderson::model
