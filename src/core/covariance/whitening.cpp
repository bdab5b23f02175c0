// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/whitening.h"

#include <Eigen/Cholesky>
#include <optional>

#include "core/linalg/triangular.h"

namespace henderson::covariance {
namespace {

// Matrices of a higher order go through the kernels.
constexpr Index kLarge = 48;

void lay_out_dense(Index n, Whitening& whitening) {
  for (Index r = 0; r < n; ++r) {
    for (Index c = 0; c <= r; ++c) whitening.column.push_back(static_cast<SmallIndex>(c));
    whitening.start.push_back(static_cast<Index>(whitening.column.size()));
  }
}

// Rows of the lower triangle one after the other.
Vector rows_of_triangle(const Matrix& matrix) {
  Vector entries(matrix.rows() * (matrix.rows() + 1) / 2);
  Index k = 0;
  for (Index r = 0; r < matrix.rows(); ++r) {
    for (Index c = 0; c <= r; ++c) entries[k++] = matrix(r, c);
  }
  return entries;
}

// L^-1 of sigma = LL'.
std::optional<Matrix> small_root(const Matrix& sigma) {
  const Index n = sigma.rows();
  const Eigen::LLT<Matrix> llt(sigma);
  if (llt.info() != Eigen::Success) return std::nullopt;
  Matrix t = llt.matrixL().solve(Matrix::Identity(n, n));
  if (!t.allFinite()) return std::nullopt;
  return t;
}

// -T' = Phi(T Sigma' T^T) T, Phi the lower triangle with half the diagonal.
Matrix small_derivative(const Matrix& t, const Matrix& derivative) {
  const Matrix half = t.triangularView<Eigen::Lower>() * derivative;
  Matrix phi = half * t.transpose();
  phi.diagonal() *= 0.5;
  const Matrix lower = phi.triangularView<Eigen::Lower>();
  return lower * t;
}

Matrix large_derivative(const Matrix& t, const Matrix& derivative) {
  Matrix phi = linalg::product(linalg::product(t, derivative), t.transpose());
  phi.diagonal() *= 0.5;
  phi.triangularView<Eigen::StrictlyUpper>().setZero();
  return linalg::product(phi, t);
}

}  // namespace

Matrix Whitening::matrix() const {
  Matrix matrix = Matrix::Zero(size(), size());
  for (Index r = 0; r < size(); ++r) {
    for (Index k = start[r]; k < start[r + 1]; ++k) matrix(r, column[k]) = value[k];
  }
  return matrix;
}

Whitening dense_whitening(const Matrix& sigma, const std::vector<Matrix>& derivatives) {
  Whitening whitening;
  const Index n = sigma.rows();
  if (!sigma.allFinite()) return whitening;
  const std::optional<Matrix> t = n > kLarge ? linalg::inverse_cholesky(sigma) : small_root(sigma);
  if (!t) return whitening;
  lay_out_dense(n, whitening);
  whitening.value = rows_of_triangle(*t);
  whitening.derivative.resize(whitening.value.size(), static_cast<Index>(derivatives.size()));
  for (std::size_t i = 0; i < derivatives.size(); ++i) {
    whitening.derivative.col(static_cast<Index>(i)) = -rows_of_triangle(
        n > kLarge ? large_derivative(*t, derivatives[i]) : small_derivative(*t, derivatives[i]));
  }
  return whitening;
}

Whitening kronecker(const Whitening& first, const Whitening& second) {
  Whitening product;
  const Index n_first = first.derivative.cols(), n_second = second.derivative.cols();
  const Index n_entries = first.value.size() * second.value.size();
  product.value.resize(n_entries);
  product.derivative.resize(n_entries, n_first + n_second);
  product.column.reserve(static_cast<std::size_t>(n_entries));
  Index entry = 0;
  for (Index r = 0; r < first.size(); ++r) {
    for (Index s = 0; s < second.size(); ++s) {
      for (Index k = first.start[r]; k < first.start[r + 1]; ++k) {
        for (Index l = second.start[s]; l < second.start[s + 1]; ++l, ++entry) {
          product.column.push_back(
              static_cast<SmallIndex>(first.column[k] * second.size() + second.column[l]));
          product.value[entry] = first.value[k] * second.value[l];
          product.derivative.row(entry).head(n_first) = first.derivative.row(k) * second.value[l];
          product.derivative.row(entry).tail(n_second) = first.value[k] * second.derivative.row(l);
        }
      }
      product.start.push_back(entry);
    }
  }
  return product;
}

}  // namespace henderson::covariance
