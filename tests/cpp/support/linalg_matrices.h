// SPDX-License-Identifier: GPL-3.0-or-later
// Random sparse symmetric matrices of the shapes that mixed models have, with their dense
// counterparts.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "core/linalg/panels.h"
#include "core/linalg/sparse.h"

namespace henderson::linalg::test {

struct SparseCase {
  std::string name;
  LowerPattern pattern;
  std::vector<double> value;  // of the pattern's entries
  Matrix dense;               // the whole matrix
};

// The pattern of the nonzeros of a symmetric matrix, and of its diagonal.
SparseCase sparse_case(const std::string& name, const Matrix& dense);

// Positive definite matrices: every shape at several sizes; `seed` changes patterns and values.
std::vector<SparseCase> positive_definite_cases(unsigned seed);

// X'X of a random design with factors: n columns of which some depend on the others.
SparseCase semidefinite_case(unsigned seed);

// Large cases, whose `dense` is empty: a side x side grid; two crossed factors with 20 records per
// row level.
SparseCase large_grid(SmallIndex side);
SparseCase large_crossed(SmallIndex rows, SmallIndex columns);

// Small trees below one large dense root: chains of supernodes of which each reaches the next, and
// the last of them 60 columns of the root.
SparseCase trees_below_a_root();

// Panels with the case's values in place.
Panels assemble(const SparseCase& c, std::shared_ptr<const SymbolicFactor> symbolic);

// Largest difference relative to the largest entry of b.
double relative_difference(const Matrix& a, const Matrix& b);

}  // namespace henderson::linalg::test
