// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/maximiser.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <string>

#include "core/reml/boxed_model.h"
#include "core/reml/free_space.h"
#include "core/reml/secants.h"

namespace henderson::reml {
namespace {

using equations::MixedModelEquations;
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
// What the likelihood may lose by that.
constexpr double kBoundaryLoss = 1e-8;
// An expected gain from which on steps are as good as the last one; and how far below the tolerance
// what is foreseen after a step must lie: it has not been seen.
constexpr double kNearOptimum = 1e-6;
constexpr double kForeseen = 0.03;
// The observed Hessian takes over where the expected gain falls by less than this, and not before
// so many iterations.
constexpr double kCreeping = 0.1;
constexpr std::size_t kPatience = 6;
// A search rests whose expected gain has been the same, but for this share, so many times.
constexpr double kStill = 0.99;
constexpr std::size_t kRest = 4;
// With at most so many parameters it is always worth its scores; else where more than those of so
// many of its steps are left.
constexpr double kFewParameters = 12;
constexpr double kNewtonSteps = 3.0;
// Step of its differences, in the unit of lengths.
constexpr double kDifference = 1e-4;

class Search {
 public:
  Search(MixedModelEquations& equations, const RemlOptions& options, Callbacks& callbacks)
      : equations_(equations),
        model_(equations.model()),
        options_(options),
        callbacks_(callbacks),
        space_(model_),
        scale_free_(is_scale_free(model_) && !space_.bounds_scale()) {}

  RemlResult run(const Parameters& start) {
    std::optional<Evaluation> evaluation = evaluate_at(nudged(start));
    if (!evaluation) {
      throw InvalidSpec(
          "start", "the mixed model equations are not positive definite at the starting values");
    }
    if (space_.size() == 0) return finish_without_search(std::move(*evaluation));
    Termination termination = Termination::iteration_limit;
    Parameters best = evaluation->parameters;
    for (int k = 0; k <= options_.max_iterations; ++k) {
      best = evaluation->parameters;
      if (best.residual() < kExactFit && !model_.residual_held) {
        throw InvalidSpec("response",
                          "the random effects fit it exactly: the residual variance goes to zero");
      }
      const double value = evaluation->minus2loglik;
      const Expansion expansion = expand(std::move(*evaluation));
      observed_ = observed_ || creeps();
      const std::optional<Matrix> observed = observed_ ? observed_hessian(best) : std::nullopt;
      learn(best, expansion.gradient);
      const BoxedModel whole =
          boxed(best, expansion.gradient, observed.value_or(learnt(expansion.hessian)));
      // With the curvature of Sigma a model that does not fit may look like a saddle for ever.
      const bool doubtful =
          !observed && history_.size() >= kPatience && std::isinf(whole.potential());
      const BoxedModel quadratic =
          doubtful ? boxed(best, expansion.gradient, learnt(expansion.convex())) : whole;
      report(value, quadratic.potential());
      if (left_after_step() <= options_.tolerance || rests()) {
        if (doubtful) {
          evaluation = leave_saddle(best, value, whole);
          if (evaluation) continue;
        }
        termination = Termination::converged;
        // Too short a step to be judged by the likelihood.
        best = moved(best, quadratic.minimum(radius_)).value_or(best);
        break;
      }
      if (k == options_.max_iterations) break;
      evaluation = improve(best, value, quadratic);
      if (!evaluation) {
        termination = Termination::no_ascent;
        break;
      }
    }
    return finish(best, termination);
  }

 private:
  // Nothing where a tied parameter is out of its range.
  std::optional<Evaluation> evaluate_at(const std::optional<Parameters>& parameters) {
    callbacks_.stop_if_interrupted();
    if (!parameters) return std::nullopt;
    ++evaluations_;
    return evaluate(equations_, *parameters, scale_free_, callbacks_);
  }

  BoxedModel boxed(const Parameters& at, const Vector& gradient, const Matrix& hessian) const {
    const Vector here = space_.coordinates(at);
    const Box box = space_.box(at);
    return {gradient, hessian, box.lower - here, box.upper - here};
  }

  // Gradient of -2l in the coordinates of the search, and its Hessian: twice the average
  // information, and the curvature of Sigma(theta).
  struct Expansion {
    Vector gradient;
    Matrix information;  // twice the average information alone
    Matrix hessian;

    // With the positive part of the curvature only: never a saddle, and yet a variance on its way
    // to zero is seen to stop there.
    Matrix convex() const {
      const Eigen::SelfAdjointEigenSolver<Matrix> eigen(hessian - information);
      const Vector positive = eigen.eigenvalues().cwiseMax(0.0);
      return information +
             eigen.eigenvectors() * positive.asDiagonal() * eigen.eigenvectors().transpose();
    }
  };

