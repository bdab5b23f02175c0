// SPDX-License-Identifier: GPL-3.0-or-later
// Dense symmetric matrices as a whole, through the kernels.
#pragma once

#include <functional>
#include <variant>

#include "core/base/callbacks.h"
#include "core/base/types.h"

namespace henderson::linalg {

struct DenseInverse {
  Matrix inverse;  // both triangles
  double log_determinant = 0.0;
};

// The pivot at which a factorisation ended.
struct FailedPivot {
  Index column = 0;
  double value = 0.0;
};

// What: the inverse of a symmetric matrix. Needs: its lower triangle; `a` is used up. Cost: n^3.
std::variant<DenseInverse, FailedPivot> symmetric_inverse(Matrix a, int threads);

struct Symmetry {
  double largest = 0.0;    // size of an entry; infinite where one is not finite
  double asymmetry = 0.0;  // difference of an entry from its mirror image
};

// What: how symmetric a square matrix is. Cost: one pass.
Symmetry symmetry(const ConstMatrixRef& a);

// a(j, i) = a(i, j) for i > j.
void mirror_lower(Matrix& a);

// What: A B. Cost: 2 x rows x columns x inner.
Matrix product(const ConstMatrixRef& a, const ConstMatrixRef& b, int threads);

// What: A'A, both triangles. Cost: n^2 rows.
Matrix own_products(const ConstMatrixRef& a, int threads);

// What: A'B where that is symmetric. Cost: n^2 rows.
Matrix symmetric_product(const ConstMatrixRef& a, const ConstMatrixRef& b, int threads);

// What: tr(A B) of square matrices. Cost: n^2, in blocks that stay in the cache.
double trace_of_product(const Matrix& a, const Matrix& b);

// Writes columns first, first + 1, ... of a matrix with n rows into `block`.
using ColumnSource = std::function<void(Index first, MatrixRef block)>;

// What: A A' of an n x n_columns matrix that is asked for in blocks of columns, both triangles.
// Cost: n^2 n_columns, and the memory of n^2 and one block. Throws Interrupted.
Matrix cross_product(Index n, Index n_columns, const ColumnSource& source, int threads,
                     Callbacks& callbacks);

}  // namespace henderson::linalg
