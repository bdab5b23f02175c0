// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/idle_numbers.h"

#include <cmath>
#include <numeric>

#include "core/coordinates/boundary.h"
#include "core/reml/number_moves.h"

namespace henderson::reml {

using coordinates::FreeSpace;
using likelihood::Parameters;
using model::Model;
using model::Slot;

namespace {

// Where a number is put to see whether Sigma knows it, from its start; and to be tried.
constexpr double kSeen = 0.5;
constexpr double kSteps[] = {0.7, 2.0};

// Theta of this slot, 0-based within it.
std::vector<Index> idle_numbers(const Slot& slot, const Parameters& end) {
  std::vector<Index> found;
  if (slot.held || !slot.has_edge || coordinates::n_at_boundary(slot, end) == 0) return found;
  covariance::Positions all(static_cast<std::size_t>(slot.structure->n_coef()));
  std::iota(all.begin(), all.end(), 0);
  const Vector theta = end.of(slot);
  const Matrix sigma = slot.structure->covariance(theta, all);
  for (const Move& move : moves(slot)) {
    if (!move.is_number) continue;
    Vector other = theta;
    const Index i = move.theta - slot.first_theta;
    other[i] = std::isfinite(other[i]) ? other[i] + kSeen : kSeen;
    if (slot.structure->covariance(other, all) == sigma) found.push_back(i);
  }
  return found;
}

}  // namespace

bool has_idle_numbers(const Model& model, const Parameters& end) {
  for (const Slot& slot : model.slots()) {
    if (!idle_numbers(slot, end).empty()) return true;
  }
  return false;
}

std::vector<Parameters> turned_ends(const Model& model, const Parameters& start,
                                    const Parameters& end, double share) {
  const FreeSpace space(model);
  std::vector<Parameters> ends;
  for (const Slot& slot : model.slots()) {
    const std::vector<Index> idle = idle_numbers(slot, end);
    if (idle.empty()) continue;
    for (unsigned run = 0; run < n_runs(idle.size()); ++run) {
      for (const double step : kSteps) {
        Vector theta = end.theta();
        Vector own = end.of(slot);
        for (std::size_t j = 0; j < idle.size(); ++j)
          own[idle[j]] = start.of(slot)[idle[j]] + sign_of(run, j) * step;
        slot.theta_of(theta) = slot.structure->nudged(own, share * end.residual_sd());
        const std::optional<Parameters> found =
            space.restored({std::move(theta), end.log_residual()});
        if (found) ends.push_back(*found);
      }
    }
  }
  return ends;
}

}  // namespace henderson::reml
