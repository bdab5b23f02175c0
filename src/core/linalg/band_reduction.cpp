// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/band_reduction.h"

#include <algorithm>
#include <cmath>

#include "core/linalg/kernels.h"
#include "core/linalg/shared_scratch.h"

namespace henderson::linalg {
namespace {

constexpr Index kNarrow = 8;  // columns of a panel that are made one by one

// C += alpha A'B and C += alpha A B.
void add_transposed(double alpha, const ConstMatrixRef& a, const ConstMatrixRef& b, MatrixRef c,
                    kernels::Scratch& scratch) {
  kernels::gemm_transposed(a.cols(), b.cols(), a.rows(), alpha, a.data(), a.outerStride(), b.data(),
                           b.outerStride(), c.data(), c.outerStride(), scratch);
}

void add_product(double alpha, const ConstMatrixRef& a, const ConstMatrixRef& b, MatrixRef c,
                 kernels::Scratch& scratch) {
  kernels::gemm(a.rows(), b.cols(), a.cols(), alpha, a.data(), a.outerStride(), b.data(),
                b.outerStride(), c.data(), c.outerStride(), scratch);
}

Matrix transposed_product(const ConstMatrixRef& a, const ConstMatrixRef& b,
                          kernels::Scratch& scratch) {
  Matrix found = Matrix::Zero(a.cols(), b.cols());
  add_transposed(1.0, a, b, found, scratch);
  return found;
}

// (I - tau v v')x = beta e_0 with v_0 = 1: beta takes the place of x_0, the rest of v that of the
// rest of x. Gives tau.
double make_reflection(VectorRef x) {
  auto rest = x.tail(x.size() - 1);
  const double below = rest.squaredNorm();
  if (below == 0.0) return 0.0;
  const double head = x[0];
  const double beta = std::copysign(std::sqrt(head * head + below), -head);
  rest /= head - beta;
  x[0] = beta;
  return (beta - head) / beta;
}

// The QR factorisation of a panel, recursively in halves: R on and above its diagonal, 0 below, and
// V and S apart.
class PanelFactor {
 public:
  PanelFactor(MatrixRef x, kernels::Scratch& scratch)
      : n_reflections_(std::min(x.rows(), x.cols())),
        v_(Matrix::Zero(x.rows(), n_reflections_)),
        s_(Matrix::Zero(n_reflections_, n_reflections_)),
        x_(x),
        scratch_(scratch) {
    factorize(0, x.cols());
  }

  Matrix& v() { return v_; }
  Matrix& s() { return s_; }

 private:
  // Columns [first, end).
  void factorize(Index first, Index end) {
    const Index last = std::min(end, n_reflections_);
    if (first >= last) return;
    if (end - first <= kNarrow) return factorize_narrow(first, last, end);
    const Index half = first + (end - first) / 2;
    factorize(first, half);
    turn(first, std::min(half, last), half, end);
    factorize(half, end);
    if (half < last) join(first, half, last);
  }

  void factorize_narrow(Index first, Index last, Index end) {
    for (Index j = first; j < last; ++j) {
      const Index n = x_.rows() - j;
      s_(j, j) = make_reflection(x_.col(j).tail(n));
      v_.col(j).tail(n) = x_.col(j).tail(n);
      v_(j, j) = 1.0;
      x_.col(j).tail(n - 1).setZero();
      const auto v = v_.col(j).tail(n);
      for (Index c = j + 1; c < end; ++c) {
        auto other = x_.col(c).tail(n);
        other -= s_(j, j) * v.dot(other) * v;
      }
      if (j > first) join(first, j, j + 1);
    }
  }

  // Columns [from, end) := (I - V S V')' times them, V and S of columns [first, last).
  void turn(Index first, Index last, Index from, Index end) {
    const Index n = last - first, n_rows = x_.rows() - first;
    const auto v = v_.block(first, first, n_rows, n);
    auto others = x_.block(first, from, n_rows, end - from);
    const Matrix along = s_.block(first, first, n, n).transpose().triangularView<Eigen::Lower>() *
                         transposed_product(v, others, scratch_);
    add_product(-1.0, v, along, others, scratch_);
  }

  // S of [first, last) from those of both parts: between them it is -S_1 V_1'V_2 S_2.
  void join(Index first, Index half, Index last) {
    const Index n_rows = x_.rows() - half, n_first = half - first, n_last = last - half;
    const Matrix between = transposed_product(v_.block(half, first, n_rows, n_first),
                                              v_.block(half, half, n_rows, n_last), scratch_);
    s_.block(first, half, n_first, n_last).noalias() =
        -(s_.block(first, first, n_first, n_first) * between) *
        s_.block(half, half, n_last, n_last);
  }

