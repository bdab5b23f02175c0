// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/constrained.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "core/coordinates/boundary.h"
#include "core/information/reduced.h"
#include "core/reml/trust_region.h"

namespace henderson::reml {
namespace {

using coordinates::FreeSpace;
using coordinates::nudged;
using equations::MixedModelEquations;
using information::Derivatives;
using information::derivatives;
using information::reduced;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::Parameters;
using likelihood::user_jacobian;
using likelihood::user_values;
using model::Model;

constexpr int kMostIterations = 100;
constexpr int kMostCorrections = 60;
constexpr double kFirstRadius = 1.0;
constexpr double kSmallestRadius = 1e-9;
// Of -2l that is left to gain.
constexpr double kTolerance = 1e-7;
constexpr double kNoise = 1e-13;
// Of f, relative to its size.
constexpr double kOnSurface = 1e-10;
// Standard deviations start this far from zero, in units of sigma: f must be able to move there.
constexpr double kNudge = 1e-2;
// Step of the differences of the gradient of f.
constexpr double kDifference = 1e-4;

// Metrics are those of FreeSpace::place(), so that they serve at all points.
class Surface {
 public:
  Surface(const Model& model, const FreeSpace& space, const ValueFunction& function, double target)
      : model_(model), space_(space), function_(function), target_(target) {}

  std::optional<Parameters> moved(const Parameters& from, const Vector& step) const {
    return space_.at(space_.coordinates(from) + step, from);
  }

  // f and its gradient in the coordinates; nothing where f has no value.
  std::optional<ValueFunction::Value> function(const std::optional<Parameters>& at) const {
    if (!at) return std::nullopt;
    ValueFunction::Value found = function_.at(user_values(model_, *at));
    if (!std::isfinite(found.value) || !found.gradient.allFinite()) return std::nullopt;
    const Matrix jacobian = user_jacobian(model_, *at) * space_.jacobian(*at);
    found.gradient = (jacobian.transpose() * found.gradient).eval();
    return found;
  }

  // The Hessian of f, by central differences; zero where they fail.
  Matrix hessian(const Parameters& at) const {
    const Vector x = space_.coordinates(at);
    const Index n = x.size();
    Matrix hessian = Matrix::Zero(n, n);
    const auto gradient_at = [&](const Vector& step) -> std::optional<Vector> {
      const std::optional<Parameters> there = moved(at, step);
      const std::optional<ValueFunction::Value> found = function(there);
      if (!found) return std::nullopt;
      return space_.carried(found->gradient, *there, at);
    };
    for (Index i = 0; i < n; ++i) {
      const double step = kDifference * std::max(1e-2, std::min(1.0, std::abs(x[i])));
      const std::optional<Vector> above = gradient_at(step * Vector::Unit(n, i));
      const std::optional<Vector> below = gradient_at(-step * Vector::Unit(n, i));
      if (!above || !below) return Matrix::Zero(n, n);
      hessian.col(i) = (*above - *below) / (2.0 * step);
    }
    return 0.5 * (hessian + hessian.transpose());
  }

  // From `at` to f = target along metric x gradient.
  std::optional<Parameters> restored(std::optional<Parameters> at, const Matrix& metric) const {
    std::optional<ValueFunction::Value> here = function(at);
    for (int k = 0; here && k < kMostCorrections; ++k) {
      const double gap = target_ - here->value;
      if (std::abs(gap) <= kOnSurface * std::max(std::abs(target_), std::abs(here->value)))
        return at;
      const Matrix tangent = space_.tangent(*at);
      Vector direction = tangent.transpose() * (metric * (tangent * here->gradient));
      const double slope = direction.dot(here->gradient);
      if (!(slope > 0.0)) return std::nullopt;
      direction *= gap / slope;
      if (!advance(*at, here, direction, std::abs(gap))) return std::nullopt;
    }
    return std::nullopt;
  }

 private:
  // A part of the step that brings f nearer to the target.
  bool advance(Parameters& at, std::optional<ValueFunction::Value>& here, const Vector& direction,
               double gap) const {
    const double longest = direction.cwiseAbs().maxCoeff();
    for (double share = std::min(1.0, 2.0 / longest); share > 1e-8; share *= 0.5) {
      const std::optional<Parameters> trial = moved(at, share * direction);
      const std::optional<ValueFunction::Value> there = function(trial);
      if (!there || std::abs(target_ - there->value) >= gap) continue;
      at = *trial;
      here = there;
      return true;
    }
    return false;
  }

