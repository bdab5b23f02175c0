// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/ending.h"

#include "core/base/error.h"
#include "core/coordinates/boundary.h"

namespace henderson::reml {

using coordinates::canonical;
using coordinates::n_at_boundary;
using likelihood::Evaluation;
using likelihood::Parameters;

namespace {

// Directions with a standard deviation below this, in units of sigma and of their own coefficient,
// are tried at exactly zero.
constexpr double kBoundary = 1e-2;
// And below these shares of it, where that many are not zero together.
constexpr double kSmallestBoundary = 1e-7;
// What they may lose there, where it is rounding: so many times what is measured of it.
constexpr double kRoundingLoss = 1e-5;
constexpr double kNoises = 3.0;

// The value that a point on the boundary is compared with: of the best one, or more where rounding
// is larger than what counts as nothing.
double to_compare(Trials& trials, const Parameters& best, double value, const Parameters& there) {
  double loss = 0.0;
  if (const std::optional<Evaluation> on_boundary = trials.at(there))
    loss = on_boundary->minus2loglik - value;
  if (!(loss > kBoundaryLoss && loss < kRoundingLoss)) return value;
  return loss <= kNoises * trials.measured_noise(best, value) ? value + loss : value;
}

// A direction that is small but real stays beside one that is truly zero.
std::optional<Parameters> block_by_block(Trials& trials, const Parameters& best, double value) {
  const model::Model& model = trials.model();
  std::optional<Parameters> kept = canonical(model, trials.space(), best, 0.0, 0.0);
  for (const model::Slot& slot : model.slots()) {
    if (!kept) break;
    for (double small = kBoundary; small > kSmallestBoundary; small *= kBoundary) {
      const std::optional<Parameters> trial =
          canonical(model, trials.space(), *kept, small, small, &slot);
      if (!trial || n_at_boundary(slot, *trial) <= n_at_boundary(slot, *kept)) break;
      if (!trials.as_good(*trial, value)) continue;
      kept = trial;
      break;
    }
  }
  return kept;
}

}  // namespace

Evaluation end_at(Trials& trials, const Parameters& best, double value, const Parameters& judged) {
  const std::optional<Parameters> on_boundary =
      canonical(trials.model(), trials.space(), best, kBoundary, kBoundary);
  std::optional<Evaluation> evaluation;
  if (on_boundary && coordinates::has_boundary(trials.model(), *on_boundary)) {
    evaluation = trials.as_good(*on_boundary, value);
    if (!evaluation) {
      value = to_compare(trials, best, value, *on_boundary);
      evaluation = trials.as_good(*on_boundary, value);
    }
  }
  if (!evaluation) evaluation = trials.at(block_by_block(trials, best, value));
  if (!evaluation) evaluation = trials.at(judged);
  if (!evaluation) {
    throw InvalidSpec("response",
                      "the effects fit it exactly, or so nearly that the equations are singular "
                      "at the best values found: a residual variance goes to zero");
  }
  return std::move(*evaluation);
}

}  // namespace henderson::reml