  Expansion expand(Evaluation&& evaluation) {
    const Parameters at = evaluation.parameters;
    const Derivatives all = derivatives(equations_, std::move(evaluation), callbacks_);
    knows_curvature_ = all.has_block_curvature;
    const Derivatives found = reduced(space_, at, all);
    const Matrix information = 2.0 * found.information;
    return {found.gradient, information, information + found.curvature};
  }

  // The expected gain stays where it is, below what the likelihood can tell: rounding of the score
  // in a flat direction, such as a variance on its way to zero, would be followed for ever.
  bool rests() const {
    const std::size_t n = history_.size();
    if (n < kRest) return false;
    const double now = history_[n - 1].potential, before = history_[n - kRest].potential;
    return now <= kBoundaryLoss && now > kStill * before && now < before / kStill;
  }

  // Small data sets can have an observed information so far from the average one that the steps
  // only creep. With many parameters the observed one must save more scores than it costs, and
  // what the steps tell is tried before.
  bool creeps() const {
    const std::size_t n = history_.size();
    if (n < kPatience) return false;
    const double now = history_[n - 1].potential, before = history_[n - 2].potential;
    if (now <= kCreeping * before) return false;
    const auto n_free = static_cast<double>(space_.size());
    if (n_free <= kFewParameters) return true;
    if (!knows_curvature_ || learnt_ < kPatience) return false;
    const double earlier = history_[n - 4].potential;
    if (!std::isfinite(earlier) || !(now < earlier)) return false;
    const double left = 3.0 * std::log(options_.tolerance / now) / std::log(now / earlier);
    return left > kNewtonSteps * 2.0 * n_free;
  }

  // The last step and the change of the gradient along it.
  void learn(const Parameters& at, const Vector& gradient) {
    Vector here = space_.coordinates(at);
    if (last_) secants_.add(here - last_->first, gradient - last_->second);
    last_.emplace(std::move(here), gradient);
  }

  // Where the steps creep and the observed Hessian is too dear, the steps themselves tell it.
  Matrix learnt(const Matrix& hessian) {
    const std::size_t n = history_.size();
    learns_ = learns_ || (n >= kPatience && std::isfinite(history_[n - 2].potential) &&
                          history_[n - 1].potential > kCreeping * history_[n - 2].potential);
    if (!learns_) return hessian;
    ++learnt_;
    return secants_.updated(hessian);
  }

  // The Hessian by central differences of the exact score; nothing where a neighbour is not valid.
  // Cost: two scores for each parameter.
  std::optional<Matrix> observed_hessian(const Parameters& at) {
    const Index n = space_.size();
    Matrix hessian(n, n);
    for (Index i = 0; i < n; ++i) {
      const std::optional<Vector> above =
          gradient_at(shifted(at, kDifference * Vector::Unit(n, i)));
      const std::optional<Vector> below =
          gradient_at(shifted(at, -kDifference * Vector::Unit(n, i)));
      if (!above || !below) return std::nullopt;
      hessian.col(i) = (*above - *below) / (2.0 * kDifference);
    }
    return hessian;
  }

  std::optional<Vector> gradient_at(const std::optional<Parameters>& parameters) {
    callbacks_.stop_if_interrupted();
    if (!parameters) return std::nullopt;
    ++evaluations_;
    std::optional<Evaluation> evaluation = evaluate(equations_, *parameters, false, callbacks_);
    if (!evaluation) return std::nullopt;
    return expand(std::move(*evaluation)).gradient;
  }

  std::optional<Parameters> moved(const Parameters& from, const Vector& step) const {
    const std::optional<Parameters> to = shifted(from, step);
    return to ? nudged(*to) : std::nullopt;
  }

  std::optional<Parameters> shifted(const Parameters& from, const Vector& step) const {
    return space_.at(space_.coordinates(from) + step, from);
  }

  std::optional<Parameters> nudged(const Parameters& parameters) const {
    Vector theta = parameters.theta();
    for (const RandomBlock& block : model_.blocks) {
      if (block.held) continue;
      theta.segment(block.first_theta, block.structure->n_theta()) =
          block.structure->nudged(parameters.of(block), kNudge * parameters.residual_sd());
    }
    return space_.restored({std::move(theta), parameters.log_residual()});
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
      if (trial) equations_.give_back(std::move(trial->solved));
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
    equations_.give_back(std::move(trial->solved));
    return std::nullopt;
  }

