// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/cholesky.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>

#include "core/linalg/crew.h"
#include "core/linalg/front.h"

namespace henderson::linalg {

namespace {

constexpr int kInverseIterations = 2;

// The first column, in the order of elimination, whose pivot fails.
struct Failure {
  SmallIndex column = kNone;
  double pivot = 0;
};

}  // namespace

class Factorizer {
 public:
  Factorizer(Panels&& assembled, const FactorOptions& options, Callbacks& callbacks)
      : panels_(std::move(assembled)),
        symbolic_(panels_.symbolic()),
        schedule_(symbolic_.schedule()),
        options_(options),
        stop_(callbacks) {}

  void drop_dependent(double tolerance) {
    threshold_.resize(symbolic_.size());
    dropped_.assign(symbolic_.size(), 0);
    for (SmallIndex s = 0; s < symbolic_.n_supernodes(); ++s)
      for (SmallIndex j = 0; j < symbolic_.width(s); ++j)
        threshold_[symbolic_.first_column(s) + j] =
            tolerance * panels_.data()[symbolic_.panel(s) + j * (symbolic_.height(s) + Index{1})];
  }

  // The tasks at the same time, then the fronts above them with all threads inside each.
  Failure run() {
    Crew crew(panels_.workspace(), threads_for(symbolic_.factor_flops(), options_.threads));
    crew.run_tasks(schedule_.task_order,
                   [&](SmallIndex task, int worker) { run_task(task, worker); });
    stop_.throw_if_stopped();
    if (first_failure_.column != kNone) return first_failure_;
    crew.share_kernels();
    for (const SmallIndex f : schedule_.top) {
      if (stop_.stopped(0)) break;
      const Failure failure = factor_front(f, 0);
      if (failure.column != kNone) return failure;
    }
    stop_.throw_if_stopped();
    return {};
  }

  std::variant<CholeskyFactor, NotPositiveDefinite> result(const Failure& failure) {
    if (failure.column == kNone) return factor();
    const SmallIndex column = symbolic_.old_of_new()[failure.column];
    return NotPositiveDefinite{column, failure.pivot, std::move(panels_)};
  }
  CholeskyFactor factor() { return CholeskyFactor(std::move(panels_)); }

  std::vector<SmallIndex> dependent() const {
    std::vector<SmallIndex> out;
    for (SmallIndex i = 0; i < symbolic_.size(); ++i)
      if (dropped_[symbolic_.new_of_old()[i]]) out.push_back(i);
    return out;
  }

 private:
  // A task ends at its first failure, or when an earlier column has failed in another: the same
  // column is reported whoever is faster.
  void run_task(SmallIndex task, int worker) {
    for (SmallIndex f = schedule_.task_first[task]; f < schedule_.task_last[task]; ++f) {
      if (stop_.stopped(worker) || symbolic_.first_column(schedule_.supernode[f]) > failed_column_)
        return;
      const Failure failure = factor_front(f, worker);
      if (failure.column == kNone) continue;
      const std::lock_guard<std::mutex> lock(mutex_);
      if (failure.column < failed_column_) {
        first_failure_ = failure;
        failed_column_ = failure.column;
      }
      return;
    }
  }

  // Assembles the front from its children and leaves, eliminates its columns, leaves its update
  // matrix behind.
  Failure factor_front(SmallIndex f, int worker) {
    ThreadMemory& memory = panels_.workspace().thread(worker);
    const Front front = front_of(panels_, f, memory.stack.get());
    Team* const team = memory.scratch.team();
    clear_update(front, team);
    for (SmallIndex k = schedule_.child_start[f]; k < schedule_.child_start[f + 1]; ++k) {
      if (schedule_.straight[schedule_.child[k]] != kNone) continue;
      const Front child = front_of(panels_, schedule_.child[k], memory.stack.get());
      const SmallIndex s = schedule_.supernode[schedule_.child[k]];
      add_update(child.below(), child.update, symbolic_.rows_in_parent(s),
                 parent_front(front, f, s), team);
    }
    for (SmallIndex s = schedule_.first_leaf[f]; s < schedule_.first_piece[f]; ++s) {
      const Failure failure = factor_leaf(s, parent_front(front, f, s), memory);
      if (failure.column != kNone) return failure;
    }
    const Failure failure = eliminate_front(f, front, worker);
    if (failure.column != kNone) return failure;
    const SmallIndex to = schedule_.straight[f], s = schedule_.supernode[f];
    if (to != kNone)
      add_update(front.below(), front.update, symbolic_.rows_in_parent(s),
                 parent_front(front_of(panels_, to, nullptr), to, s), team);
    return {};
  }

