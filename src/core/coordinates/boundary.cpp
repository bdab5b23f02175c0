// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/boundary.h"

#include <algorithm>
#include <cmath>

#include "core/equations/row_limit.h"

namespace henderson::coordinates {

using likelihood::Parameters;
using model::Model;
using model::Slot;

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
    if (slot.held || !slot.has_edge || (only != nullptr && only != &slot)) continue;
    slot.theta_of(theta) = slot.structure->canonical(parameters.of(slot), relative,
                                                     absolute * parameters.residual_sd());
  }
  return space.restored({std::move(theta), parameters.log_residual()});
}

std::ptrdiff_t n_at_boundary(const Slot& slot, const Parameters& parameters) {
  if (slot.held || !slot.has_edge) return 0;
  const std::vector<bool> found = slot.structure->theta_at_boundary(parameters.of(slot));
  return std::count(found.begin(), found.end(), true);
}

bool has_boundary(const Model& model, const Parameters& parameters) {
  const auto slots = model.slots();
  return std::any_of(slots.begin(), slots.end(),
                     [&](const Slot& slot) { return n_at_boundary(slot, parameters) > 0; });
}

double least_residual(const Model& model) { return equations::takes_rows(model) ? 1e-9 : 1e-6; }

bool is_residual_gone(const Model& model, const Parameters& parameters) {
  constexpr double kSame = 1e-9;
  return !model.has_structured_residual() && !model.residual_held && !model.blocks.empty() &&
         std::abs(parameters.log_residual() - std::log(least_residual(model))) < kSame;
}

}  // namespace henderson::coordinates
