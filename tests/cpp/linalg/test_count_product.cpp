// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch.h>

#include <random>

#include "core/linalg/count_product.h"
#include "core/linalg/dense.h"

namespace {

using namespace henderson;

Matrix random_counts(Index n, Index n_columns, unsigned seed) {
  std::mt19937 random(seed);
  Matrix counts(n, n_columns);
  for (Index k = 0; k < counts.size(); ++k)
    counts.data()[k] = static_cast<double>(random() % (linalg::kLargestCount + 1));
  return counts;
}

Matrix by_bytes(const Matrix& counts, int threads) {
  linalg::CountProduct product(counts.rows(), threads);
  for (Index j = 0; j < counts.cols(); ++j) product.add(counts.col(j));
  Matrix sum = product.finish();
  linalg::mirror_lower(sum);
  return sum;
}

}  // namespace

// Panels have 4096 columns of 64 staged ones, tiles 4 rows, blocks 64 rows: sizes on both sides.
TEST_CASE("products of counts are exact", "[count_product]") {
  unsigned seed = 0;
  for (const Index n : {1, 2, 3, 4, 5, 63, 64, 65, 131}) {
    for (const Index n_columns : {0, 1, 63, 64, 65, 4095, 4096, 4097, 9000}) {
      const Matrix counts = random_counts(n, n_columns, ++seed);
      const Matrix expected = counts * counts.transpose();
      CHECK(by_bytes(counts, 1) == expected);
      CHECK(by_bytes(counts, 2) == expected);
    }
  }
}

TEST_CASE("the largest counts do not overflow", "[count_product]") {
  const Matrix counts = Matrix::Constant(9, 10000, linalg::kLargestCount);
  CHECK(by_bytes(counts, 1) == Matrix::Constant(9, 9, 40000.0));
}

TEST_CASE("what is a count", "[count_product]") {
  CHECK(linalg::is_count((Vector(4) << 0, 1, 2, 0).finished()));
  for (const double other : {0.5, 3.0, -1.0, std::nan("")})
    CHECK_FALSE(linalg::is_count((Vector(3) << 0, other, 2).finished()));
}
