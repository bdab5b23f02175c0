// SPDX-License-Identifier: GPL-3.0-or-later
// Products with blocks of W'W of which most rows and columns are zero, against plain products.
#include <catch.h>

#include <algorithm>

#include "core/equations/sandwich.h"
#include "support/mixed_models.h"

namespace henderson::equations {
namespace {

Matrix random_matrix(Index rows, Index columns, std::mt19937& engine) {
  Matrix made(rows, columns);
  for (Index c = 0; c < columns; ++c) made.col(c) = test::normal(rows, engine);
  return made;
}

// Every `every`-th row and column has entries; none where it is 0.
Matrix with_gaps(Index rows, Index columns, Index every, std::mt19937& engine) {
  Matrix made = random_matrix(rows, columns, engine);
  for (Index i = 0; i < rows; ++i) {
    if (every == 0 || i % every != 0) made.row(i).setZero();
  }
  for (Index j = 0; j < columns; ++j) {
    if (every == 0 || j % every != 0) made.col(j).setZero();
  }
  return made;
}

}  // namespace

TEST_CASE("sandwich: products without the empty rows and columns") {
  std::mt19937 engine(3);
  Sandwich sandwich;
  for (const auto& [ni, nj] :
       {std::pair<Index, Index>{3, 3}, {40, 40}, {40, 1}, {25, 40}, {17, 2}}) {
    for (const Index every : {0, 1, 7}) {
      INFO(ni << " x " << nj << ", every " << every);
      const Matrix m = with_gaps(ni, nj, every, engine);
      // Lambda may be rectangular.
      const Matrix li = random_matrix(ni, ni + 2, engine), lj = random_matrix(nj, nj + 1, engine);
      const Matrix d = random_matrix(ni + 2, nj + 1, engine);
      const BlockView view(m.data(), ni, nj);
      Matrix out;
      sandwich.multiply(li, view, lj, out);
      CHECK(test::difference(out, li.transpose() * m * lj) < 1e-13);
      Matrix sum = Matrix::Ones(nj + 1, nj), sum_back = Matrix::Ones(ni + 2, ni);
      const Matrix expected = sum + d.transpose() * li.transpose() * m;
      const Matrix expected_back = sum_back + d * lj.transpose() * m.transpose();
      sandwich.add_trace(li, view, d, sum);
      sandwich.add_transposed_trace(lj, view, d, sum_back);
      CHECK(test::difference(sum, expected) < 1e-13);
      CHECK(test::difference(sum_back, expected_back) < 1e-13);
    }
  }
}

}  // namespace henderson::equations