  const Model& model_;
  const FreeSpace& space_;
  const ValueFunction& function_;
  const double target_;
};

// The inverse of H with every curvature taken as positive.
Matrix positive_inverse(const Matrix& hessian) {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(hessian);
  const Vector size = eigen.eigenvalues().cwiseAbs();
  const double least = 1e-8 * std::max(size.maxCoeff(), 1e-300);
  return eigen.eigenvectors() * size.cwiseMax(least).cwiseInverse().asDiagonal() *
         eigen.eigenvectors().transpose();
}

class SurfaceSearch {
 public:
  SurfaceSearch(const MixedModelEquations& equations, const FreeSpace& space,
                const Surface& surface, Callbacks& callbacks)
      : equations_(equations), space_(space), surface_(surface), callbacks_(callbacks) {}

  ConstrainedResult run(const Parameters& start) {
    ConstrainedResult result;
    std::optional<Evaluation> evaluation = evaluate_at(start);
    if (!evaluation) return result;
    expand(std::move(*evaluation));
    const std::optional<Parameters> first = surface_.restored(start, metric_at(start));
    if (!first) return result;
    evaluation = evaluate_at(*first);
    while (evaluation && result.iterations++ < kMostIterations) {
      result.reached = true;
      result.minus2loglik = evaluation->minus2loglik;
      result.values = user_values(equations_.model(), evaluation->parameters);
      const Parameters at = evaluation->parameters;
      expand(std::move(*evaluation));
      evaluation = improve(at, result);
    }
    return result;
  }

 private:
  std::optional<Evaluation> evaluate_at(const Parameters& parameters) {
    callbacks_.stop_if_interrupted();
    return evaluate(equations_, parameters, false, callbacks_);
  }

  Matrix metric_at(const Parameters& at) const {
    const Matrix tangent = space_.tangent(at);
    return tangent * positive_inverse(hessian_) * tangent.transpose();
  }

  void expand(Evaluation&& evaluation) {
    const Parameters at = evaluation.parameters;
    const Derivatives found = reduced(space_, at, derivatives(std::move(evaluation), callbacks_));
    gradient_ = found.gradient;
    hessian_ = 2.0 * found.information + found.curvature;
  }

  // A better point of the surface; nothing where `from` is the best, or none is found.
  std::optional<Evaluation> improve(const Parameters& from, ConstrainedResult& result) {
    const std::optional<ValueFunction::Value> f = surface_.function(from);
    if (!f || f->gradient.isZero(0.0)) return std::nullopt;
    const double multiplier = f->gradient.dot(gradient_) / f->gradient.squaredNorm();
    const Index n = space_.size();
    const Matrix basis = Eigen::HouseholderQR<Matrix>(f->gradient).householderQ();
    const Matrix within = basis.rightCols(n - 1);
    const Matrix lagrangian = hessian_ - multiplier * surface_.hessian(from);
    const QuadraticModel quadratic(within.transpose() * gradient_,
                                   within.transpose() * lagrangian * within);
    result.converged = n == 1 || quadratic.potential() <= kTolerance;
    if (result.converged) return std::nullopt;
    const Matrix metric = metric_at(from);
    const double noise = kNoise * (std::abs(result.minus2loglik) +
                                   static_cast<double>(equations_.model().n_records));
    while (radius_ > kSmallestRadius) {
      const Vector step = quadratic.minimum(radius_);
      const double expected = quadratic.decrease(step);
      const std::optional<Parameters> trial =
          surface_.restored(surface_.moved(from, within * step), metric);
      std::optional<Evaluation> there = trial ? evaluate_at(*trial) : std::nullopt;
      const double gain = there ? result.minus2loglik - there->minus2loglik : -1.0;
      if (there && gain > noise && gain > 1e-4 * expected) {
        if (gain > 0.75 * expected) radius_ *= 2.0;
        if (gain < 0.25 * expected) radius_ = 0.5 * step.norm();
        return there;
      }
      // What could still be gained is below what the likelihood can tell.
      if (expected < kTolerance) {
        result.converged = true;
        return std::nullopt;
      }
      radius_ = 0.25 * std::min(radius_, step.norm());
    }
    return std::nullopt;
  }

  const MixedModelEquations& equations_;
  const FreeSpace& space_;
  const Surface& surface_;
  Callbacks& callbacks_;
  double radius_ = kFirstRadius;
  Vector gradient_;
  Matrix hessian_;
};

}  // namespace

ConstrainedResult maximise_on_surface(const MixedModelEquations& equations, const Parameters& start,
                                      const ValueFunction& function, double target,
                                      Callbacks& callbacks) {
  const Model& model = equations.model();
  const FreeSpace space(model);
  if (space.size() == 0) return {};
  const Parameters from = nudged(model, space, start, kNudge).value_or(start);
  const Surface surface(model, space, function, target);
  return SurfaceSearch(equations, space, surface, callbacks).run(from);
}

}  // namespace henderson::reml
