// SPDX-License-Identifier: GPL-3.0-or-later
// Lower triangles of small matrices as vectors, row by row: (0,0), (1,0), (1,1), (2,0), ...
#pragma once

#include "core/base/types.h"

namespace henderson::covariance {

constexpr Index lower_size(Index n) { return n * (n + 1) / 2; }
constexpr Index lower_position(Index row, Index column) { return row * (row + 1) / 2 + column; }

// The lower triangle of a matrix; the matrix with this lower triangle, zero or symmetric above it.
Vector lower_of(const Matrix& matrix);
Matrix triangular_from(const ConstVectorRef& lower, Index n);
Matrix symmetric_from(const ConstVectorRef& lower, Index n);

// Entries that are not given (NaN): on the diagonal those of `defaults`, below it zero.
Vector completed_lower(const ConstVectorRef& given, const ConstVectorRef& defaults, Index n);

// Cholesky factor of a positive semidefinite matrix. A pivot not above `relative` times its
// diagonal entry, or not above `absolute`, for all or for each row, makes its column zero.
Matrix semidefinite_cholesky(const Matrix& matrix, double relative, double absolute);
Matrix semidefinite_cholesky(const Matrix& matrix, double relative, const Vector& absolute);

}  // namespace henderson::covariance
