// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/simulation/search.h"

#include <Eigen/Cholesky>
#include <cstdio>

#include "core/coordinates/moving.h"

namespace henderson::simulation {
namespace {

using coordinates::FreeSpace;
using likelihood::Parameters;
using model::Model;

constexpr double kMostChange = 4.0;  // of a variance in one step
constexpr int kMostHalvings = 20;
// A step is too long where the score along it has turned to more than this share of what it was.
constexpr double kMostTurned = 0.5;

// Newton's step in the directions that can move, in the coordinates of the search.
struct Step {
  Vector coordinates;
  double slope = 0.0;  // gradient'step, below 0
  double gain = 0.0;   // expected, in -2l
};

Step newton_step(const Model& model, const FreeSpace& space, const Point& at) {
  const coordinates::Moving moving = coordinates::moving_directions(model, space, at.parameters);
  const Vector gradient = moving.jacobian.transpose() * at.gradient;
  const Matrix hessian = 2.0 * moving.jacobian.transpose() * at.information * moving.jacobian;
  const Vector along = -hessian.ldlt().solve(gradient);
  const double slope = gradient.dot(along);
  return {moving.directions * along, slope, -0.5 * slope};
}

// Whether every variance stays within its factor.
bool is_moderate(const Model& model, const Parameters& from, const Parameters& to) {
  const Vector before = likelihood::user_values(model, from);
  const Vector after = likelihood::user_values(model, to);
  for (Index i = 0; i < before.size(); ++i) {
    const double ratio = after[i] / before[i];
    if (before[i] > 0.0 && !(ratio < kMostChange && ratio > 1.0 / kMostChange)) return false;
  }
  return true;
}

// A share of the step that is moderate; nothing where none is.
std::optional<Parameters> moved(const Model& model, const FreeSpace& space, const Parameters& from,
                                const Vector& step, double& share) {
  const Vector here = space.coordinates(from);
  for (int halving = 0; halving < kMostHalvings; ++halving, share *= 0.5) {
    std::optional<Parameters> to = space.at(here + share * step, from);
    if (to && is_moderate(model, from, *to)) return to;
  }
  return std::nullopt;
}

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
    if (found.converged || found.iterations == options.max_iterations || !(step.gain > 0.0)) break;
    double share = longest;
    const std::optional<Parameters> to =
        moved(model, space, at->parameters, step.coordinates, share);
    if (!to) break;
    std::optional<Point> next = point_at(model, columns, *to, options, warmth, callbacks);
    if (!next) break;
    found.rounds += next->rounds;
    ++found.iterations;
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
