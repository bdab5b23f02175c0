// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/definite_solver.h"

#include "core/linalg/side_by_side.h"

namespace henderson::linalg {
namespace {

// Of what is left beside the right-hand side, in the norm of the inverse diagonal.
constexpr double kPrecision = 1e-13;
constexpr int kMostRounds = 5000;

using Sums = Eigen::ArrayXd;

Sums products(const SideBySide& x, const SideBySide& y) {
  return (x.array() * y.array()).colwise().sum().transpose();
}

// 0 where a vector has nothing left.
Sums ratio(const Sums& a, const Sums& b) { return (b > 0.0).select(a / b, 0.0); }

}  // namespace

DefiniteSolver::DefiniteSolver(LowerPattern pattern, std::vector<double> value,
                               const DefiniteLimits& limits, Callbacks& callbacks)
    : pattern_(std::move(pattern)), value_(std::move(value)) {
  validate(pattern_);
  for (SmallIndex j = 0; j < size(); ++j)
    if (!(value_[pattern_.start[j]] > 0.0)) throw Error("a diagonal of a matrix is not positive");
  if (size() > 0) factorize(limits, callbacks);
}

void DefiniteSolver::factorize(const DefiniteLimits& limits, Callbacks& callbacks) {
  auto symbolic = analyze(pattern_, AnalyzeOptions{});
  if (symbolic->factor_flops() > limits.flops || symbolic->storage_size() > limits.entries) return;
  const std::vector<Index> positions = symbolic->positions(pattern_);
  Panels panels(std::move(symbolic));
  for (std::size_t k = 0; k < positions.size(); ++k) panels.data()[positions[k]] = value_[k];
  auto result = linalg::factorize(std::move(panels), FactorOptions{}, callbacks);
  if (std::holds_alternative<NotPositiveDefinite>(result))
    throw Error("a matrix is not positive definite");
  factor_.emplace(std::get<CholeskyFactor>(std::move(result)));
}

double DefiniteSolver::bytes() const {
  const auto own = static_cast<double>(value_.size() * (sizeof(double) + sizeof(SmallIndex)));
  if (!factor_) return own;
  return own + static_cast<double>(factor_->symbolic().storage_size()) * sizeof(double);
}

void DefiniteSolver::solve(Index width, double* x) const {
  if (size() == 0) return;
  if (!factor_) return iterate(width, x);
  Eigen::Map<SideBySide> rows(x, size(), width);
  Matrix columns = rows;
  factor_->solve(columns);
  rows = columns;
}

void DefiniteSolver::multiply(Index width, const double* x, double* out) const {
  with_rows(width, [&](auto row_at, auto sum) {
    for (SmallIndex j = 0; j < size(); ++j) {
      const Index first = pattern_.start[j];
      const auto x_j = row_at(x, j);
      sum = value_[first] * x_j;
      for (Index k = first + 1; k < pattern_.start[j + 1]; ++k) {
        row_at(out, pattern_.row[k]) += value_[k] * x_j;
        sum += value_[k] * row_at(x, pattern_.row[k]);
      }
      row_at(out, j) += sum;
    }
  });
}

void DefiniteSolver::iterate(Index width, double* x) const {
  Vector inverse(size());
  for (SmallIndex j = 0; j < size(); ++j) inverse[j] = 1.0 / value_[pattern_.start[j]];
  Eigen::Map<SideBySide> solution(x, size(), width);
  SideBySide r = solution, z = inverse.asDiagonal() * r, p = z, ap(size(), width);
  solution.setZero();
  Sums left = products(r, z);
  const Sums whole = left;
  for (int round = 0; round < kMostRounds; ++round) {
    if ((left <= kPrecision * kPrecision * whole).all()) return;
    ap.setZero();
    multiply(width, p.data(), ap.data());
    const Sums length = ratio(left, products(p, ap));
    solution.array() += p.array().rowwise() * length.transpose();
    r.array() -= ap.array().rowwise() * length.transpose();
    z = inverse.asDiagonal() * r;
    const Sums next = products(r, z);
    p = (p.array().rowwise() * ratio(next, left).transpose()).matrix() + z;
    left = next;
  }
  throw Error("conjugate gradients of the ungenotyped animals did not end");
}

}  // namespace henderson::linalg
