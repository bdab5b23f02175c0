// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/maximiser.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/coordinates/boundary.h"
#include "core/information/expansion.h"
#include "core/reml/boxed_model.h"
#include "core/reml/residual_wall.h"
#include "core/reml/secants.h"

namespace henderson::reml {
namespace {

using coordinates::Box;
using coordinates::canonical;
using coordinates::FreeSpace;
using coordinates::has_boundary;
using coordinates::keep_sides;
using coordinates::n_at_boundary;
using coordinates::nudged;
using equations::MixedModelEquations;
using information::differenced_hessian;
using information::expand;
using information::Expansion;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::is_scale_free;
using likelihood::Parameters;
using model::Model;
using model::RandomBlock;

// Lengths are in standard deviations of the least-squares residual and in log sigma^2.
constexpr double kFirstRadius = 1.0;
constexpr double kSmallestRadius = 1e-9;
constexpr double kLargestRadius = 16.0;
// How far the search stays from a standard deviation of exactly zero, where the score cannot tell
// which way is up.
constexpr double kNudge = 1e-7;
// A residual variance below this share of that of least squares is on its way to zero.
constexpr double kExactFit = 1e-14;
// Relative rounding error of the likelihood: differences below it are no evidence.
constexpr double kLikelihoodNoise = 1e-13;
// Directions with a standard deviation below this, in units of sigma and of their own coefficient,
// are tried at exactly zero.
constexpr double kBoundary = 1e-2;
// And below these shares of it, where that many are not zero together.
constexpr double kSmallestBoundary = 1e-7;
// What the likelihood may lose by that. Where no step raises it, and no more than this is expected
// of one, rounding is in the way.
constexpr double kBoundaryLoss = 1e-8;
// With at most so many parameters differences are made at once, with more not before the steps have
// told so often what they know.
constexpr Index kFewParameters = 12;
constexpr std::size_t kLearnt = 6;

// Factor analytic terms: Lambda has entries that are always zero.
bool has_loadings(const Model& model) {
  return std::any_of(model.blocks.begin(), model.blocks.end(), [](const RandomBlock& block) {
    return !block.held && block.structure->factor_pattern().minCoeff() == 0.0;
  });
}

class Search {
 public:
  Search(const MixedModelEquations& equations, const RemlOptions& options, Callbacks& callbacks)
      : equations_(equations),
        model_(equations.model()),
        options_(options),
        callbacks_(callbacks),
        space_(model_),
        scale_free_(is_scale_free(model_) && !space_.bounds_scale()),
        wall_(model_, space_),
        course_(options.tolerance, space_.size()),
        has_loadings_(has_loadings(model_)) {}

  RemlResult run(const Parameters& start) {
    std::optional<Evaluation> evaluation = evaluate_at(nudged(start));
    if (!evaluation) {
      throw InvalidSpec(
          "start", "the mixed model equations are not positive definite at the starting values");
    }
    if (space_.size() == 0) return finish_without_search(std::move(*evaluation));
    Termination termination = Termination::iteration_limit;
    Parameters best = evaluation->parameters;
    double left = 0.0;  // to gain
    for (int k = 0; k <= options_.max_iterations; ++k) {
      best = evaluation->parameters;
      judged_ = best;
      if (best.residual() < kExactFit && !model_.residual_held) {
        throw InvalidSpec("response",
                          "the random effects fit it exactly: the residual variance goes to zero");
      }
      const double value = evaluation->minus2loglik;
      const Expansion expansion = expanded(std::move(*evaluation));
      const std::optional<Matrix> observed = observed_hessian(best, expansion);
      learn(best, expansion.gradient);
      const BoxedModel whole =
          boxed(best, expansion.gradient, observed ? *observed : learnt(best, expansion.hessian));
      // With the curvature of Sigma a model that does not fit may look like a saddle for ever, and
      // so does one with more parameters than it can tell apart. An exact Hessian still tells the
      // best step.
      const bool doubtful =
          std::isinf(whole.potential()) &&
          ((expansion.is_exact && (model_.blocks.empty() || has_many_parameters())) ||
           (!observed && course_.is_long()));
      const BoxedModel quadratic =
          doubtful ? boxed(best, expansion.gradient, learnt(best, expansion.convex())) : whole;
      report(value, quadratic.potential());
      left = course_.left_after_step();
      if (left <= options_.tolerance || course_.rests()) {
        const bool may_go_on = k < options_.max_iterations;
        if (doubtful && may_go_on) {
          evaluation = leave_saddle(best, value, whole);
          if (evaluation) continue;
        }
        if (may_go_on && wall_.hides_descent(best, expansion.gradient)) {
          wall_.remove();
          evaluation = evaluate_at(best);
          continue;
        }
        termination = Termination::converged;
        // Too short a step to be judged by the likelihood.
        best = moved(best, quadratic.minimum(radius_)).value_or(best);
        break;
      }
      if (k == options_.max_iterations) break;
      evaluation = at_wall(best, value, expansion.gradient);
      if (evaluation) continue;
      evaluation = improve(best, value, expansion.is_exact ? whole : quadratic);
      if (!evaluation) {
        left = std::min(left, boxed(best, expansion.gradient, expansion.convex()).potential());
        termination = left <= kBoundaryLoss ? Termination::converged : Termination::no_ascent;
        break;
      }
    }
    return finish(best, termination, left);
  }

