// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/search.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/coordinates/boundary.h"
#include "core/reml/boxed_model.h"
#include "core/reml/curvature.h"
#include "core/reml/ending.h"
#include "core/reml/flat_places.h"
#include "core/reml/residual_wall.h"
#include "core/reml/trials.h"

namespace henderson::reml {
namespace {

using coordinates::Box;
using coordinates::FreeSpace;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using likelihood::Parameters;
using model::Model;

// Lengths are in standard deviations of the least-squares residual and in log sigma^2.
constexpr double kFirstRadius = 1.0;
constexpr double kSmallestRadius = 1e-9;
constexpr double kLargestRadius = 16.0;
// A residual variance below this share of that of least squares is on its way to zero.
constexpr double kExactFit = 1e-14;
// And below this one it has gone there where the search ends and -2l still falls with it.
constexpr double kEndsExact = 1e-10;
constexpr double kStillFalls = 0.5;

class Search {
 public:
  Search(const MixedModelEquations& equations, const RemlOptions& options, Callbacks& callbacks)
      : model_(equations.model()),
        options_(options),
        callbacks_(callbacks),
        space_(model_),
        trials_(equations, space_, callbacks),
        wall_(model_, space_),
        course_(options.tolerance, space_.size()),
        curvature_(trials_, course_) {}

  // Nothing where C is not positive definite at the start.
  std::optional<RemlResult> run(const Parameters& start) {
    std::optional<Evaluation> evaluation = trials_.at(trials_.nudged(start));
    if (!evaluation) return std::nullopt;
    if (space_.size() == 0) return finish_without_search(std::move(*evaluation));
    while (evaluation) evaluation = next(std::move(*evaluation));
    return finish();
  }

  // From the wall, which stands from the beginning.
  std::optional<RemlResult> run_at_wall(const Parameters& start) {
    build_wall();
    return run(wall_.at_wall(start));
  }

 private:
  // One iteration: the next point, or nothing where the search ends, `best_`, `left_` and
  // `termination_` saying how.
  std::optional<Evaluation> next(Evaluation&& evaluation) {
    best_ = judged_ = evaluation.parameters;
    stop_if_exact(kExactFit);
    const double value = evaluation.minus2loglik;
    curvature_.look(*best_, std::move(evaluation));
    const BoxedModel whole = boxed(curvature_.hessian());
    // An exact Hessian that says little of convergence still tells the best step.
    const bool doubtful = std::isinf(whole.potential()) && curvature_.is_doubtful();
    const BoxedModel quadratic = doubtful ? boxed(curvature_.learnt_convex(*best_)) : whole;
    report(value, quadratic.potential());
    left_ = course_.left_after_step();
    const bool may_go_on = course_.size() <= max_iterations();
    if (left_ <= options_.tolerance || course_.rests()) {
      if (may_go_on) {
        if (std::optional<Evaluation> onwards = doubt(value, doubtful ? &whole : nullptr))
          return onwards;
      }
      return converged(quadratic);
    }
    if (!may_go_on) return ended(Termination::iteration_limit);
    if (course_.stands_still()) return no_ascent(value);
    if (std::optional<Evaluation> there = at_wall(value)) return there;
    std::optional<Evaluation> higher = improve(value, curvature_.is_exact() ? whole : quadratic);
    return higher ? std::move(higher) : no_ascent(value);
  }

  std::size_t max_iterations() const { return static_cast<std::size_t>(options_.max_iterations); }

  void stop_if_exact(double least) const {
    if (best_->residual() >= least || model_.residual_held) return;
    throw InvalidSpec("response",
                      "the random effects fit it exactly: the residual variance goes to zero");
  }

  // Of -2l in log sigma^2, where that moves without bounds.
  double residual_slope() const {
    if (space_.is_bounded()) return 0.0;
    const std::vector<Index>& leads = space_.leads();
    const auto at = std::find(leads.begin(), leads.end(), model_.n_theta);
    return at == leads.end() ? 0.0 : curvature_.gradient()[at - leads.begin()];
  }

  BoxedModel boxed(const Matrix& hessian) const {
    const Vector here = space_.coordinates(*best_);
    Box box = space_.box(*best_);
    box.lower -= here;
    box.upper -= here;
    keep_sides(model_, space_, *best_, kNudge, box);
    wall_.limit(*best_, box);
    return {curvature_.gradient(), hessian, box.lower, box.upper};
  }

  // The verdict where nothing more is expected. A way on: out of a saddle, whose model is given
  // where there may be one, away from a flat place, or from behind a wall.
  std::optional<Evaluation> doubt(double value, const BoxedModel* saddle) {
    if (saddle) {
      if (std::optional<Evaluation> beyond = leave_saddle(value, *saddle)) return beyond;
    }
    if (std::optional<Evaluation> beyond =
            beyond_flat_place(trials_, *best_, value, curvature_.gradient(), curvature_.hessian()))
      return beyond;
    if (!wall_.hides_descent(*best_, curvature_.gradient())) return std::nullopt;
    wall_.remove();
    return trials_.at(best_);
  }

