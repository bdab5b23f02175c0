// SPDX-License-Identifier: GPL-3.0-or-later
// T R'_j T' x of WhitenedRecords: the working variates of the average information.
#include <algorithm>
#include <numeric>

#include "core/equations/whitened_records.h"

namespace henderson::equations {

using covariance::Whitening;
using model::ResidualBlock;

namespace {

// y := T'_j x, T'^t_j x, or the solution of T y = x, T^t y = x, for one subject.
void multiply_derivative(const Whitening& t, Index j, const ConstMatrixRef& x, MatrixRef y) {
  for (Index r = 0; r < t.size(); ++r) {
    y.row(r).setZero();
    for (Index k = t.start[r]; k < t.start[r + 1]; ++k) {
      y.row(r) += t.derivative(k, j) * x.row(t.column[k]);
    }
  }
}

void multiply_derivative_transposed(const Whitening& t, Index j, const ConstMatrixRef& x,
                                    MatrixRef y) {
  y.setZero();
  for (Index r = 0; r < t.size(); ++r) {
    for (Index k = t.start[r]; k < t.start[r + 1]; ++k) {
      y.row(t.column[k]) += t.derivative(k, j) * x.row(r);
    }
  }
}

void solve(const Whitening& t, MatrixRef x) {
  for (Index r = 0; r < t.size(); ++r) {
    for (Index k = t.start[r]; k < t.start[r + 1] - 1; ++k) {
      x.row(r) -= t.value[k] * x.row(t.column[k]);
    }
    x.row(r) /= t.diagonal(r);
  }
}

void solve_transposed(const Whitening& t, MatrixRef x) {
  for (Index r = t.size() - 1; r >= 0; --r) {
    x.row(r) /= t.diagonal(r);
    for (Index k = t.start[r]; k < t.start[r + 1] - 1; ++k) {
      x.row(t.column[k]) -= t.value[k] * x.row(r);
    }
  }
}

}  // namespace

bool WhitenedRecords::is_whole(std::size_t b) const {
  return model_.residual.blocks[b].structure->n_coef() <= kLargestWhole &&
         std::all_of(dense_[b].begin(), dense_[b].end(),
                     [](const Matrix& t) { return t.size() > 0; });
}

// T R'_j T'x with T as a matrix, two products for all subjects and parameters of a pattern: no
// derivative of T is made.
void WhitenedRecords::add_whole_directions(std::size_t b, const ConstVectorRef& x,
                                           MatrixRef found) const {
  const ResidualBlock& block = model_.residual.blocks[b];
  covariance::Positions all(static_cast<std::size_t>(block.structure->n_coef()));
  std::iota(all.begin(), all.end(), 0);
  const std::vector<Matrix> sigma =
      block.structure->covariance_derivatives(block.theta_of(theta_), all);
  const auto n_theta = static_cast<Index>(sigma.size());
  for (std::size_t p = 0; p < block.patterns.size(); ++p) {
    const covariance::Positions& at = block.patterns[p].positions;
    const std::vector<Index>& first_row = block.patterns[p].first_row;
    const auto n = static_cast<Index>(at.size());
    const auto n_subjects = static_cast<Index>(first_row.size());
    Matrix stacked(n * n_theta, n);  // R'_j, one below the other
    for (Index j = 0; j < n_theta; ++j) {
      for (Index c = 0; c < n; ++c) {
        for (Index r = 0; r < n; ++r) stacked(j * n + r, c) = sigma[j](at[r], at[c]);
      }
    }
    const Matrix& t = dense_[b][p];
    Matrix own(n, n_subjects);
    for (Index s = 0; s < n_subjects; ++s) own.col(s) = x.segment(first_row[s], n);
    const Matrix turned = stacked * (t.transpose() * own);
    const Matrix whitened = t * Eigen::Map<const Matrix>(turned.data(), n, n_theta * n_subjects);
    for (Index s = 0; s < n_subjects; ++s)
      found.middleRows(first_row[s], n) = whitened.middleCols(s * n_theta, n_theta);
  }
}

void WhitenedRecords::add_sparse_directions(std::size_t b, const ConstVectorRef& x,
                                            MatrixRef found) const {
  const ResidualBlock& block = model_.residual.blocks[b];
  const std::vector<Whitening>& derivatives = this->derivatives()[b];
  for (std::size_t p = 0; p < derivatives.size(); ++p) {
    const Whitening& t = derivatives[p];
    Matrix half(t.size(), 1), other(t.size(), 1);
    for (const Index first : block.patterns[p].first_row) {
      const Matrix own = x.segment(first, t.size());
      Matrix plain = own;
      solve(t, plain);
      for (Index j = 0; j < t.derivative.cols(); ++j) {
        multiply_derivative_transposed(t, j, own, half);
        solve_transposed(t, half);
        multiply_derivative(t, j, plain, other);
        found.col(j).segment(first, t.size()) = -(half + other);
      }
    }
  }
}

Matrix WhitenedRecords::directions(const ConstVectorRef& x) const {
  const std::vector<ResidualBlock>& blocks = model_.residual.blocks;
  Index n_theta = 0;
  for (const ResidualBlock& block : blocks) n_theta += block.structure->n_theta();
  Matrix found = Matrix::Zero(x.size(), n_theta);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    MatrixRef own = found.middleCols(blocks[b].first_theta - blocks.front().first_theta,
                                     blocks[b].structure->n_theta());
    if (is_whole(b)) {
      add_whole_directions(b, x, own);
    } else {
      add_sparse_directions(b, x, own);
    }
  }
  return found;
}

Matrix WhitenedRecords::direction(Index place, const ConstMatrixRef& x) const {
  const Whitenings& derivatives = this->derivatives();
  Matrix found = Matrix::Zero(x.rows(), x.cols());
  for (std::size_t b = 0; b < derivatives.size(); ++b) {
    const ResidualBlock& block = model_.residual.blocks[b];
    const Index j = place - block.first_theta;
    if (j < 0 || j >= block.structure->n_theta()) continue;
    for (std::size_t p = 0; p < derivatives[b].size(); ++p) {
      const Whitening& t = derivatives[b][p];
      Matrix half(t.size(), x.cols()), other(t.size(), x.cols());
      for (const Index first : block.patterns[p].first_row) {
        const Matrix own = x.middleRows(first, t.size());
        Matrix plain = own;
        solve(t, plain);
        multiply_derivative_transposed(t, j, own, half);
        solve_transposed(t, half);
        multiply_derivative(t, j, plain, other);
        found.middleRows(first, t.size()) = -(half + other);
      }
    }
  }
  return found;
}

}  // namespace henderson::equations
