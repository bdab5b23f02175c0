// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/lower.h"

#include <cmath>

namespace henderson::covariance {

Vector lower_of(const Matrix& matrix) {
  Vector lower(lower_size(matrix.rows()));
  for (Index r = 0; r < matrix.rows(); ++r) {
    for (Index c = 0; c <= r; ++c) lower[lower_position(r, c)] = matrix(r, c);
  }
  return lower;
}

Matrix triangular_from(const ConstVectorRef& lower, Index n) {
  Matrix matrix = Matrix::Zero(n, n);
  for (Index r = 0; r < n; ++r) {
    for (Index c = 0; c <= r; ++c) matrix(r, c) = lower[lower_position(r, c)];
  }
  return matrix;
}

Matrix symmetric_from(const ConstVectorRef& lower, Index n) {
  Matrix matrix = triangular_from(lower, n);
  for (Index c = 0; c < n; ++c) {
    for (Index r = 0; r < c; ++r) matrix(r, c) = matrix(c, r);
  }
  return matrix;
}

Vector completed_lower(const ConstVectorRef& given, const ConstVectorRef& defaults, Index n) {
  Vector lower = given;
  for (Index r = 0; r < n; ++r) {
    for (Index c = 0; c <= r; ++c) {
      const Index k = lower_position(r, c);
      if (std::isnan(lower[k])) lower[k] = r == c ? defaults[k] : 0.0;
    }
  }
  return lower;
}

Matrix semidefinite_cholesky(const Matrix& matrix, double relative, double absolute) {
  return semidefinite_cholesky(matrix, relative, Vector::Constant(matrix.rows(), absolute));
}

Matrix semidefinite_cholesky(const Matrix& matrix, double relative, const Vector& absolute) {
  const Index n = matrix.rows();
  Matrix factor = Matrix::Zero(n, n);
  for (Index c = 0; c < n; ++c) {
    const double pivot = matrix(c, c) - factor.row(c).head(c).squaredNorm();
    if (!(pivot > relative * matrix(c, c)) || !(pivot > absolute[c])) continue;
    factor(c, c) = std::sqrt(pivot);
    for (Index r = c + 1; r < n; ++r) {
      const double inner = factor.row(r).head(c).dot(factor.row(c).head(c));
      factor(r, c) = (matrix(r, c) - inner) / factor(c, c);
    }
  }
  return factor;
}

}  // namespace henderson::covariance