  // The last step is too short to be judged by the likelihood.
  std::nullopt_t converged(const BoxedModel& quadratic) {
    best_ = trials_.moved(*best_, quadratic.minimum(radius_)).value_or(*best_);
    return ended(Termination::converged);
  }

  // No step raises the likelihood: rounding is in the way, where little is expected of one.
  std::nullopt_t no_ascent(double value) {
    left_ = std::min(left_, boxed(curvature_.convex()).potential());
    const bool is_rounding = left_ <= kBoundaryLoss ||
                             (left_ <= kWallLoss && left_ <= trials_.measured_noise(*best_, value));
    return ended(is_rounding ? Termination::converged : Termination::no_ascent);
  }

  std::nullopt_t ended(Termination how) {
    if (residual_slope() > kStillFalls) stop_if_exact(kEndsExact);
    termination_ = how;
    return std::nullopt;
  }

  // A step that raises the likelihood, the radius shrinking until there is one.
  std::optional<Evaluation> improve(double value, const BoxedModel& quadratic) {
    const double noise = trials_.noise(value);
    while (radius_ > kSmallestRadius) {
      const Vector step = quadratic.minimum(radius_);
      const double expected = quadratic.decrease(step);
      std::optional<Evaluation> trial = trials_.at(trials_.moved(*best_, step));
      const double gain = trial ? value - trial->minus2loglik : -1.0;
      const double ratio = expected > noise ? gain / expected : 1.0;
      if (trial && gain > -noise && ratio > 1e-4) {
        if (ratio > 0.75 && step.norm() > 0.8 * radius_)
          radius_ = std::min(2.0 * radius_, kLargestRadius);
        if (ratio < 0.25) radius_ = 0.5 * step.norm();
        return trial;
      }
      radius_ = 0.25 * std::min(radius_, step.norm());
    }
    return std::nullopt;
  }

  // A step along negative curvature, where it raises the likelihood by more than rounding: the
  // gradient has vanished, so this is a saddle, or the optimum of a model that fits badly.
  std::optional<Evaluation> leave_saddle(double value, const BoxedModel& quadratic) {
    const double radius = radius_;
    radius_ = std::min(radius_, kFirstRadius);
    std::optional<Evaluation> trial = improve(value, quadratic);
    radius_ = radius;
    if (!trial || value - trial->minus2loglik > kBoundaryLoss) return trial;
    return std::nullopt;
  }

  // A residual variance that goes to zero: the point at the wall, where it is as good as `value`.
  // From then on no step goes below it.
  std::optional<Evaluation> at_wall(double value) {
    if (!wall_.is_worth_a_look(*best_, curvature_.gradient(), course_.last().potential))
      return std::nullopt;
    const bool was_scale_free = trials_.set_scale_free(false);
    std::optional<Evaluation> trial = trials_.as_good(wall_.at_wall(*best_), value);
    if (trial)
      build_wall();
    else
      trials_.set_scale_free(was_scale_free);
    return trial;
  }

  void build_wall() {
    wall_.build();
    trials_.set_scale_free(false);
    curvature_.forget_last();
  }

  void report(double value, double potential) {
    course_.add({value, potential, radius_});
    if (!options_.trace) return;
    callbacks_.progress("iteration " + std::to_string(course_.size() - 1) + ": -2 log-likelihood " +
                        std::to_string(value) + ", expected gain " + std::to_string(potential));
  }

  RemlResult finish_without_search(Evaluation&& evaluation) {
    report(evaluation.minus2loglik, 0.0);
    return {std::move(evaluation),
            {Termination::converged, course_.history(), trials_.count(), 0.0, false}};
  }

  RemlResult finish() {
    const double value = course_.last().minus2loglik;
    if (wall_.is_near(*best_)) best_ = at_wall_if_as_good(trials_, wall_, *best_, value);
    Evaluation evaluation = end_at(trials_, *best_, value, *judged_);
    const bool passed_wall = wall_.was_passed(evaluation.parameters);
    return {std::move(evaluation),
            {termination_, course_.history(), trials_.count(), left_, passed_wall}};
  }

  const Model& model_;
  const RemlOptions& options_;
  Callbacks& callbacks_;
  const FreeSpace space_;
  Trials trials_;
  ResidualWall wall_;
  Course course_;
  Curvature curvature_;
  std::optional<Parameters> best_;
  std::optional<Parameters> judged_;  // the last ones whose likelihood is known
  double radius_ = kFirstRadius;
  double left_ = 0.0;  // of -2l to gain
  Termination termination_ = Termination::iteration_limit;
};

}  // namespace

std::optional<RemlResult> search(const MixedModelEquations& equations, const Parameters& start,
                                 const RemlOptions& options, Callbacks& callbacks, Wall wall) {
  Search from_here(equations, options, callbacks);
  return wall == Wall::from_the_beginning ? from_here.run_at_wall(start) : from_here.run(start);
}

}  // namespace henderson::reml
