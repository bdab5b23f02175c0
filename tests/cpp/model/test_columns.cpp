// SPDX-License-Identifier: GPL-3.0-or-later
// Columns of terms, against explicit dense products.
#include <catch.h>

#include <numeric>

#include "core/base/error.h"
#include "core/model/columns.h"
#include "support/mixed_models.h"

namespace henderson::model {
namespace {

using test::dense_columns;
using test::dense_rows;
using test::difference;
using test::normal;
using test::random_levels;

}  // namespace

TEST_CASE("columns of terms are row-wise products, the first part varying fastest") {
  std::mt19937 engine(1);
  const Index n = 15;
  Matrix numeric(n, 2);
  numeric << normal(n, engine), normal(n, engine);
  numeric(3, 0) = numeric(4, 1) = 0.0;
  const FactorPart a{random_levels(n, 3, engine), test::treatment_coding(3)};
  FactorPart b{random_levels(n, 4, engine), test::full_coding(4)};
  b.coding.column.push_back(0);  // the last level stands in two columns, as with contr.sum
  b.coding.value.push_back(-1.0);
  b.coding.start.back() = 5;
  const std::vector<ColumnTerm> terms{
      {}, {{numeric}}, {{a}}, {{b}}, {{a, b}}, {{numeric, a, b}}, {{b, numeric.col(0)}}};
  const SparseRows rows = expand(terms, n, "here");
  CHECK(rows.n_columns == 1 + 2 + 2 + 4 + 8 + 16 + 4);
  CHECK(dense_rows(rows) == dense_columns(terms, n));
  for (const double value : rows.value) CHECK(value != 0.0);
  const Vector x = normal(rows.n_columns, engine);
  CHECK(difference(multiply(rows, x), dense_rows(rows) * x) < 1e-14);
  CHECK(n_columns(terms[5]) == 16);
  CHECK(expand({}, n, "here").n_rows() == n);
}

TEST_CASE("columns: what does not fit throws") {
  const FactorPart factor{{0, 1, 2}, test::full_coding(2)};
  CHECK_THROWS_AS(expand({{{factor}}}, 3, "here"), InvalidSpec);
  CHECK_THROWS_AS(expand({{{FactorPart{{0, kNone}, test::full_coding(2)}}}}, 2, "here"),
                  InvalidSpec);
  CHECK_THROWS_AS(expand({{{Matrix(Matrix::Ones(2, 1))}}}, 3, "here"), DimensionMismatch);
  CHECK_THROWS_AS(expand({{{Matrix(Matrix::Constant(3, 1, HUGE_VAL))}}}, 3, "here"), InvalidSpec);
  const FactorPart wide{{0}, [] {
                          Coding coding;
                          coding.n_columns = 1 << 20;
                          coding.start = {0, 0};
                          return coding;
                        }()};
  CHECK_THROWS_AS(n_columns(ColumnTerm{{wide, wide}}), InvalidSpec);
}

TEST_CASE("a coding with one long row reserves what its records need") {
  // contr.sum of many levels: the last level has an entry in every column.
  const SmallIndex n_levels = 20000;
  Coding coding = test::full_coding(n_levels - 1);
  for (SmallIndex c = 0; c < n_levels - 1; ++c) {
    coding.column.push_back(c);
    coding.value.push_back(-1.0);
  }
  coding.start.push_back(static_cast<Index>(coding.column.size()));
  std::vector<SmallIndex> level(n_levels);
  std::iota(level.begin(), level.end(), 0);
  const SparseRows rows = expand({{{FactorPart{level, coding}}}}, n_levels, "here");
  CHECK(rows.column.size() == 2u * (n_levels - 1));
  CHECK(rows.column.capacity() < 8u * n_levels);
}

}  // namespace henderson::model
