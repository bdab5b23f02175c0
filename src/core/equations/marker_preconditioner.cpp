// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/marker_preconditioner.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/base/normal.h"

namespace henderson::equations {
namespace {

using pedigree::MarkerMatrix;

constexpr std::uint64_t kSeed = 20140901;
constexpr Index kProbes = 4;  // vectors of signs for the diagonal

Index sample_size(const MarkerMatrix& markers, const SampleLimits& limits) {
  const double most = std::sqrt(limits.flops * static_cast<double>(markers.n_animals()));
  return std::min(limits.animals, static_cast<Index>(most));
}

// The weight t with sum min(1, w / t) = n.
double least_certain(const Vector& weights, double n) {
  double low = 0.0, high = weights.sum() / n;
  for (int halving = 0; halving < 60; ++halving) {
    const double t = 0.5 * (low + high);
    ((weights.array() / t).min(1.0).sum() > n ? low : high) = t;
  }
  return high;
}

}  // namespace

AnimalSample draw_animals(const Vector& weights, Index n) {
  AnimalSample found;
  const double all = weights.sum();
  if (n < 1 || !(all > 0.0)) return found;
  const bool has_room = (weights.array() > 0.0).count() <= n;
  const double certain = has_room ? 0.0 : least_certain(weights, static_cast<double>(n));
  std::mt19937_64 random(kSeed);
  std::vector<double> own;
  for (Index i = 0; i < weights.size(); ++i) {
    const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
    if (!(weights[i] > uniform * certain)) continue;
    found.animals.push_back(i);
    own.push_back(std::max(weights[i], certain));
    found.share += weights[i] / all;
  }
  found.weights = Eigen::Map<const Vector>(own.data(), static_cast<Index>(own.size()));
  return found;
}

MarkerPreconditioner::MarkerPreconditioner(const EquationOperator& equations,
                                           const model::RandomBlock& block, const Vector& records,
                                           const SampleLimits& limits, Callbacks& callbacks)
    : levels_(*block.levels->single_step()), n_coef_(block.structure->n_columns()) {
  first_row_ =
      equations.columns().nodes.first_column[block.first_node] + levels_.n_animals() * n_coef_;
  n_rows_ = levels_.n_effects() * n_coef_;
  EquationOperator own(equations.model(), equations.columns(), equations.lambda(),
                       equations.records());
  const AnimalSample sample =
      draw_animals(levels_.split().records_of_genotyped(records),
                   n_coef_ == 1 ? sample_size(levels_.markers(), limits) : 0);
  find_diagonal(own, sample.share, callbacks);
  if (!sample.animals.empty()) make_sample(own, sample, callbacks);
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

void MarkerPreconditioner::make_sample(EquationOperator& equations, const AnimalSample& drawn,
                                       Callbacks& callbacks) {
  auto sample = std::make_unique<MarkerMatrix>(levels_.markers().of_animals(drawn.animals));
  const Index n = sample->n_animals();
  NormalStream normal(kSeed);
  SideBySide x(n, 1), along = SideBySide::Zero(n_rows_, 1), back = SideBySide::Zero(n, 1);
  for (Index i = 0; i < n; ++i) x(i, 0) = std::sqrt(drawn.weights[i]) * normal();
  sample->multiply_back_add(1, x.data(), along.data());
  sample->multiply_add(1, along.data(), back.data());
  const double factor =
      of_records(equations, along)[0] / back.col(0).cwiseAbs2().dot(drawn.weights);
  if (!(factor > 0.0) || !std::isfinite(factor)) return;
  const Vector root = diagonal_.cwiseSqrt().cwiseInverse();
  Matrix inner = linalg::cross_product(
      n, n_rows_,
      [&](Index first, MatrixRef block) {
        sample->read(first, block);
        for (Index c = 0; c < block.cols(); ++c) block.col(c) *= root[first + c];
      },
      sample->threads(), callbacks);
  inner.diagonal() += (factor * drawn.weights).cwiseInverse();
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
