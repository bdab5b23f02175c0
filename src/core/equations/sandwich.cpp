// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/sandwich.h"

namespace henderson::equations {
namespace {

// Blocks with more rows and columns than this are searched for zeros, and those of a fixed effect
// with more rows or columns than that.
constexpr Index kLarge = 16;
constexpr Index kLong = 64;

bool is_large(const BlockView& m) {
  return (m.rows() > kLarge && m.cols() > kLarge) || m.rows() > kLong || m.cols() > kLong;
}

// half = M B, out = A' half. Blocks of few rows are too small for an expression of unknown sizes.
// B is triangular more often than not.
void multiply_small(const Matrix& a, const BlockView& m, const Matrix& b, Matrix& half,
                    Matrix& out) {
  const Index n_rows = m.rows();
  half.setZero(n_rows, b.cols());
  out.resize(a.cols(), b.cols());
  for (Index c = 0; c < b.cols(); ++c) {
    double* into = half.data() + n_rows * c;
    for (Index k = 0; k < m.cols(); ++k) {
      const double factor = b(k, c);
      if (factor == 0.0) continue;
      const double* column = m.data() + n_rows * k;
      for (Index r = 0; r < n_rows; ++r) into[r] += column[r] * factor;
    }
    for (Index i = 0; i < a.cols(); ++i) {
      const double* left = a.data() + n_rows * i;
      double sum = 0.0;
      for (Index r = 0; r < n_rows; ++r) sum += left[r] * into[r];
      out(i, c) = sum;
    }
  }
}

}  // namespace

void Sandwich::find_entries(const BlockView& m) {
  rows_.clear();
  columns_.clear();
  for (Index j = 0; j < m.cols(); ++j) {
    if (!m.col(j).isZero(0.0)) columns_.push_back(j);
  }
  for (Index i = 0; i < m.rows(); ++i) {
    bool any = false;
    for (const Index j : columns_) any = any || m(i, j) != 0.0;
    if (any) rows_.push_back(i);
  }
  block_.resize(static_cast<Index>(rows_.size()), static_cast<Index>(columns_.size()));
  for (Index c = 0; c < block_.cols(); ++c) {
    for (Index r = 0; r < block_.rows(); ++r) block_(r, c) = m(rows_[r], columns_[c]);
  }
}

void Sandwich::take_rows(const Matrix& from, const std::vector<Index>& rows, Matrix& to) {
  to.resize(static_cast<Index>(rows.size()), from.cols());
  for (Index c = 0; c < to.cols(); ++c) {
    for (Index r = 0; r < to.rows(); ++r) to(r, c) = from(rows[r], c);
  }
}

void Sandwich::scatter_columns(const std::vector<Index>& columns, Matrix& sum) const {
  for (Index c = 0; c < product_.cols(); ++c) sum.col(columns[c]) += product_.col(c);
}

void Sandwich::multiply(const Matrix& lambda_i, const BlockView& m, const Matrix& lambda_j,
                        Matrix& out) {
  if (!is_large(m)) {
    multiply_small(lambda_i, m, lambda_j, half_, out);
    return;
  }
  find_entries(m);
  take_rows(lambda_i, rows_, left_);
  take_rows(lambda_j, columns_, right_);
  half_.noalias() = block_ * right_;
  out.noalias() = left_.transpose() * half_;
}

void Sandwich::put_entries(const Matrix& lambda_i, const BlockView& m, const Matrix& d,
                           const Matrix& lambda_j, Eigen::Ref<Matrix> out) {
  if (!is_large(m)) {
    out.noalias() = lambda_i.lazyProduct(d * lambda_j.transpose());
    return;
  }
  find_entries(m);
  take_rows(lambda_i, rows_, left_);
  take_rows(lambda_j, columns_, right_);
  half_.noalias() = left_ * d;
  product_.noalias() = half_ * right_.transpose();
  out.setZero();
  for (Index c = 0; c < product_.cols(); ++c) {
    for (Index r = 0; r < product_.rows(); ++r) out(rows_[r], columns_[c]) = product_(r, c);
  }
}

void Sandwich::add_trace(const Matrix& lambda_i, const BlockView& m, const Matrix& d, Matrix& sum) {
  if (!is_large(m)) {
    half_.noalias() = lambda_i.transpose().lazyProduct(m);  // W_s'Z of (i, j)
    sum += d.transpose().lazyProduct(half_);
    return;
  }
  find_entries(m);
  take_rows(lambda_i, rows_, left_);
  half_.noalias() = left_.transpose() * block_;
  product_.noalias() = d.transpose() * half_;
  scatter_columns(columns_, sum);
}

void Sandwich::add_transposed_trace(const Matrix& lambda_j, const BlockView& m, const Matrix& d,
                                    Matrix& sum) {
  if (!is_large(m)) {
    half_.noalias() = lambda_j.transpose().lazyProduct(m.transpose());  // W_s'Z of (j, i)
    sum += d.lazyProduct(half_);
    return;
  }
  find_entries(m);
  take_rows(lambda_j, columns_, right_);
  half_.noalias() = right_.transpose() * block_.transpose();
  product_.noalias() = d * half_;
  scatter_columns(rows_, sum);
}

}  // namespace henderson::equations
