// SPDX-License-Identifier: GPL-3.0-or-later
// A A' of a matrix of small counts (genotypes), exactly and by bytes: 32 products an instruction
// where the processor has AVX2, against 4 of double precision.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/types.h"
#include "core/linalg/team.h"

namespace henderson::linalg {

constexpr int kLargestCount = 2;

// Whether every value is one of 0, 1, ..., kLargestCount.
bool is_count(const ConstVectorRef& column);

// What: the sum of a a' over columns a that come one by one. Sums are of integers, so they do not
// depend on the order or on the number of threads. Cost: n^2 / 2 products a column, and the memory
// of n^2 doubles and of n x kPanelWidth bytes.
class CountProduct {
 public:
  CountProduct(Index n, int threads);

  // Needs: is_count(column).
  void add(const ConstVectorRef& column);

  // The lower triangle of the sum; above the diagonal it is scratch.
  Matrix finish();

 private:
  void transpose_staged();
  void multiply_panel();

  Index n_, n_padded_;
  Team team_;
  Index n_staged_ = 0, n_panel_ = 0;  // columns in each
  std::vector<std::uint8_t> staged_;  // columns, n bytes each
  std::vector<std::uint8_t> panel_;   // rows, kRowBytes each
  Matrix product_;
};

}  // namespace henderson::linalg
