// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/more_searches.h"

#include <algorithm>

#include "core/coordinates/boundary.h"
#include "core/information/expansion.h"
#include "core/reml/ending.h"
#include "core/reml/probes.h"
#include "core/reml/residual_wall.h"
#include "core/reml/search.h"

namespace henderson::reml {

using coordinates::FreeSpace;
using coordinates::is_residual_gone;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using likelihood::Parameters;

namespace {

// What another search must gain beyond an end that has converged.
constexpr double kLiftGain = 1e-6;
// And one that stalls.
constexpr double kStalledGain = 1e-4;
// Iterations of one that begins elsewhere.
constexpr int kMostElsewhere = 50;
// How often a search goes on from a point that was found without derivatives.
constexpr int kMostProbed = 5;

void append(SearchReport& report, const SearchReport& next) {
  report.termination = next.termination;
  report.history.insert(report.history.end(), next.history.begin(), next.history.end());
  report.evaluations += next.evaluations;
  report.potential = next.potential;
}

std::optional<RemlResult> try_search(const MixedModelEquations& equations, const Parameters& start,
                                     const RemlOptions& options, Callbacks& callbacks) {
  try {
    return search(equations, start, options, callbacks);
  } catch (const InvalidSpec&) {
    return std::nullopt;
  }
}

}  // namespace

RemlResult beside_wall(RemlResult&& first, const MixedModelEquations& equations,
                       const RemlOptions& options, Callbacks& callbacks) {
  const Parameters found = first.evaluation.parameters;
  const double value = first.evaluation.minus2loglik;
  SearchReport report = std::move(first.report);
  { const Evaluation released = std::move(first.evaluation); }
  std::optional<RemlResult> second =
      search(equations, found, options, callbacks, Wall::from_the_beginning);
  if (second && second->report.termination == Termination::converged &&
      is_residual_gone(equations.model(), second->evaluation.parameters) &&
      second->evaluation.minus2loglik <= value + kWallLoss) {
    append(report, second->report);
    return {std::move(second->evaluation), std::move(report)};
  }
  second.reset();
  return {*likelihood::evaluate(equations, found, false, callbacks), std::move(report)};
}

RemlResult best_of(RemlResult&& first, const std::vector<Parameters>& starts, Others others,
                   const MixedModelEquations& equations, const RemlOptions& options,
                   Callbacks& callbacks) {
  const bool goes_on = others == Others::go_on_from_it;
  const bool was_done = first.report.termination == Termination::converged;
  Parameters best = first.evaluation.parameters;
  double value = first.evaluation.minus2loglik;
  SearchReport report = std::move(first.report);
  { const Evaluation released = std::move(first.evaluation); }
  RemlOptions quiet = options;  // lines are of the iterations that are reported
  quiet.trace = false;
  if (!goes_on) quiet.max_iterations = std::min(quiet.max_iterations, kMostElsewhere);
  for (const Parameters& start : starts) {
    const std::optional<RemlResult> second = try_search(equations, start, quiet, callbacks);
    if (!second) continue;
    const double gain = value - second->evaluation.minus2loglik;
    const bool is_done = second->report.termination == Termination::converged;
    const bool done = report.termination == Termination::converged;
    if (gain > (is_done || !done ? kLiftGain : kStalledGain) ||
        (gain > -kLiftGain && is_done && !done)) {
      best = second->evaluation.parameters;
      value = second->evaluation.minus2loglik;
      if (!goes_on) report.history.clear();
      append(report, second->report);
    }
    if (goes_on && !was_done && report.termination == Termination::converged) break;
  }
  return {*likelihood::evaluate(equations, best, false, callbacks), std::move(report)};
}

RemlResult settled(RemlResult&& first, const MixedModelEquations& equations,
                   const RemlOptions& options, Callbacks& callbacks) {
  Parameters best = first.evaluation.parameters;
  double value = first.evaluation.minus2loglik;
  SearchReport report = std::move(first.report);
  { const Evaluation released = std::move(first.evaluation); }
  const FreeSpace space(equations.model());
  Trials trials(equations, space, callbacks);
  trials.set_scale_free(false);
  for (int k = 0; k < kMostProbed && report.termination != Termination::converged; ++k) {
    std::optional<Evaluation> here = trials.at(trials.nudged(best));
    if (!here) break;
    const Matrix hessian = information::expand(space, std::move(*here), false, callbacks).hessian;
    std::optional<Evaluation> better = probed(trials, best, value, hessian);
    if (!better) {
      report.termination = Termination::converged;
    } else if (report.termination == Termination::iteration_limit) {
      break;
    } else {
      best = better->parameters;
      value = better->minus2loglik;
      better.reset();
      const std::optional<RemlResult> next = try_search(equations, best, options, callbacks);
      if (!next || next->evaluation.minus2loglik > value) continue;
      best = next->evaluation.parameters;
      value = next->evaluation.minus2loglik;
      append(report, next->report);
    }
  }
  const ResidualWall wall(equations.model(), space);
  if (wall.is_near(best)) best = at_wall_if_as_good(trials, wall, best, value);
  return {end_at(trials, best, value, best), std::move(report)};
}

}  // namespace henderson::reml
