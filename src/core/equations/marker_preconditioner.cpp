// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/marker_preconditioner.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/base/normal.h"

namespace henderson::equations {
namespace {

using pedigree::MarkerMatrix;

constexpr std::uint64_t kSeed = 20140901;
constexpr Index kProbes = 4;  // vectors of signs for the diagonal

// n of 0, ..., n_all - 1, ascending: the same ones whenever they are drawn.
std::vector<Index> drawn(Index n_all, Index n) {
  std::vector<Index> all(static_cast<std::size_t>(n_all));
  std::iota(all.begin(), all.end(), Index{0});
  std::mt19937_64 random(kSeed);
  for (Index i = 0; i < n; ++i)
    std::swap(all[i],
              all[i + static_cast<Index>(random() % static_cast<std::uint64_t>(n_all - i))]);
  all.resize(static_cast<std::size_t>(n));
  std::sort(all.begin(), all.end());
  return all;
}

Index sample_size(const MarkerMatrix& markers, const SampleLimits& limits) {
  const double most = std::sqrt(limits.flops / static_cast<double>(markers.n_columns()));
  return std::min({markers.n_animals(), limits.animals, static_cast<Index>(most)});
}

}  // namespace

MarkerPreconditioner::MarkerPreconditioner(const EquationOperator& equations,
                                           const model::RandomBlock& block,
                                           const SampleLimits& limits, Callbacks& callbacks)
    : levels_(*block.levels->single_step()), n_coef_(block.structure->n_columns()) {
  first_row_ =
      equations.columns().nodes.first_column[block.first_node] + levels_.n_animals() * n_coef_;
  n_rows_ = levels_.n_effects() * n_coef_;
  EquationOperator own(equations.model(), equations.columns(), equations.lambda(),
                       equations.records());
  const Index n = n_coef_ == 1 ? sample_size(levels_.markers(), limits) : 0;
  const double share = static_cast<double>(n) / static_cast<double>(levels_.markers().n_animals());
  find_diagonal(own, share, callbacks);
  if (n > 0) make_sample(own, n, callbacks);
}

Eigen::RowVectorXd MarkerPreconditioner::of_records(EquationOperator& equations,
                                                    const SideBySide& x) const {
  SideBySide all = SideBySide::Zero(equations.size(), x.cols()), product;
  all.middleRows(first_row_, n_rows_) = x;
  equations.multiply(all, product);
  const auto own = product.middleRows(first_row_, n_rows_) - x;
  return x.cwiseProduct(own).colwise().sum();
}

// Of each coefficient the mean over signs x of x'C x is the sum of its diagonal; a marker has of it
// by its own z'z.
void MarkerPreconditioner::find_diagonal(EquationOperator& equations, double share,
                                         Callbacks& callbacks) {
  const Vector& squares = levels_.markers().squares();
  const double all = squares.sum();
  diagonal_ = Vector::Ones(n_rows_);
  if (!(all > 0.0)) return;
  NormalStream normal(kSeed);
  for (Index c = 0; c < n_coef_; ++c) {
    SideBySide x = SideBySide::Zero(n_rows_, kProbes);
    for (Index j = 0; j < squares.size(); ++j)
      for (Index k = 0; k < kProbes; ++k) x(j * n_coef_ + c, k) = normal() < 0.0 ? -1.0 : 1.0;
    const double sum = std::max(0.0, of_records(equations, x).mean());
    for (Index j = 0; j < squares.size(); ++j)
      diagonal_[j * n_coef_ + c] += (1.0 - share) * sum * squares[j] / all;
    callbacks.stop_if_interrupted();
  }
}

void MarkerPreconditioner::make_sample(EquationOperator& equations, Index n, Callbacks& callbacks) {
  auto sample = std::make_unique<MarkerMatrix>(
      levels_.markers().of_animals(drawn(levels_.markers().n_animals(), n)));
  NormalStream normal(kSeed);
  SideBySide x(n, 1), along = SideBySide::Zero(n_rows_, 1), back = SideBySide::Zero(n, 1);
  for (Index i = 0; i < n; ++i) x(i, 0) = normal();
  sample->multiply_back_add(1, x.data(), along.data());
  sample->multiply_add(1, along.data(), back.data());
  const double factor = of_records(equations, along)[0] / back.squaredNorm();
  if (!(factor > 0.0) || !std::isfinite(factor)) return;
  const Vector root = diagonal_.cwiseSqrt().cwiseInverse();
  Matrix inner = linalg::cross_product(
      n, n_rows_,
      [&](Index first, MatrixRef block) {
        sample->read(first, block);
        for (Index c = 0; c < block.cols(); ++c) block.col(c) *= root[first + c];
      },
      sample->threads(), callbacks);
  inner.diagonal().array() += 1.0 / factor;
  auto inverse = linalg::symmetric_inverse(std::move(inner), sample->threads());
  if (!std::holds_alternative<linalg::DenseInverse>(inverse)) return;
  inverse_ = std::move(std::get<linalg::DenseInverse>(inverse).inverse);
  sample_ = std::move(sample);
}

void MarkerPreconditioner::solve(const SideBySide& r, SideBySide& z) const {
  const Index width = r.cols();
  SideBySide own = r.middleRows(first_row_, n_rows_);
  SideBySide scaled = diagonal_.cwiseInverse().asDiagonal() * own;
  if (sample_) {
    SideBySide along = SideBySide::Zero(sample_->n_animals(), width);
    sample_->multiply_add(width, scaled.data(), along.data());
    const SideBySide left = -(inverse_ * along);
    sample_->multiply_back_add(width, left.data(), own.data());
    scaled = diagonal_.cwiseInverse().asDiagonal() * own;
  }
  z.middleRows(first_row_, n_rows_) = scaled;
}

}  // namespace henderson::equations
