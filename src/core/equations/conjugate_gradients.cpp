// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/conjugate_gradients.h"

#include <cmath>
#include <cstdio>

namespace henderson::equations {
namespace {

// How often it may begin again from what is really left.
constexpr int kMostRestarts = 3;

using Sums = Eigen::ArrayXd;

// x'y of each pair of vectors.
Sums products(const SideBySide& x, const SideBySide& y) {
  Sums sums(x.cols());
  linalg::with_rows(x.cols(), [&](auto row_at, auto sum) {
    for (Index i = 0; i < x.rows(); ++i) sum += row_at(x.data(), i) * row_at(y.data(), i);
    sums = sum;
  });
  return sums;
}

// y += a x, a factor for each vector.
void add_multiple(const Sums& a, const SideBySide& x, SideBySide& y) {
  linalg::with_rows(x.cols(), [&](auto row_at, auto factor) {
    factor = a;
    for (Index i = 0; i < x.rows(); ++i) row_at(y.data(), i) += factor * row_at(x.data(), i);
  });
}

// y = x + a y.
void add_to_multiple(const SideBySide& x, const Sums& a, SideBySide& y) {
  linalg::with_rows(x.cols(), [&](auto row_at, auto factor) {
    factor = a;
    for (Index i = 0; i < x.rows(); ++i)
      row_at(y.data(), i) = row_at(x.data(), i) + factor * row_at(y.data(), i);
  });
}

// 0 where a vector has nothing left.
Sums ratio(const Sums& a, const Sums& b) { return (b > 0.0).select(a / b, 0.0); }

class Iteration {
 public:
  Iteration(EquationOperator& equations, const Preconditioner& preconditioner, const SideBySide& b,
            SideBySide start)
      : equations_(equations), preconditioner_(preconditioner), b_(b) {
    preconditioner_.solve(b_, z_);
    size_of_b_ = products(b_, z_);
    x = start.size() > 0 ? std::move(start) : SideBySide(SideBySide::Zero(b.rows(), b.cols()));
    restart();
  }

  // r = b - C x, and the steepest direction from there.
  void restart() {
    if (x.isZero(0.0)) {
      r_ = b_;
    } else {
      equations_.multiply(x, r_);
      r_ = b_ - r_;
    }
    preconditioner_.solve(r_, z_);
    left_ = products(r_, z_);
    p_ = z_;
  }

  // False where C is not positive definite along the direction, to working precision.
  bool step() {
    equations_.multiply(p_, z_);  // z = C p for now
    const Sums curvature = products(p_, z_);
    if (!((curvature > 0.0) || (left_ <= 0.0)).all() || !curvature.isFinite().all()) return false;
    const Sums length = ratio(left_, curvature);
    add_multiple(length, p_, x);
    add_multiple(-length, z_, r_);
    preconditioner_.solve(r_, z_);
    const Sums left = products(r_, z_);
    add_to_multiple(z_, ratio(left, left_), p_);
    left_ = left;
    return true;
  }

  // The worst of the vectors.
  double error() const { return std::sqrt(ratio(left_.max(0.0), size_of_b_).maxCoeff()); }

  SideBySide x;

 private:
  EquationOperator& equations_;
  const Preconditioner& preconditioner_;
  const SideBySide& b_;
  Sums size_of_b_;  // b'M^-1 b
  Sums left_;       // r'M^-1 r
  SideBySide r_, z_, p_;
};

std::string progress_line(int round, double error) {
  char text[80];
  std::snprintf(text, sizeof text, "round %d: what is left %.1e", round, error);
  return text;
}

}  // namespace

GradientResult conjugate_gradients(EquationOperator& equations,
                                   const Preconditioner& preconditioner, const SideBySide& b,
                                   SideBySide start, const GradientOptions& options,
                                   Callbacks& callbacks) {
  Iteration iteration(equations, preconditioner, b, std::move(start));
  GradientResult found;
  found.reached = iteration.error();
  for (int restarts = 0; restarts <= kMostRestarts; ++restarts) {
    bool goes_on = true;
    while (goes_on && iteration.error() > options.tolerance && found.rounds < options.max_rounds) {
      callbacks.stop_if_interrupted();
      goes_on = iteration.step();
      ++found.rounds;
      callbacks.progress(progress_line(found.rounds, iteration.error()));
    }
    if (found.rounds > 0) iteration.restart();
    found.reached = iteration.error();
    found.converged = found.reached <= options.tolerance;
    if (found.converged || !goes_on || found.rounds >= options.max_rounds) break;
  }
  found.x = std::move(iteration.x);
  return found;
}

}  // namespace henderson::equations