  // What is left to gain after a last step that is not judged by the likelihood. Near the optimum
  // the expected gain falls by the same factor at each step, or by more.
  double left_after_step() const {
    const double now = history_.back().potential;
    if (history_.size() < 2 || now > kNearOptimum) return now;
    const double before = history_[history_.size() - 2].potential;
    const double foreseen = std::isfinite(before) ? now * std::min(1.0, now / before) : now;
    return foreseen <= kForeseen * options_.tolerance ? foreseen : now;
  }

  void report(double value, double potential) {
    history_.push_back({value, potential, radius_});
    if (!options_.trace) return;
    callbacks_.progress("iteration " + std::to_string(history_.size() - 1) +
                        ": -2 log-likelihood " + std::to_string(value) + ", expected gain " +
                        std::to_string(potential));
  }

  // Of all blocks, or of one.
  std::optional<Parameters> canonical(const Parameters& parameters, double relative,
                                      double absolute, const RandomBlock* only = nullptr) const {
    Vector theta = parameters.theta();
    for (const RandomBlock& block : model_.blocks) {
      if (block.held || (only != nullptr && only != &block)) continue;
      theta.segment(block.first_theta, block.structure->n_theta()) = block.structure->canonical(
          parameters.of(block), relative, absolute * parameters.residual_sd());
    }
    return space_.restored({std::move(theta), parameters.log_residual()});
  }

  bool has_boundary(const Parameters& parameters) const {
    for (const RandomBlock& block : model_.blocks) {
      if (n_at_boundary(block, parameters) > 0) return true;
    }
    return false;
  }

  static std::ptrdiff_t n_at_boundary(const RandomBlock& block, const Parameters& parameters) {
    if (block.held) return 0;
    const std::vector<bool> found = block.structure->theta_at_boundary(parameters.of(block));
    return std::count(found.begin(), found.end(), true);
  }

  RemlResult finish_without_search(Evaluation&& evaluation) {
    report(evaluation.minus2loglik, 0.0);
    return {std::move(evaluation), Termination::converged, std::move(history_), evaluations_, 0.0};
  }

  // What the likelihood cannot tell from zero becomes zero: all of it at once, or what can.
  RemlResult finish(const Parameters& best, Termination termination) {
    const double value = history_.back().minus2loglik;
    const std::optional<Parameters> on_boundary = canonical(best, kBoundary, kBoundary);
    std::optional<Evaluation> evaluation;
    if (on_boundary && has_boundary(*on_boundary)) evaluation = accepted(*on_boundary, value);
    if (!evaluation) evaluation = evaluate_at(block_by_block(best, value));
    if (!evaluation) throw Error("the equations were positive definite and no longer are");
    const double potential =
        termination == Termination::converged ? left_after_step() : history_.back().potential;
    return {std::move(*evaluation), termination, std::move(history_), evaluations_, potential};
  }

  // The evaluation, where it is as good as `value`.
  std::optional<Evaluation> accepted(const Parameters& parameters, double value) {
    std::optional<Evaluation> evaluation = evaluate_at(parameters);
    if (!evaluation || evaluation->minus2loglik <= value + kBoundaryLoss) return evaluation;
    equations_.give_back(std::move(evaluation->solved));
    return std::nullopt;
  }

  // A direction that is small but real stays beside one that is truly zero.
  std::optional<Parameters> block_by_block(const Parameters& best, double value) {
    std::optional<Parameters> kept = canonical(best, 0.0, 0.0);
    for (const RandomBlock& block : model_.blocks) {
      if (!kept) break;
      for (double small = kBoundary; small > kSmallestBoundary; small *= kBoundary) {
        const std::optional<Parameters> trial = canonical(*kept, small, small, &block);
        if (!trial || n_at_boundary(block, *trial) <= n_at_boundary(block, *kept)) break;
        std::optional<Evaluation> evaluation = accepted(*trial, value);
        if (!evaluation) continue;
        equations_.give_back(std::move(evaluation->solved));
        kept = trial;
        break;
      }
    }
    return kept;
  }

  MixedModelEquations& equations_;
  const Model& model_;
  const RemlOptions& options_;
  Callbacks& callbacks_;
  const FreeSpace space_;
  const bool scale_free_;
  double radius_ = kFirstRadius;
  int evaluations_ = 0;
  std::vector<Iteration> history_;
  bool observed_ = false;        // the observed Hessian is used from here on
  bool learns_ = false;          // and what the steps tell
  std::size_t learnt_ = 0;       // how often that was used
  bool knows_curvature_ = true;  // of all blocks; the largest models do not
  Secants secants_;
  std::optional<std::pair<Vector, Vector>> last_;  // coordinates and gradient of the last iteration
};

}  // namespace

RemlResult maximise(MixedModelEquations& equations, const Parameters& start,
                    const RemlOptions& options, Callbacks& callbacks) {
  return Search(equations, options, callbacks).run(start);
}

}  // namespace henderson::reml