  const Index n_reflections_;
  Matrix v_, s_;
  MatrixRef x_;
  kernels::Scratch& scratch_;
};

// A := Q'AQ for Q = I - V S V': with Y = A V S and W = Y - V S'V'Y / 2 that is A - W V' - V W'.
// Both triangles of A are read, and of its last rows and columns, from `next` on, both are given;
// of the others the lower one.
void turn_both_sides(MatrixRef a, const Matrix& v, const Matrix& s, Index next,
                     kernels::Scratch& scratch) {
  Matrix product = Matrix::Zero(v.rows(), v.cols());
  add_product(1.0, a, v, product, scratch);
  Matrix w = product * s;
  const Matrix half = 0.5 * s.transpose() * transposed_product(v, w, scratch);
  add_product(-1.0, v, half, w, scratch);
  const Index n = a.rows(), ld = a.outerStride();
  kernels::subtract_lower(n, v.cols(), w.data(), n, v.data(), n, a.data(), ld, scratch);
  kernels::subtract_lower(n, v.cols(), v.data(), n, w.data(), n, a.data(), ld, scratch);
  if (next < n) kernels::mirror(n - next, &a(next, next), ld);
}

Matrix raised_factor(Matrix band, double least) {
  const Index n = band.cols(), width = band.rows() - 1;
  for (Index j = 0; j < n; ++j) {
    const Index below = std::min(width, n - 1 - j);
    band(0, j) = std::sqrt(std::max(band(0, j), least));
    band.col(j).segment(1, below) /= band(0, j);
    for (Index k = 1; k <= below; ++k)
      band.col(j + k).head(below - k + 1) -= band(k, j) * band.col(j).segment(k, below - k + 1);
  }
  return band;
}

// The diagonal of BB'.
Vector squared_lengths_of_rows(const Matrix& band) {
  Vector found = Vector::Zero(band.cols());
  for (Index j = 0; j < band.cols(); ++j)
    for (Index k = 0; k < std::min(band.rows(), band.cols() - j); ++k)
      found[j + k] += band(k, j) * band(k, j);
  return found;
}

}  // namespace

BandReduction::BandReduction(Matrix a, Index width, int threads, Callbacks& callbacks)
    : band_(Matrix::Zero(width + 1, a.rows())), threads_(threads) {
  const Index n = a.rows();
  SharedScratch scratch(std::max(n, width), threads);
  for (Index column = 0; column < n; column += width) {
    callbacks.stop_if_interrupted();
    const Index n_columns = std::min(width, n - column), first = column + width;
    if (first < n) {
      const Index below = n - first;
      PanelFactor panel(a.block(first, column, below, n_columns), scratch.first());
      turn_both_sides(a.bottomRightCorner(below, below), panel.v(), panel.s(), width,
                      scratch.first());
      panels_.push_back({first, std::move(panel.v()), std::move(panel.s())});
    }
    for (Index j = column; j < column + n_columns; ++j) {
      const Index height = std::min(width + 1, n - j);
      band_.col(j).head(height) = a.col(j).segment(j, height);
    }
  }
}

Matrix BandReduction::to_band(Matrix x) const {
  SharedScratch scratch(std::max(x.rows(), x.cols()), threads_);
  for (const Reflections& own : panels_) {
    auto rows = x.bottomRows(x.rows() - own.first);
    const Matrix along = own.s.transpose() * transposed_product(own.v, rows, scratch.first());
    add_product(-1.0, own.v, along, rows, scratch.first());
  }
  return x;
}

Matrix BandReduction::from_band(Matrix x) const {
  SharedScratch scratch(std::max(x.rows(), x.cols()), threads_);
  for (auto own = panels_.rbegin(); own != panels_.rend(); ++own) {
    auto rows = x.bottomRows(x.rows() - own->first);
    const Matrix along = own->s * transposed_product(own->v, rows, scratch.first());
    add_product(-1.0, own->v, along, rows, scratch.first());
  }
  return x;
}

Matrix factor_band(const Matrix& band, double least) {
  Matrix raised = raised_factor(band, least);
  const Vector off = (squared_lengths_of_rows(raised) - band.row(0).transpose()).cwiseAbs();
  if (off.maxCoeff() <= 2.0 * least) return raised;
  Matrix shifted = band;
  shifted.row(0).array() += least;
  return raised_factor(std::move(shifted), 0.25 * least);
}

void solve_band(const Matrix& band, Matrix& x) {
  const Index n = band.cols(), width = band.rows() - 1;
  for (Index j = 0; j < n; ++j) {
    const Index below = std::min(width, n - 1 - j);
    x.row(j) /= band(0, j);
    x.middleRows(j + 1, below).noalias() -= band.col(j).segment(1, below) * x.row(j);
  }
}

void solve_band_transposed(const Matrix& band, Matrix& x) {
  const Index n = band.cols(), width = band.rows() - 1;
  for (Index j = n - 1; j >= 0; --j) {
    const Index below = std::min(width, n - 1 - j);
    x.row(j) -= band.col(j).segment(1, below).transpose() * x.middleRows(j + 1, below);
    x.row(j) /= band(0, j);
  }
}

}  // namespace henderson::linalg
