// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/moving.h"

#include <algorithm>

#include "core/coordinates/boundary.h"

namespace henderson::coordinates {

using likelihood::Parameters;
using model::Model;

namespace {

std::vector<bool> stopped_parameters(const Model& model, const Parameters& parameters) {
  std::vector<bool> stopped(static_cast<std::size_t>(model.n_parameters()), false);
  for (const model::Slot& slot : model.slots()) {
    if (!may_be_at_boundary(model, slot, parameters)) continue;
    const std::vector<bool> own = slot.structure->theta_at_boundary(parameters.of(slot));
    std::copy(own.begin(), own.end(), stopped.begin() + slot.first_theta);
  }
  if (is_residual_gone(model, parameters)) stopped.back() = true;
  return stopped;
}

}  // namespace

Moving moving_directions(const Model& model, const FreeSpace& space, const Parameters& parameters) {
  std::vector<bool> may_change = stopped_parameters(model, parameters);
  may_change.flip();
  const std::vector<bool> at_bound = space.at_bound(parameters);
  for (Index k = 0; k < space.size(); ++k) {
    if (at_bound[static_cast<std::size_t>(k)]) may_change[space.leads()[k]] = false;
  }
  Moving moving;
  moving.directions = space.directions(parameters, may_change);
  moving.jacobian = space.jacobian(parameters) * moving.directions;
  return moving;
}

}  // namespace henderson::coordinates
