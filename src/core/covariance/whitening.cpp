// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/whitening.h"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <optional>

#include "core/covariance/factor_whitening.h"
#include "core/linalg/triangular.h"

namespace henderson::covariance {
namespace {

// Matrices of a higher order go through the kernels.
constexpr Index kLarge = 48;
// Below this share of its variance a pivot has lost four digits.
constexpr double kLostDigits = 1e-4;
// A pivot of Lambda, as a standard deviation: nearer to zero the equations have no digits.
constexpr double kLeastPivot = 1e-7;

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

// L^-1 of LL' = lambda lambda'.
std::optional<Matrix> root_of_factor(const Matrix& lambda) {
  const Index n = lambda.rows();
  const Eigen::HouseholderQR<Matrix> qr(lambda.transpose());
  const Matrix lower = qr.matrixQR().topRows(n).triangularView<Eigen::Upper>().transpose();
  const Vector own = lambda.rowwise().norm();
  if (!((lower.diagonal().cwiseAbs() - kLeastPivot * own).minCoeff() > 0.0)) return std::nullopt;
  const Matrix t = lower.triangularView<Eigen::Lower>().solve(Matrix::Identity(n, n));
  if (!t.allFinite()) return std::nullopt;
  return Matrix(lower.diagonal().cwiseSign().asDiagonal() * t);
}

Matrix large_derivative(const Matrix& t, const Matrix& derivative) {
  Matrix phi = linalg::product(linalg::product(t, derivative), t.transpose());
  phi.diagonal() *= 0.5;
  phi.triangularView<Eigen::StrictlyUpper>().setZero();
  return linalg::product(phi, t);
}

// What is known from T alone, with its derivatives.
Whitening from_root(const std::optional<Matrix>& t, const std::vector<Matrix>& derivatives) {
  Whitening whitening;
  if (!t) return whitening;
  const Index n = t->rows();
  lay_out_dense(n, whitening);
  whitening.value = rows_of_triangle(*t);
  whitening.derivative.resize(whitening.value.size(), static_cast<Index>(derivatives.size()));
  for (std::size_t i = 0; i < derivatives.size(); ++i) {
    whitening.derivative.col(static_cast<Index>(i)) = -rows_of_triangle(
        n > kLarge ? large_derivative(*t, derivatives[i]) : small_derivative(*t, derivatives[i]));
  }
  return whitening;
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
  if (!sigma.allFinite()) return {};
  return from_root(sigma.rows() > kLarge ? linalg::inverse_cholesky(sigma) : small_root(sigma),
                   derivatives);
}

Whitening whitening_of_factor(const Matrix& lambda, const std::vector<Matrix>& derivatives) {
  if (!lambda.allFinite() || lambda.rows() > lambda.cols()) return {};
  return from_root(root_of_factor(lambda), derivatives);
}

bool has_lost_digits(const Whitening& whitening, const ConstVectorRef& diagonal) {
  for (Index r = 0; r < whitening.size(); ++r) {
    const double t = whitening.diagonal(r);
    if (t * t * diagonal[r] * kLostDigits > 1.0) return true;
  }
  return whitening.size() < diagonal.size();
}

Matrix rows_at(const Matrix& matrix, const Positions& at) {
  Matrix rows(static_cast<Index>(at.size()), matrix.cols());
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = matrix.row(at[i]);
  return rows;
}

Whitening whitening_by_factor(const Structure& structure, const ConstVectorRef& theta,
                              const Positions& at, bool with_derivative) {
  const std::optional<Matrix> lambda = structure.factor(theta);
  if (!lambda) return {};
  const Matrix sigma = structure.covariance(theta, at);
  std::vector<Matrix> derivatives;
  if (with_derivative) derivatives = structure.covariance_derivatives(theta, at);
  Whitening found = dense_whitening(sigma, derivatives);
  if (!has_lost_digits(found, sigma.diagonal())) return found;
  return whitening_of_factor(rows_at(*lambda, at), derivatives);
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
