// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/other_starts.h"

#include <cmath>

#include "core/base/error.h"
#include "core/coordinates/boundary.h"

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

// The start with these slots multiplied by kMost and all others by kLeast; those that are held, or
// cannot be multiplied, stay.
template <class IsMost>
std::optional<Parameters> corner(const Model& model, const FreeSpace& space,
                                 const Parameters& start, bool is_residual, IsMost is_most) {
  Vector theta = start.theta();
  for (const model::RandomBlock& block : model.blocks) {
    if (block.held || !block.structure->can_be_rescaled()) continue;
    block.theta_of(theta) =
        block.structure->rescaled(start.of(block), is_most(block) ? kMost : kLeast);
  }
  const double of_residual = is_residual ? kMost : kLeast;
  for (const model::ResidualBlock& block : model.residual.blocks) {
    if (block.held || !block.structure->can_be_rescaled()) continue;
    block.theta_of(theta) = block.structure->rescaled(start.of(block), of_residual);
  }
  const bool is_single = !model.has_structured_residual() && !model.residual_held;
  return space.restored(
      {std::move(theta), start.log_residual() + (is_single ? std::log(of_residual) : 0.0)});
}

// Half the spread of the starts, of log standard deviations and of numbers like log(range) and
// atanh(correlation).
constexpr double kSpreadSd = 1.2;
constexpr double kSpreadNumber = 1.5;
constexpr unsigned kScattered = 8;

struct Move {
  Index theta = 0;
  bool is_number = false;  // not a standard deviation
};

// What may be moved one by one, in structures of several such. Correlations that are values of
// several theta have theta of the same kind.
std::vector<Move> moves(const Model& model) {
  std::vector<Move> found;
  for (const model::Slot& slot : model.slots()) {
    std::vector<covariance::Link> links(static_cast<std::size_t>(slot.n_theta()),
                                        covariance::Link::other);
    bool any = false;
    for (Index k = 0; k < slot.n_values(); ++k) {
      const std::optional<covariance::Coordinate> at = slot.structure->coordinate(k);
      if (at) links[static_cast<std::size_t>(at->theta)] = at->link;
      any = any || at;
    }
    if (slot.held || !any || links.size() < 2) continue;
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (links[i] == covariance::Link::identity) continue;
      const Index theta = slot.first_theta + static_cast<Index>(i);
      found.push_back({theta, links[i] == covariance::Link::other});
    }
  }
  return found;
}

// Walsh functions: each pair of up to seven moves is met in all four combinations of signs.
double sign_of(unsigned run, std::size_t move) {
  const unsigned both = run & (1U + static_cast<unsigned>(move) % (kScattered - 1U));
  const unsigned parity = (both ^ (both >> 1U) ^ (both >> 2U)) & 1U;
  return parity == 0U ? 1.0 : -1.0;
}

}  // namespace

std::vector<Parameters> scattered_starts(const Model& model, const Parameters& start) {
  const FreeSpace space(model);
  const std::vector<Move> moved = moves(model);
  std::vector<Parameters> starts;
  for (unsigned run = 0; run < kScattered && !moved.empty(); ++run) {
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
  add(corner(model, space, start, true, [](const model::RandomBlock&) { return false; }));
  for (const model::RandomBlock& most : model.blocks)
    if (starts.size() <= kMostCorners)
      add(corner(model, space, start, false,
                 [&](const model::RandomBlock& block) { return &block == &most; }));
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
