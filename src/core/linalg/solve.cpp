// SPDX-License-Identifier: GPL-3.0-or-later
// Block solves with a CholeskyFactor: right-hand sides go through the supernodes in blocks, as
// columns of X' (block x n).
#include <algorithm>
#include <memory>
#include <vector>

#include "core/linalg/cholesky.h"

namespace henderson::linalg {

namespace {

// X'(., new_of_old[i]) = b(i, .): the block's right-hand sides in the order of elimination.
void gather(const ConstMatrixRef& b, const std::vector<SmallIndex>* new_of_old, Index k,
            double* x) {
  for (Index c = 0; c < b.cols(); ++c)
    for (Index i = 0; i < b.rows(); ++i) x[(new_of_old ? (*new_of_old)[i] : i) * k + c] = b(i, c);
}

void scatter(const double* x, const std::vector<SmallIndex>* new_of_old, Index k, MatrixRef b) {
  for (Index c = 0; c < b.cols(); ++c)
    for (Index i = 0; i < b.rows(); ++i) b(i, c) = x[(new_of_old ? (*new_of_old)[i] : i) * k + c];
}

void forward_through(SmallIndex s, const Panels& panels, Index k, double* x) {
  const SymbolicFactor& symbolic = panels.symbolic();
  kernels::solve_lower_panel(k, symbolic.width(s), symbolic.below(s),
                             panels.data() + symbolic.panel(s), symbolic.height(s),
                             symbolic.rows(s), x + symbolic.first_column(s) * k, x);
}

void backward_through(SmallIndex s, const Panels& panels, Index k, double* x,
                      kernels::Scratch& scratch) {
  const SymbolicFactor& symbolic = panels.symbolic();
  kernels::solve_upper_panel(k, symbolic.width(s), symbolic.below(s),
                             panels.data() + symbolic.panel(s), symbolic.height(s),
                             symbolic.rows(s), x + symbolic.first_column(s) * k, x, scratch);
}

// Supernodes without anything in their rows yet have nothing to give.
void forward(const Panels& panels, Index k, double* x) {
  const SymbolicFactor& symbolic = panels.symbolic();
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s) {
    const double* own = x + symbolic.first_column(s) * k;
    if (std::any_of(own, own + symbolic.width(s) * k, [](double value) { return value != 0; }))
      forward_through(s, panels, k, x);
  }
}

void backward(const Panels& panels, Index k, double* x, kernels::Scratch& scratch) {
  for (SmallIndex s = panels.symbolic().n_supernodes() - 1; s >= 0; --s)
    backward_through(s, panels, k, x, scratch);
}

// The supernodes of these columns of L and all above them, increasing: the solution of a system
// whose right-hand side is zero elsewhere needs no others for its rows in them.
std::vector<SmallIndex> reached(const SymbolicFactor& symbolic,
                                const std::vector<SmallIndex>& columns) {
  std::vector<char> mark(symbolic.n_supernodes(), 0);
  for (const SmallIndex column : columns)
    for (SmallIndex s = symbolic.supernode(column); s != kNone && !mark[s]; s = symbolic.parent(s))
      mark[s] = 1;
  std::vector<SmallIndex> out;
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s)
    if (mark[s]) out.push_back(s);
  return out;
}

enum class Half { lower, upper, both };

void solve_blocks(const Panels& panels, MatrixRef b, Half half) {
  const SymbolicFactor& symbolic = panels.symbolic();
  if (b.rows() != symbolic.size())
    throw DimensionMismatch("right-hand side", b.rows(), symbolic.size());
  const std::vector<SmallIndex>* order = &symbolic.new_of_old();
  kernels::Scratch scratch;
  scratch.reserve(symbolic.schedule().max_height, 0);
  std::vector<double> x(static_cast<std::size_t>(
      b.rows() * std::min(kernels::kMaxRhs, kernels::padded_rhs(b.cols()))));
  for (Index first = 0; first < b.cols(); first += kernels::kMaxRhs) {
    const Index columns = std::min(kernels::kMaxRhs, b.cols() - first);
    const Index k = kernels::padded_rhs(columns);
    if (k != columns) std::fill(x.begin(), x.end(), 0.0);
    gather(b.middleCols(first, columns), half == Half::upper ? nullptr : order, k, x.data());
    if (half != Half::upper) forward(panels, k, x.data());
    if (half != Half::lower) backward(panels, k, x.data(), scratch);
    scatter(x.data(), half == Half::lower ? nullptr : order, k, b.middleCols(first, columns));
  }
}

}  // namespace

Matrix CholeskyFactor::inverse_block(const std::vector<SmallIndex>& columns) const {
  const SymbolicFactor& symbolic = panels_.symbolic();
  const Index n = static_cast<Index>(columns.size());
  std::vector<SmallIndex> at;
  for (const SmallIndex column : columns) at.push_back(symbolic.new_of_old()[column]);
  const std::vector<SmallIndex> through = reached(symbolic, at);
  kernels::Scratch scratch;
  scratch.reserve(symbolic.schedule().max_height, 0);
  const std::unique_ptr<double[]> x(
      new double[static_cast<std::size_t>(Index{size()} * kernels::kMaxRhs)]);
  Matrix block(n, n);
  for (Index first = 0; first < n; first += kernels::kMaxRhs) {
    const Index some = std::min(kernels::kMaxRhs, n - first), k = kernels::padded_rhs(some);
    for (const SmallIndex s : through)
      std::fill_n(x.get() + symbolic.first_column(s) * k, symbolic.width(s) * k, 0.0);
    for (Index c = 0; c < some; ++c) x[at[first + c] * k + c] = 1;
    solve_lower_within(through, k, x.get());
    for (auto s = through.rbegin(); s != through.rend(); ++s)
      backward_through(*s, panels_, k, x.get(), scratch);
    for (Index c = 0; c < some; ++c)
      for (Index i = 0; i < n; ++i) block(i, first + c) = x[at[i] * k + c];
  }
  return block;
}

void CholeskyFactor::solve_lower_within(const std::vector<SmallIndex>& supernodes, Index k,
                                        double* x) const {
  for (const SmallIndex s : supernodes) forward_through(s, panels_, k, x);
}

void CholeskyFactor::solve(MatrixRef b) const { solve_blocks(panels_, b, Half::both); }
void CholeskyFactor::solve_lower(MatrixRef b) const { solve_blocks(panels_, b, Half::lower); }
void CholeskyFactor::solve_upper(MatrixRef b) const { solve_blocks(panels_, b, Half::upper); }

}  // namespace henderson::linalg