  // Where rows_in_parent(s) are rows: front f from the parent of s on.
  Front parent_front(const Front& front, SmallIndex f, SmallIndex s) const {
    return front_from(front, schedule_.first_piece[f], symbolic_.parent(s));
  }

  Failure eliminate_front(SmallIndex f, Front front, int worker) {
    ThreadMemory& memory = panels_.workspace().thread(worker);
    const SmallIndex first = schedule_.first_piece[f], last = schedule_.supernode[f];
    for (SmallIndex s = first; s <= last; ++s) {
      if (s > first) {
        front = front.from(front.piece);
        if (stop_.stopped_now(worker)) return {};
      }
      const Failure failure = eliminate(s, memory);
      if (failure.column != kNone) return failure;
      subtract_products(front, memory.scratch);
    }
    return {};
  }

  // All columns behind the first piece, less the products of its rows.
  static void subtract_products(const Front& front, kernels::Scratch& scratch) {
    for (Index i = front.piece; i < front.width; i += front.piece) {
      const Front later = front.from(i);
      kernels::subtract_aat_columns(later.height, later.piece, front.piece, front.panel + i,
                                    front.height, later.panel, later.height, scratch);
    }
    kernels::subtract_aat(front.below(), front.piece, front.panel + front.width, front.height,
                          front.update, front.below(), scratch);
  }

  Failure eliminate(SmallIndex s, ThreadMemory& memory) {
    const SmallIndex first = symbolic_.first_column(s);
    kernels::Pivoting pivoting;
    if (!threshold_.empty()) pivoting = {threshold_.data() + first, dropped_.data() + first};
    double* panel = panels_.data() + symbolic_.panel(s);
    const Index height = symbolic_.height(s);
    const Index failed =
        kernels::factor_panel(height, symbolic_.width(s), panel, height, pivoting, memory.scratch);
    if (failed == kernels::kNoFailure) return {};
    return {first + static_cast<SmallIndex>(failed), panel[failed * (height + 1)]};
  }

  Failure factor_leaf(SmallIndex s, const Front& parent, ThreadMemory& memory) {
    const Failure failure = eliminate(s, memory);
    if (failure.column != kNone) return failure;
    const Index below = symbolic_.below(s), width = symbolic_.width(s), height = below + width;
    const double* l = panels_.data() + symbolic_.panel(s) + width;
    if (width == 1) {
      subtract_outer(below, l, symbolic_.rows_in_parent(s), parent);
      return {};
    }
    double* update = memory.leaf.get();
    std::fill(update, update + below * below, 0.0);
    kernels::subtract_aat(below, width, l, height, update, below, memory.scratch);
    add_update(below, update, symbolic_.rows_in_parent(s), parent, memory.scratch.team());
    return {};
  }

