// SPDX-License-Identifier: GPL-3.0-or-later
// Products of a block M of W'W with the factors Lambda of its nodes.
//
// A subject has records at few of the positions of a structure with many, so most rows and columns
// of M are zero. Above a size they are looked for and left out, and products go through Eigen's
// blocked kernel; below it, as in nearly all models, the plain loop is faster.
#pragma once

#include <vector>

#include "core/base/types.h"

namespace henderson::equations {

using BlockView = Eigen::Map<const Matrix>;

class Sandwich {
 public:
  // out = Lambda_i' M Lambda_j. Cost: with a rows and b columns of M that are not zero, a b n + a
  // n^2 multiplications.
  void multiply(const Matrix& lambda_i, const BlockView& m, const Matrix& lambda_j, Matrix& out);

  // out = Lambda_i D Lambda_j' in the rows and columns of M that are not zero; the others, which no
  // record needs, may be left at zero.
  void put_entries(const Matrix& lambda_i, const BlockView& m, const Matrix& d,
                   const Matrix& lambda_j, Eigen::Ref<Matrix> out);

  // sum += D' (Lambda_i' M), D the block (i, j) of an inverse.
  void add_trace(const Matrix& lambda_i, const BlockView& m, const Matrix& d, Matrix& sum);
  // sum += D (Lambda_j' M').
  void add_transposed_trace(const Matrix& lambda_j, const BlockView& m, const Matrix& d,
                            Matrix& sum);

 private:
  // The rows and columns of M that are not zero, and what stands there.
  void find_entries(const BlockView& m);
  static void take_rows(const Matrix& from, const std::vector<Index>& rows, Matrix& to);
  void scatter_columns(const std::vector<Index>& columns, Matrix& sum) const;

  std::vector<Index> rows_, columns_;
  Matrix block_, left_, right_, half_, product_;
};

}  // namespace henderson::equations
