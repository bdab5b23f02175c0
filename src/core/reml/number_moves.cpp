// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/number_moves.h"

namespace henderson::reml {

std::vector<Move> moves(const model::Slot& slot) {
  std::vector<Move> found;
  std::vector<covariance::Link> links(static_cast<std::size_t>(slot.n_theta()),
                                      covariance::Link::other);
  bool any = false;
  for (Index k = 0; k < slot.n_values(); ++k) {
    const std::optional<covariance::Coordinate> at = slot.structure->coordinate(k);
    if (at) links[static_cast<std::size_t>(at->theta)] = at->link;
    any = any || at;
  }
  if (slot.held || !any || links.size() < 2) return found;
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i] == covariance::Link::identity) continue;
    const Index theta = slot.first_theta + static_cast<Index>(i);
    found.push_back({theta, links[i] == covariance::Link::other});
  }
  return found;
}

unsigned n_runs(std::size_t n_moves) { return n_moves < 3 ? 1U << n_moves : kMostRuns; }

double sign_of(unsigned run, std::size_t move) {
  const unsigned both = run & (1U + static_cast<unsigned>(move) % (kMostRuns - 1U));
  const unsigned parity = (both ^ (both >> 1U) ^ (both >> 2U)) & 1U;
  return parity == 0U ? 1.0 : -1.0;
}

}  // namespace henderson::reml
