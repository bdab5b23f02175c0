// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/other_starts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/coordinates/boundary.h"
#include "core/reml/number_moves.h"

namespace henderson::reml {

using coordinates::FreeSpace;
using likelihood::Parameters;
using model::Model;

namespace {

// Shares of sigma to which standard deviations are lifted.
constexpr double kLifts[] = {0.3, 1.0, 0.1};

// Nothing where no term is so, or where held values leave no such Sigma.
std::optional<Parameters> with_unit_terms(const Model& model, const FreeSpace& space,
                                          const Parameters& at) {
  Vector theta = at.theta();
  bool any = false;
  try {
    for (const model::RandomBlock& block : model.blocks) {
      if (block.held || block.n_coef < 2 || coordinates::n_at_boundary(block, at) == 0) continue;
      block.theta_of(theta) = block.structure->theta_from_variance(at.residual());
      any = true;
    }
  } catch (const InvalidSpec&) {
    return std::nullopt;
  }
  if (!any) return std::nullopt;
  return space.restored({std::move(theta), at.log_residual()});
}

// Factors of the variance that has most, and of all others.
constexpr double kMost = 1.8;
constexpr double kLeast = 0.02;
constexpr std::size_t kMostCorners = 6;

// With weights so unlike that the response of light records is on another scale, what they tell of
// random effects is far from the start, whose scale is that of the heavy ones. Variances on their
// scale, in units of those of the start.
constexpr double kOtherScale = 4.0;

double scale_of_light_records(const Model& model) {
  if (model.weights.size() == 0 || model.n_unseen > 0.0) return 1.0;
  return model.weights.mean() * model.response.squaredNorm() / model.weighted_ss;
}

// The start with these slots multiplied by `most` and all others by kLeast; those that are held, or
// cannot be multiplied, stay.
template <class IsMost>
std::optional<Parameters> corner(const Model& model, const FreeSpace& space,
                                 const Parameters& start, double most, bool is_residual,
                                 IsMost is_most) {
  Vector theta = start.theta();
  for (const model::RandomBlock& block : model.blocks) {
    if (block.held || !block.structure->can_be_rescaled()) continue;
    block.theta_of(theta) =
        block.structure->rescaled(start.of(block), is_most(block) ? most : kLeast);
  }
  const double of_residual = is_residual ? most : kLeast;
  for (const model::ResidualBlock& block : model.residual.blocks) {
    if (block.held || !block.structure->can_be_rescaled()) continue;
    block.theta_of(theta) = block.structure->rescaled(start.of(block), of_residual);
  }
  const bool is_single = !model.has_structured_residual() && !model.residual_held;
  return space.restored(
      {std::move(theta), start.log_residual() + (is_single ? std::log(of_residual) : 0.0)});
}

// What the other coefficients get of the variance of the one that has it.
constexpr double kBeside = 0.1;
constexpr Index kMostAxes = 6;

// Matrices of this size with a mean variance of 1.
std::vector<Matrix> directed_matrices(Index n) {
  std::vector<Matrix> found;
  for (Index i = 0; i < std::min(n, kMostAxes); ++i) {
    Vector axis = Vector::Constant(n, kBeside);
    axis[i] = 1.0;
    found.emplace_back(static_cast<double>(n) / axis.squaredNorm() * axis * axis.transpose());
  }
  for (unsigned run = 1; run < n_runs(static_cast<std::size_t>(n)) / 2; ++run) {
    Vector signs(n);
    for (Index i = 0; i < n; ++i) signs[i] = sign_of(run, static_cast<std::size_t>(i));
    found.emplace_back(signs * signs.transpose());
  }
  return found;
}

// Half the spread of the starts, of log standard deviations and of numbers like log(range) and
// atanh(correlation).
constexpr double kSpreadSd = 1.2;
constexpr double kSpreadNumber = 1.5;

// From which the residuals of subjects are begun: what is left of random terms, the correlation of
// neighbours, and the ratio of those of positions one farther apart.
struct Decay {
  double random, neighbours, ratio;
};
constexpr Decay kDecays[] = {{0.05, 0.95, 0.95}, {1.0, 0.95, 0.95}, {1.0, 0.0, 0.0},
                             {1.0, -0.7, -0.7},  {1.0, 0.1, 0.9},   {1.0, 0.1, -0.9}};
// No variance is begun at less than this share of the largest: what is gone from one position may
// have to come back.
constexpr double kLeastVariance = 0.1;

Matrix decaying(const Vector& variances, const Decay& decay) {
  const Vector sd = variances.cwiseMax(kLeastVariance * variances.maxCoeff()).cwiseSqrt();
  Matrix sigma = sd * sd.transpose();
  for (Index j = 0; j < sigma.cols(); ++j) {
    for (Index i = 0; i < sigma.rows(); ++i) {
      const auto lag = static_cast<double>(std::abs(i - j));
      if (i != j) sigma(i, j) *= decay.neighbours * std::pow(decay.ratio, lag - 1.0);
    }
  }
  return sigma;
}

void set_decay(const model::ResidualBlock& block, const Parameters& start, const Decay& decay,
               Vector& theta) {
  const covariance::Structure& structure = *block.structure;
  if (block.held || structure.factor_pattern().isDiagonal(0.0)) return;
  covariance::Positions all(static_cast<std::size_t>(structure.n_coef()));
  std::iota(all.begin(), all.end(), 0);
  const Matrix sigma = structure.covariance(start.of(block), all);
  block.theta_of(theta) = structure.theta_from_covariance(decaying(sigma.diagonal(), decay));
}

}  // namespace

std::vector<Parameters> residual_starts(const Model& model, const Parameters& start) {
  const FreeSpace space(model);
  std::vector<Parameters> starts;
  for (const Decay& decay : kDecays) {
    Vector theta = start.theta();
    try {
      for (const model::ResidualBlock& block : model.residual.blocks)
        set_decay(block, start, decay, theta);
      for (const model::RandomBlock& block : model.blocks) {
        if (block.held || !block.structure->can_be_rescaled()) continue;
        block.theta_of(theta) = block.structure->rescaled(start.of(block), decay.random);
      }
    } catch (const InvalidSpec&) {
      continue;  // held values leave no such matrix
    }
    const std::optional<Parameters> found =
        space.restored({std::move(theta), start.log_residual()});
    if (found) starts.push_back(*found);
  }
  return starts;
}

std::vector<Parameters> scattered_starts(const Model& model, const Parameters& start) {
  const FreeSpace space(model);
  std::vector<Move> moved;
  for (const model::Slot& slot : model.slots()) {
    const std::vector<Move> own = moves(slot);
    moved.insert(moved.end(), own.begin(), own.end());
  }
  std::vector<Parameters> starts;
  for (unsigned run = 0; run < kMostRuns && !moved.empty(); ++run) {
    Vector theta = start.theta();
    for (std::size_t j = 0; j < moved.size(); ++j) {
      double& x = theta[moved[j].theta];
      const double sign = sign_of(run, j);
      x = moved[j].is_number ? x + sign * kSpreadNumber : x * std::exp(sign * kSpreadSd);
    }
    const std::optional<Parameters> found =
        space.restored({std::move(theta), start.log_residual()});
    if (found) starts.push_back(*found);
  }
  return starts;
}

std::vector<Parameters> corner_starts(const Model& model, const Parameters& start) {
  const FreeSpace space(model);
  std::vector<Parameters> starts;
  const auto add = [&](const std::optional<Parameters>& found) {
    if (found) starts.push_back(*found);
  };
  if (model.blocks.empty()) return starts;
  const auto add_random = [&](std::size_t limit, double most) {
    for (const model::RandomBlock& own : model.blocks)
      if (starts.size() < limit)
        add(corner(model, space, start, most, false,
                   [&](const model::RandomBlock& block) { return &block == &own; }));
  };
  add(corner(model, space, start, kMost, true, [](const model::RandomBlock&) { return false; }));
  add_random(1 + kMostCorners, kMost);
  const double scale = scale_of_light_records(model);
  if (scale > kOtherScale) add_random(1 + 2 * kMostCorners, scale * kMost);
  return starts;
}

std::vector<Parameters> loading_starts(const Model& model, const Parameters& start) {
  const FreeSpace space(model);
  std::vector<Parameters> starts;
  for (const model::RandomBlock& block : model.blocks) {
    const covariance::Structure& structure = *block.structure;
    if (block.held || structure.n_columns() >= structure.n_coef()) continue;
    const std::optional<Matrix> lambda = structure.factor(start.of(block));
    if (!lambda) continue;
    const auto n = static_cast<Index>(block.n_coef);
    const double variance = lambda->squaredNorm() / static_cast<double>(n);
    for (const Matrix& directed : directed_matrices(n)) {
      Vector theta = start.theta();
      block.theta_of(theta) = structure.theta_from_covariance(variance * directed);
      const std::optional<Parameters> found =
          space.restored({std::move(theta), start.log_residual()});
      if (found) starts.push_back(*found);
    }
  }
  return starts;
}

std::vector<Parameters> other_starts(const Model& model, const Parameters& end, bool was_done) {
  const FreeSpace space(model);
  std::vector<Parameters> starts;
  for (const double share : kLifts) {
    const std::optional<Parameters> start = coordinates::nudged(model, space, end, share);
    if (start) starts.push_back(*start);
    if (was_done) break;
  }
  const std::optional<Parameters> unit = with_unit_terms(model, space, end);
  if (unit) starts.push_back(*unit);
  return starts;
}

}  // namespace henderson::reml