 private:
  // Nothing where a tied parameter is out of its range.
  std::optional<Evaluation> evaluate_at(const std::optional<Parameters>& parameters) {
    callbacks_.stop_if_interrupted();
    if (!parameters) return std::nullopt;
    ++evaluations_;
    return evaluate(equations_, *parameters, scale_free_, callbacks_);
  }

  bool has_many_parameters() const { return space_.size() > kFewParameters; }

  BoxedModel boxed(const Parameters& at, const Vector& gradient, const Matrix& hessian) const {
    const Vector here = space_.coordinates(at);
    Box box = space_.box(at);
    box.lower -= here;
    box.upper -= here;
    keep_sides(model_, space_, at, kNudge, box);
    wall_.limit(at, box);
    return {gradient, hessian, box.lower, box.upper};
  }

  // Without random terms the observed Hessian costs little more than the average one; with few
  // levels and many parameters it saves many steps, of loadings from the beginning; else it is
  // better than differences where it is had.
  Expansion expanded(Evaluation&& evaluation) {
    const bool is_slow = course_.is_slow() || (has_loadings_ && course_.is_at_saddle());
    const bool pays =
        model_.blocks.empty() || (has_many_parameters() && (has_loadings_ || course_.is_long()));
    exact_ = exact_ || observed_ || (pays && is_slow);
    return expand(space_, std::move(evaluation), exact_, callbacks_);
  }

  // Small data sets can have an observed information so far from the average one that the steps
  // only creep. With many parameters differences must save more scores than they cost, and what the
  // steps tell is tried before.
  std::optional<Matrix> observed_hessian(const Parameters& at, const Expansion& expansion) {
    if (expansion.is_exact) return expansion.hessian;
    observed_ = observed_ || (course_.creeps() && course_.is_worth_differences() &&
                              (space_.size() <= kFewParameters ||
                               (expansion.has_block_curvature && learnt_ >= kLearnt)));
    if (!observed_) return std::nullopt;
    return differenced_hessian(equations_, space_, at, evaluations_, callbacks_);
  }

  // The last step and the change of the gradient along it.
  void learn(const Parameters& at, const Vector& gradient) {
    Vector here = space_.place(at);
    Vector slope = space_.tangent(at) * gradient;
    if (last_) secants_.add(here - last_->first, slope - last_->second);
    last_.emplace(std::move(here), std::move(slope));
  }

  // Where the steps creep and the observed Hessian is too dear, the steps themselves tell it.
  Matrix learnt(const Parameters& at, const Matrix& hessian) {
    learns_ = learns_ || course_.creeps();
    if (!learns_) return hessian;
    ++learnt_;
    return secants_.updated(hessian, space_.tangent(at));
  }

  std::optional<Parameters> moved(const Parameters& from, const Vector& step) const {
    const std::optional<Parameters> to = space_.at(space_.coordinates(from) + step, from);
    return to ? nudged(*to) : std::nullopt;
  }

  std::optional<Parameters> nudged(const Parameters& parameters) const {
    return coordinates::nudged(model_, space_, parameters, kNudge);
  }