  Panels panels_;
  const SymbolicFactor& symbolic_;
  const Schedule& schedule_;
  const FactorOptions options_;
  StopSignal stop_;
  std::vector<double> threshold_;  // per column of L; empty: pivots must be positive
  std::vector<char> dropped_;
  std::mutex mutex_;  // of the two below, while tasks run
  Failure first_failure_;
  std::atomic<SmallIndex> failed_column_{std::numeric_limits<SmallIndex>::max()};
};

std::variant<CholeskyFactor, NotPositiveDefinite> factorize(Panels&& assembled,
                                                            const FactorOptions& options,
                                                            Callbacks& callbacks) {
  Factorizer factorizer(std::move(assembled), options, callbacks);
  return factorizer.result(factorizer.run());
}

SemidefiniteFactor factorize_semidefinite(Panels&& assembled, double tolerance,
                                          const FactorOptions& options, Callbacks& callbacks) {
  Factorizer factorizer(std::move(assembled), options, callbacks);
  factorizer.drop_dependent(tolerance);
  // Only a pivot that is not a number is neither positive nor dropped.
  if (factorizer.run().column != kNone)
    throw Error("a matrix to be factorised has entries that are not numbers");
  std::vector<SmallIndex> dependent = factorizer.dependent();
  return {factorizer.factor(), std::move(dependent)};
}

Matrix SemidefiniteFactor::null_vectors() const {
  // Column d of L is the unit vector e_d, so L^-1 e_d = e_d, and x = L^-T e_d solves LL'x = e_d;
  // LL' differs from C by e_d e_d' (up to the tolerance), and x_d = 1.
  const Index n_vectors = static_cast<Index>(dependent.size());
  Matrix x = Matrix::Zero(factor.size(), n_vectors);
  for (Index k = 0; k < n_vectors; ++k) x(factor.symbolic().new_of_old()[dependent[k]], k) = 1;
  factor.solve_upper(x);
  return x;
}

double CholeskyFactor::log_determinant_from(SmallIndex first_column) const {
  const SymbolicFactor& symbolic = panels_.symbolic();
  double sum = 0;
  for (SmallIndex s = symbolic.n_supernodes() - 1;
       s >= 0 && symbolic.first_column(s) >= first_column; --s)
    for (SmallIndex j = 0; j < symbolic.width(s); ++j)
      sum += std::log(panels_.data()[symbolic.panel(s) + j * (symbolic.height(s) + Index{1})]);
  return 2 * sum;
}

double CholeskyFactor::log_determinant() const { return log_determinant_from(0); }

// C_jj is the sum of squares of row j of L.
CholeskyFactor::Diagonals CholeskyFactor::diagonals() const {
  const SymbolicFactor& symbolic = panels_.symbolic();
  Diagonals found{Vector::Zero(size()), Vector(size())};
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s) {
    const SmallIndex first = symbolic.first_column(s), width = symbolic.width(s);
    for (SmallIndex c = 0; c < width; ++c) {
      const double* column =
          panels_.data() + symbolic.panel(s) + c * static_cast<Index>(symbolic.height(s));
      found.pivots[first + c] = column[c] * column[c];
      for (SmallIndex r = c; r < width; ++r) found.of_c[first + r] += column[r] * column[r];
      for (SmallIndex r = 0; r < symbolic.below(s); ++r)
        found.of_c[symbolic.rows(s)[r]] += column[width + r] * column[width + r];
    }
  }
  return found;
}

double CholeskyFactor::largest_loss() const {
  const Diagonals own = diagonals();
  return size() == 0 ? 1.0 : (own.of_c.array() / own.pivots.array()).maxCoeff();
}

// By inverse iteration from a vector that no pattern of C knows.
double CholeskyFactor::scaled_condition() const {
  if (size() == 0) return 1.0;
  const Vector of_c = diagonals().of_c;
  const std::vector<SmallIndex>& place = panels_.symbolic().new_of_old();
  Vector root(size());
  Matrix x(size(), 1);
  for (SmallIndex i = 0; i < size(); ++i) {
    root[i] = std::sqrt(of_c[place[i]]);
    x(i, 0) = (i % 2 == 0 ? 1.0 : -1.0) * (1.0 + static_cast<double>(i) / size());
  }
  double condition = 1.0;
  for (int k = 0; k < kInverseIterations; ++k) {
    x.array() *= root.array() / x.norm();
    solve(x);
    x.array() *= root.array();
    condition = x.norm();
  }
  return condition;
}

double CholeskyFactor::log_determinant_last() const {
  return log_determinant_from(size() - panels_.symbolic().n_last());
}

}  // namespace henderson::linalg
