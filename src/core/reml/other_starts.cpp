// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/other_starts.h"

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

}  // namespace

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