  // A step that raises the likelihood, the radius shrinking until there is one.
  std::optional<Evaluation> improve(const Parameters& from, double value,
                                    const BoxedModel& quadratic) {
    const double noise =
        kLikelihoodNoise * (std::abs(value) + static_cast<double>(model_.n_records));
    while (radius_ > kSmallestRadius) {
      const Vector step = quadratic.minimum(radius_);
      const double expected = quadratic.decrease(step);
      std::optional<Evaluation> trial = evaluate_at(moved(from, step));
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
  std::optional<Evaluation> leave_saddle(const Parameters& from, double value,
                                         const BoxedModel& quadratic) {
    const double radius = radius_;
    radius_ = std::min(radius_, kFirstRadius);
    std::optional<Evaluation> trial = improve(from, value, quadratic);
    radius_ = radius;
    if (!trial || value - trial->minus2loglik > kBoundaryLoss) return trial;
    return std::nullopt;
  }

  // A residual variance that goes to zero: the point at the wall, where it is as good as `value`.
  // From then on no step goes below it.
  std::optional<Evaluation> at_wall(const Parameters& from, double value, const Vector& gradient) {
    if (!wall_.is_worth_a_look(from, gradient, course_.last().potential)) return std::nullopt;
    std::optional<Evaluation> trial = accepted(wall_.at_wall(from), value);
    if (!trial) return trial;
    wall_.build();
    scale_free_ = false;
    last_.reset();
    return trial;
  }

  void report(double value, double potential) {
    course_.add({value, potential, radius_});
    if (!options_.trace) return;
    callbacks_.progress("iteration " + std::to_string(course_.size() - 1) + ": -2 log-likelihood " +
                        std::to_string(value) + ", expected gain " + std::to_string(potential));
  }

  RemlResult finish_without_search(Evaluation&& evaluation) {
    report(evaluation.minus2loglik, 0.0);
    return {std::move(evaluation), {Termination::converged, course_.history(), evaluations_, 0.0}};
  }

  // What the likelihood cannot tell from zero becomes zero: all of it at once, or what can.
  RemlResult finish(const Parameters& best, Termination termination, double left) {
    const double value = course_.last().minus2loglik;
    const std::optional<Parameters> on_boundary =
        canonical(model_, space_, best, kBoundary, kBoundary);
    std::optional<Evaluation> evaluation;
    if (on_boundary && has_boundary(model_, *on_boundary))
      evaluation = accepted(*on_boundary, value);
    if (!evaluation) evaluation = evaluate_at(block_by_block(best, value));
    // Where C is nearly singular, what was not looked at before may fail.
    if (!evaluation) evaluation = evaluate_at(judged_);
    if (!evaluation) {
      throw InvalidSpec("response",
                        "the effects fit it exactly, or so nearly that the equations are singular "
                        "at the best values found: a residual variance goes to zero");
    }
    return {std::move(*evaluation), {termination, course_.history(), evaluations_, left}};
  }

  // The evaluation, where it is as good as `value`.
  std::optional<Evaluation> accepted(const Parameters& parameters, double value) {
    std::optional<Evaluation> evaluation = evaluate_at(parameters);
    if (!evaluation || evaluation->minus2loglik <= value + kBoundaryLoss) return evaluation;
    return std::nullopt;
  }

  // A direction that is small but real stays beside one that is truly zero.
  std::optional<Parameters> block_by_block(const Parameters& best, double value) {
    std::optional<Parameters> kept = canonical(model_, space_, best, 0.0, 0.0);
    for (const RandomBlock& block : model_.blocks) {
      if (!kept) break;
      for (double small = kBoundary; small > kSmallestBoundary; small *= kBoundary) {
        const std::optional<Parameters> trial =
            canonical(model_, space_, *kept, small, small, &block);
        if (!trial || n_at_boundary(block, *trial) <= n_at_boundary(block, *kept)) break;
        if (!accepted(*trial, value)) continue;
        kept = trial;
        break;
      }
    }
    return kept;
  }

  const MixedModelEquations& equations_;
  const Model& model_;
  const RemlOptions& options_;
  Callbacks& callbacks_;
  const FreeSpace space_;
  bool scale_free_;
  ResidualWall wall_;
  std::optional<Parameters> judged_;  // the last ones whose likelihood is known
  double radius_ = kFirstRadius;
  int evaluations_ = 0;
  Course course_;
  const bool has_loadings_;
  bool exact_ = false;      // the cheap observed Hessian is used from here on
  bool observed_ = false;   // or that of differences
  bool learns_ = false;     // or what the steps tell
  std::size_t learnt_ = 0;  // how often that was used
  Secants secants_;
  std::optional<std::pair<Vector, Vector>> last_;  // place and gradient of the last iteration
};

}  // namespace

RemlResult maximise(const MixedModelEquations& equations, const Parameters& start,
                    const RemlOptions& options, Callbacks& callbacks) {
  return Search(equations, options, callbacks).run(start);
}

}  // namespace henderson::reml
