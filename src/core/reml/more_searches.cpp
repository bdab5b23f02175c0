// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/more_searches.h"

#include <algorithm>
#include <limits>

#include "core/coordinates/boundary.h"
#include "core/information/expansion.h"
#include "core/reml/ending.h"
#include "core/reml/idle_numbers.h"
#include "core/reml/probes.h"
#include "core/reml/residual_wall.h"
#include "core/reml/search.h"
#include "core/reml/survey.h"

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
// Iterations of one that begins elsewhere: until it is seen where it goes, and of those that are
// then no farther than this above the best.
constexpr int kFirstElsewhere = 15;
constexpr int kMostElsewhere = 50;
constexpr double kFarAbove = 3.0;
// Evaluations of all such together, and of those that go on, after which no other is begun.
constexpr int kMostEvaluations = 3000;
// With so few records all are let go on, and with more where the parameters are few: that there is
// no bound shows late, and so may a maximum beyond a long way.
constexpr Index kFewRecords = 50;
constexpr Index kMoreRecords = 100;
constexpr Index kFewValues = 20;
// How often a search goes on from a point that was found without derivatives; and one that is to
// stay near its start.
constexpr int kMostProbed = 5;
constexpr int kMostProbedNear = 2;
// Points of a survey, and how many of them are gone on from.
constexpr int kSurveyed = 48;
constexpr std::size_t kMostSurveyed = 4;
// Shares of sigma: by the first the best numbers are those of the steepest way up from zero.
constexpr double kTurnedLifts[] = {1e-2, 0.1};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void append(SearchReport& report, const SearchReport& next) {
  report.termination = next.termination;
  report.history.insert(report.history.end(), next.history.begin(), next.history.end());
  report.evaluations += next.evaluations;
  report.potential = next.potential;
  report.passed_wall = next.passed_wall;
}

std::optional<RemlResult> try_search(const MixedModelEquations& equations, const Parameters& start,
                                     const RemlOptions& options, Callbacks& callbacks) {
  try {
    return search(equations, start, options, callbacks);
  } catch (const InvalidSpec&) {
    return std::nullopt;
  }
}

bool are_let_go_on(const model::Model& model) {
  return model.n_records <= kFewRecords ||
         (model.n_records <= kMoreRecords && model.n_values <= kFewValues);
}

// From elsewhere: those that fall behind the best value so far are left.
std::optional<RemlResult> try_elsewhere(const MixedModelEquations& equations,
                                        const Parameters& start, double value,
                                        const RemlOptions& options, Callbacks& callbacks) {
  RemlOptions some = options;
  some.max_iterations = std::min(options.max_iterations, kMostElsewhere);
  if (are_let_go_on(equations.model())) return try_search(equations, start, some, callbacks);
  some.max_iterations = std::min(options.max_iterations, kFirstElsewhere);
  std::optional<RemlResult> found = try_search(equations, start, some, callbacks);
  if (!found || found->report.termination != Termination::iteration_limit) return found;
  if (found->evaluation.minus2loglik > value + kFarAbove) return std::nullopt;
  const Parameters there = found->evaluation.parameters;
  found.reset();
  some.max_iterations = std::min(options.max_iterations, kMostElsewhere);
  return try_search(equations, there, some, callbacks);
}

// The equations have storage for one evaluation at a time: a result without its own.
struct Ended {
  Parameters parameters;
  double minus2loglik = 0.0;
  SearchReport report;
};

Ended released(RemlResult&& first) {
  const Evaluation evaluation = std::move(first.evaluation);
  return {evaluation.parameters, evaluation.minus2loglik, std::move(first.report)};
}

// The best end is that of a search that had few iterations.
void go_on(Ended& best, const MixedModelEquations& equations, const RemlOptions& options,
           Callbacks& callbacks) {
  const std::optional<RemlResult> next = try_search(equations, best.parameters, options, callbacks);
  if (!next || next->evaluation.minus2loglik > best.minus2loglik) return;
  best.parameters = next->evaluation.parameters;
  best.minus2loglik = next->evaluation.minus2loglik;
  append(best.report, next->report);
}

