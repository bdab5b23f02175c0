// SPDX-License-Identifier: GPL-3.0-or-later
// Block solves with a CholeskyFactor: right-hand sides go through the supernodes in blocks, as
// columns of X' (block x n). Many are solved in wide blocks, which the threads share.
#include <algorithm>
#include <memory>
#include <vector>

#include "core/linalg/cholesky.h"
#include "core/linalg/team.h"

namespace henderson::linalg {

namespace {

// From so many right-hand sides on they are solved in wide blocks.
constexpr Index kMany = 4 * kernels::kMaxRhs;

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

// Those of k right-hand sides that have something in w rows.
struct Range {
  Index first, end;
};
Range met(Index k, Index w, const double* x) {
  Range found{k, 0};
  for (Index i = 0; i < w && (found.first > 0 || found.end < k); ++i, x += k) {
    found.first = std::find_if(x, x + found.first, [](double value) { return value != 0; }) - x;
    Index last = k;
    while (last > found.end && x[last - 1] == 0) --last;
    found.end = last;
  }
  return found;
}

// Supernodes without anything in their rows yet have nothing to give.
template <class Through>
void forward(const SymbolicFactor& symbolic, SmallIndex end, Index k, const double* x,
             Through through) {
  for (SmallIndex s = 0; s < end; ++s) {
    const Range range = met(k, symbolic.width(s), x + symbolic.first_column(s) * k);
    if (range.first < range.end) through(s, range);
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

// Which half of a solve, the lower one up to a supernode.
struct Half {
  bool lower, upper;
  SmallIndex end;
};

// Wide blocks of one worker.
class WideBlocks {
 public:
  WideBlocks(const Panels& panels, Index k)
      : panels_(panels),
        symbolic_(panels.symbolic()),
        x_(new double[static_cast<std::size_t>(Index{symbolic_.size()} * k)]),
        work_(new double[static_cast<std::size_t>(k * kernels::kWideRows)]) {
    scratch_.reserve(kernels::kWideRhs, 0);
  }

  // b has k columns at most.
  void solve(MatrixRef b, Half half) {
    const std::vector<SmallIndex>* order = &symbolic_.new_of_old();
    const Index k = b.cols();
    gather(b, half.lower ? order : nullptr, k, x_.get());
    if (half.lower)
      forward(symbolic_, half.end, k, x_.get(), [&](SmallIndex s, Range range) {
        kernels::solve_lower_wide(range.end - range.first, symbolic_.width(s), symbolic_.below(s),
                                  panel(s), symbolic_.height(s), symbolic_.rows(s),
                                  own(s, k) + range.first, x_.get() + range.first, k, work_.get(),
                                  scratch_);
      });
    for (SmallIndex s = symbolic_.n_supernodes() - 1; half.upper && s >= 0; --s)
      kernels::solve_upper_wide(k, symbolic_.width(s), symbolic_.below(s), panel(s),
                                symbolic_.height(s), symbolic_.rows(s), own(s, k), x_.get(),
                                work_.get(), scratch_);
    scatter(x_.get(), half.upper ? order : nullptr, k, b);
  }

 private:
  const double* panel(SmallIndex s) const { return panels_.data() + symbolic_.panel(s); }
  double* own(SmallIndex s, Index k) { return x_.get() + symbolic_.first_column(s) * k; }

  const Panels& panels_;
  const SymbolicFactor& symbolic_;
  const std::unique_ptr<double[]> x_, work_;
  kernels::Scratch scratch_;
};

// Blocks of equal width, dealt out to the workers.
void solve_wide(const Panels& panels, MatrixRef b, Half half, int threads) {
  const Index n_blocks = (b.cols() + kernels::kWideRhs - 1) / kernels::kWideRhs;
  const Index width = (b.cols() + n_blocks - 1) / n_blocks;
  const double operations = 4.0 * static_cast<double>(panels.symbolic().factor_entries());
  threads = threads_for(operations * static_cast<double>(b.cols()), threads);
  Team team(static_cast<int>(std::min<Index>(threads, n_blocks)));
  team.run([&](int t) {
    WideBlocks own(panels, width);
    for (Index first = t * width; first < b.cols(); first += team.size() * width)
      own.solve(b.middleCols(first, std::min(width, b.cols() - first)), half);
  });
}

void solve_blocks(const Panels& panels, MatrixRef b, Half half, int threads) {
  const SymbolicFactor& symbolic = panels.symbolic();
  if (b.rows() != symbolic.size())
    throw DimensionMismatch("right-hand side", b.rows(), symbolic.size());
  if (b.cols() >= kMany) return solve_wide(panels, b, half, threads);
  const std::vector<SmallIndex>* order = &symbolic.new_of_old();
  kernels::Scratch scratch;
  scratch.reserve(symbolic.schedule().max_height, 0);
  std::vector<double> x(static_cast<std::size_t>(
      b.rows() * std::min(kernels::kMaxRhs, kernels::padded_rhs(b.cols()))));
  for (Index first = 0; first < b.cols(); first += kernels::kMaxRhs) {
    const Index columns = std::min(kernels::kMaxRhs, b.cols() - first);
    const Index k = kernels::padded_rhs(columns);
    if (k != columns) std::fill(x.begin(), x.end(), 0.0);
    gather(b.middleCols(first, columns), half.lower ? order : nullptr, k, x.data());
    if (half.lower)
      forward(symbolic, half.end, k, x.data(),
              [&](SmallIndex s, Range) { forward_through(s, panels, k, x.data()); });
    if (half.upper) backward(panels, k, x.data(), scratch);
    scatter(x.data(), half.upper ? order : nullptr, k, b.middleCols(first, columns));
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

void CholeskyFactor::solve(MatrixRef b, int threads) const {
  solve_blocks(panels_, b, {true, true, symbolic().n_supernodes()}, threads);
}
void CholeskyFactor::solve_lower(MatrixRef b, int threads) const {
  solve_lower_until(symbolic().n_supernodes(), b, threads);
}
void CholeskyFactor::solve_upper(MatrixRef b, int threads) const {
  solve_blocks(panels_, b, {false, true, 0}, threads);
}
void CholeskyFactor::solve_lower_until(SmallIndex end, MatrixRef b, int threads) const {
  solve_blocks(panels_, b, {true, false, end}, threads);
}

}  // namespace henderson::linalg
