// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/boundary.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "core/equations/row_limit.h"

namespace henderson::coordinates {

using likelihood::Parameters;
using model::Model;
using model::Slot;

namespace {

// The least eigenvalue of correlations that are far from singular, and the positions of a subject
// above which they are not looked at.
constexpr double kFarFromSingular = 1e-6;
constexpr std::size_t kMostPositions = 1000;

bool is_far_from_singular(Matrix sigma) {
  const Vector scale = sigma.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite()) return false;
  sigma = scale.asDiagonal() * sigma * scale.asDiagonal();
  sigma.diagonal().array() -= kFarFromSingular;
  return Eigen::LLT<Matrix>(sigma).info() == Eigen::Success;
}

bool are_subjects_definite(const model::ResidualBlock& block, const ConstVectorRef& theta) {
  return block.structure->is_valid(theta) &&
         std::all_of(block.patterns.begin(), block.patterns.end(), [&](const auto& pattern) {
           return pattern.positions.size() <= kMostPositions &&
                  is_far_from_singular(block.structure->covariance(theta, pattern.positions));
         });
}

bool any(const std::vector<bool>& of) { return std::find(of.begin(), of.end(), true) != of.end(); }

// The section without a ridge; null: another slot.
const model::ResidualBlock* without_ridge(const Model& model, const Slot& slot) {
  if (slot.has_edge) return nullptr;
  for (const model::ResidualBlock& block : model.residual.blocks) {
    if (&block == &slot) return &block;
  }
  return nullptr;
}

}  // namespace

std::optional<Parameters> nudged(const Model& model, const FreeSpace& space,
                                 const Parameters& parameters, double share) {
  Vector theta = parameters.theta();
  for (const Slot& slot : model.slots()) {
    if (slot.held || !slot.has_edge) continue;
    slot.theta_of(theta) =
        slot.structure->nudged(parameters.of(slot), share * parameters.residual_sd());
  }
  return space.restored({std::move(theta), parameters.log_residual()});
}

void keep_sides(const Model& model, const FreeSpace& space, const Parameters& parameters,
                double share, Box& box) {
  constexpr double kArrived = 2.0;
  const double wall = share * parameters.residual_sd();
  std::vector<bool> has_kink(static_cast<std::size_t>(model.n_parameters()), false);
  for (const Slot& slot : model.slots()) {
    if (slot.held || !slot.has_edge) continue;
    const std::vector<bool> own = slot.structure->has_kink();
    std::copy(own.begin(), own.end(), has_kink.begin() + slot.first_theta);
  }
  for (Index j = 0; j < space.size(); ++j) {
    const Index i = space.leads()[j];
    if (!has_kink[static_cast<std::size_t>(i)]) continue;
    const double here = parameters.theta()[i];
    const double left = std::abs(here) > kArrived * wall ? std::abs(here) - wall : 0.0;
    double& limit = here < 0.0 ? box.upper[j] : box.lower[j];
    limit = here < 0.0 ? std::min(limit, left) : std::max(limit, -left);
  }
}

std::optional<Parameters> canonical(const Model& model, const FreeSpace& space,
                                    const Parameters& parameters, double relative, double absolute,
                                    const Slot* only) {
  Vector theta = parameters.theta();
  for (const Slot& slot : model.slots()) {
    if (slot.held || (only != nullptr && only != &slot)) continue;
    const model::ResidualBlock* block = without_ridge(model, slot);
    // No variance of these is zero.
    const double least = block != nullptr ? 0.0 : absolute * parameters.residual_sd();
    const Vector own = slot.structure->canonical(parameters.of(slot), relative, least);
    if (block != nullptr) {
      if (!any(slot.structure->theta_at_boundary(own)) || !are_subjects_definite(*block, own))
        continue;
    }
    slot.theta_of(theta) = own;
  }
  return space.restored({std::move(theta), parameters.log_residual()});
}

std::ptrdiff_t n_at_boundary(const Slot& slot, const Parameters& parameters) {
  if (slot.held) return 0;
  const std::vector<bool> found = slot.structure->theta_at_boundary(parameters.of(slot));
  return std::count(found.begin(), found.end(), true);
}

bool has_boundary(const Model& model, const Parameters& parameters) {
  const auto slots = model.slots();
  return std::any_of(slots.begin(), slots.end(),
                     [&](const Slot& slot) { return n_at_boundary(slot, parameters) > 0; });
}

bool may_be_at_boundary(const Model& model, const Slot& slot, const Parameters& parameters) {
  if (slot.has_edge) return true;
  const model::ResidualBlock* block = without_ridge(model, slot);
  const auto own = parameters.of(slot);
  return block != nullptr && !slot.held && any(slot.structure->theta_at_boundary(own)) &&
         are_subjects_definite(*block, own);
}

double least_residual(const Model& model) { return equations::takes_rows(model) ? 1e-9 : 1e-6; }

bool is_residual_gone(const Model& model, const Parameters& parameters) {
  constexpr double kSame = 1e-9;
  return !model.has_structured_residual() && !model.residual_held && !model.blocks.empty() &&
         std::abs(parameters.log_residual() - std::log(least_residual(model))) < kSame;
}

}  // namespace henderson::coordinates