RemlResult best_from(Ended&& best, const std::vector<Parameters>& starts, Others others,
                     const MixedModelEquations& equations, const RemlOptions& options,
                     Callbacks& callbacks) {
  const bool goes_on = others == Others::go_on_from_it;
  const bool was_done = best.report.termination == Termination::converged;
  const bool was_cut = best.report.termination == Termination::iteration_limit;
  RemlOptions quiet = options;  // lines are of the iterations that are reported
  quiet.trace = false;
  int evaluations = 0;
  for (const Parameters& start : starts) {
    if (evaluations > kMostEvaluations) break;
    const std::optional<RemlResult> second =
        goes_on ? try_search(equations, start, quiet, callbacks)
                : try_elsewhere(equations, start, best.minus2loglik, quiet, callbacks);
    if (!second) continue;
    evaluations += static_cast<int>(second->report.evaluations);
    const double gain = best.minus2loglik - second->evaluation.minus2loglik;
    const bool is_done = second->report.termination == Termination::converged;
    const bool done = best.report.termination == Termination::converged;
    if (gain > (is_done || !done ? kLiftGain : kStalledGain) ||
        (gain > -kLiftGain && is_done && !done)) {
      best.parameters = second->evaluation.parameters;
      best.minus2loglik = second->evaluation.minus2loglik;
      if (!goes_on) best.report.history.clear();
      append(best.report, second->report);
    }
    if (goes_on && !was_done && best.report.termination == Termination::converged) break;
  }
  if (!goes_on && !was_cut && best.report.termination == Termination::iteration_limit)
    go_on(best, equations, quiet, callbacks);
  return {*likelihood::evaluate(equations, best.parameters, false, callbacks),
          std::move(best.report)};
}

// At the wall -2l may be a little higher; elsewhere it tells, and whether the search has ended.
bool is_better_beside_wall(const model::Model& model, const RemlResult& second, double value,
                           const SearchReport& first) {
  const double gain = value - second.evaluation.minus2loglik;
  if (second.report.termination != Termination::converged)
    return first.termination != Termination::converged && gain > kStalledGain;
  return gain >= 0.0 ||
         (is_residual_gone(model, second.evaluation.parameters) && gain >= -kWallLoss);
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
  if (second && is_better_beside_wall(equations.model(), *second, value, report)) {
    append(report, second->report);
    return {std::move(second->evaluation), std::move(report)};
  }
  second.reset();
  report.passed_wall = false;  // it was tried
  return {*likelihood::evaluate(equations, found, false, callbacks), std::move(report)};
}

RemlResult best_of(RemlResult&& first, const std::vector<Parameters>& starts, Others others,
                   const MixedModelEquations& equations, const RemlOptions& options,
                   Callbacks& callbacks) {
  return best_from(released(std::move(first)), starts, others, equations, options, callbacks);
}

RemlResult with_turned_numbers(RemlResult&& first, const Parameters& start,
                               const MixedModelEquations& equations, const RemlOptions& options,
                               Callbacks& callbacks) {
  Ended end = released(std::move(first));
  const FreeSpace space(equations.model());
  Trials trials(equations, space, callbacks);
  std::vector<Parameters> starts;
  for (const double share : kTurnedLifts) {
    const std::vector<Parameters> ends =
        turned_ends(equations.model(), start, end.parameters, share);
    const Parameters* best = nullptr;
    double least = kInfinity;
    for (const Parameters& turned : ends) {
      const std::optional<Evaluation> trial = trials.at(turned);
      if (!trial || !(trial->minus2loglik < least)) continue;
      least = trial->minus2loglik;
      best = &turned;
    }
    if (best != nullptr) starts.push_back(*best);
  }
  return best_from(std::move(end), starts, Others::begin_elsewhere, equations, options, callbacks);
}

RemlResult with_survey(RemlResult&& first, const Parameters& start,
                       const MixedModelEquations& equations, const RemlOptions& options,
                       Callbacks& callbacks) {
  Ended end = released(std::move(first));
  const FreeSpace space(equations.model());
  Trials trials(equations, space, callbacks);
  const std::vector<Parameters> starts = surveyed_starts(trials, start, kSurveyed, kMostSurveyed);
  return best_from(std::move(end), starts, Others::begin_elsewhere, equations, options, callbacks);
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
  const int most = options.begin_elsewhere ? kMostProbed : kMostProbedNear;
  for (int k = 0; k < most && report.termination != Termination::converged; ++k) {
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
