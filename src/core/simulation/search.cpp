// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/simulation/search.h"

#include <cstdio>

#include "core/simulation/step.h"

namespace henderson::simulation {
namespace {

using coordinates::FreeSpace;
using likelihood::Parameters;
using model::Model;

// A step is too long where the score along it has turned to more than this share of what it was.
constexpr double kMostTurned = 0.5;

std::string progress_line(int iteration, double gain) {
  char text[80];
  std::snprintf(text, sizeof text, "iteration %d: expected gain %.2g", iteration, gain);
  return text;
}

}  // namespace

SearchResult search(const Model& model, const Parameters& start, const SimulationOptions& options,
                    Callbacks& callbacks) {
  const FreeSpace space(model);
  const equations::Columns columns = equations::make_columns(model);
  Warmth warmth;
  std::optional<Point> at = point_at(model, columns, start, options, warmth, callbacks);
  if (!at) throw InvalidSpec("start", "they are not a covariance");
  SearchResult found{*at, 0, at->rounds, 0.0, false};
  double longest = 1.0;  // share of a Newton step
  while (true) {
    const Step step = newton_step(model, space, *at);
    found.expected_gain = step.gain;
    callbacks.progress(progress_line(found.iterations, step.gain));
    found.converged = step.gain >= 0.0 && step.gain <= options.tolerance;
    if (found.iterations == options.max_iterations) break;
    double share = longest;
    std::optional<Parameters> to = at_boundary(model, space, *at, options.tolerance);
    const bool is_step = !to;
    if (is_step && !found.converged && step.gain > 0.0)
      to = moved(model, space, at->parameters, step.coordinates, share);
    if (!to) break;
    std::optional<Point> next = point_at(model, columns, *to, options, warmth, callbacks);
    if (!next) break;
    found.rounds += next->rounds;
    ++found.iterations;
    if (!is_step) {
      at = std::move(next);
      continue;
    }
    // Common random numbers make the score along the step a function: it may not have turned far.
    const double turned =
        (space.jacobian(next->parameters).transpose() * next->gradient).dot(step.coordinates);
    longest = turned > kMostTurned * -step.slope ? 0.5 * share : 1.0;
    if (longest < 1.0 && share > 1e-3 && turned > -step.slope) continue;  // from where it was
    at = std::move(next);
  }
  found.point = std::move(*at);
  return found;
}

}  // namespace henderson::simulation
