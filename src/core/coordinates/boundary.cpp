// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/boundary.h"

#include <algorithm>
#include <cmath>

namespace henderson::coordinates {

using likelihood::Parameters;
using model::Model;
using model::RandomBlock;

std::optional<Parameters> nudged(const Model& model, const FreeSpace& space,
                                 const Parameters& parameters, double share) {
  Vector theta = parameters.theta();
  for (const RandomBlock& block : model.blocks) {
    if (block.held) continue;
    block.theta_of(theta) =
        block.structure->nudged(parameters.of(block), share * parameters.residual_sd());
  }
  return space.restored({std::move(theta), parameters.log_residual()});
}

void keep_sides(const Model& model, const FreeSpace& space, const Parameters& parameters,
                double share, Box& box) {
  constexpr double kArrived = 2.0;
  const double wall = share * parameters.residual_sd();
  std::vector<bool> has_kink(static_cast<std::size_t>(model.n_parameters()), false);
  for (const RandomBlock& block : model.blocks) {
    if (block.held) continue;
    const std::vector<bool> own = block.structure->has_kink();
    std::copy(own.begin(), own.end(), has_kink.begin() + block.first_theta);
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
                                    const RandomBlock* only) {
  Vector theta = parameters.theta();
  for (const RandomBlock& block : model.blocks) {
    if (block.held || (only != nullptr && only != &block)) continue;
    block.theta_of(theta) = block.structure->canonical(parameters.of(block), relative,
                                                       absolute * parameters.residual_sd());
  }
  return space.restored({std::move(theta), parameters.log_residual()});
}

std::ptrdiff_t n_at_boundary(const RandomBlock& block, const Parameters& parameters) {
  if (block.held) return 0;
  const std::vector<bool> found = block.structure->theta_at_boundary(parameters.of(block));
  return std::count(found.begin(), found.end(), true);
}

bool has_boundary(const Model& model, const Parameters& parameters) {
  return std::any_of(model.blocks.begin(), model.blocks.end(), [&](const RandomBlock& block) {
    return n_at_boundary(block, parameters) > 0;
  });
}

bool is_residual_gone(const Model& model, const Parameters& parameters) {
  constexpr double kSame = 1e-9;
  return !model.has_structured_residual() && !model.residual_held && !model.blocks.empty() &&
         std::abs(parameters.log_residual() - std::log(kLeastResidual)) < kSame;
}

}  // namespace henderson::coordinates
