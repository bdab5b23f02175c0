// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/information.h"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "core/reml/expected_information.h"

namespace henderson::reml {
namespace {

using equations::MixedModelEquations;
using model::Model;
using model::RandomBlock;

// Steps of the differences: a share of the standard error by the average information, but no more
// than a share of the smallest standard deviation of the block, below which -2l is not smooth in
// theta. The error of central differences is of the order of the square: 1e-7.
constexpr double kShareOfError = 5e-4;
constexpr double kShareOfScale = 1e-3;
constexpr double kSmallestStep = 1e-8;
constexpr double kSingular = 1e-10;

struct Score {
  Vector gradient;
  Matrix average;
  Matrix curvature;
  bool has_curvature = true;  // all of it
  std::optional<Matrix> expected;
};

Score score_at(MixedModelEquations& equations, const Parameters& parameters,
               const std::vector<Index>& moving, bool curvature, Callbacks& callbacks) {
  callbacks.stop_if_interrupted();
  std::optional<Evaluation> evaluation = evaluate(equations, parameters, false, callbacks);
  if (!evaluation) throw Error("the equations near the estimates are not positive definite");
  std::optional<Matrix> expected;
  if (curvature) expected = expected_information(equations, *evaluation);
  const Derivatives found = derivatives(equations, std::move(*evaluation), callbacks, curvature);
  const auto n = static_cast<Index>(moving.size());
  Score score{Vector(n), Matrix(n, n), Matrix(n, n),
              !equations.records() || found.has_residual_curvature, std::nullopt};
  if (expected) score.expected = Matrix(n, n);
  for (Index j = 0; j < n; ++j) {
    score.gradient[j] = found.gradient[moving[j]];
    for (Index i = 0; i < n; ++i) {
      score.average(i, j) = found.information(moving[i], moving[j]);
      score.curvature(i, j) = found.curvature(moving[i], moving[j]);
      if (expected) (*score.expected)(i, j) = (*expected)(moving[i], moving[j]);
    }
  }
  return score;
}

Parameters shifted(const Model& model, const Parameters& from, Index parameter, double step) {
  Vector theta = from.theta();
  double log_residual = from.log_residual();
  (parameter < model.n_theta ? theta[parameter] : log_residual) += step;
  return {std::move(theta), log_residual};
}

// The smallest standard deviation along a direction of the block of a parameter that is not zero.
double scale_of(const Model& model, const Parameters& parameters, Index parameter) {
  for (const RandomBlock& block : model.blocks) {
    const Index i = parameter - block.first_theta;
    if (i < 0 || i >= block.structure->n_theta()) continue;
    const std::optional<Matrix> lambda = block.structure->factor(parameters.of(block));
    const Vector sd = lambda->jacobiSvd().singularValues();
    double smallest = sd[0];
    for (Index k = 1; k < sd.size() && sd[k] > kSingular * sd[0]; ++k) smallest = sd[k];
    return smallest;
  }
  return 1.0;  // of the residual
}

double step_for(const Model& model, const Parameters& parameters, Index parameter, double average) {
  const double scale = kShareOfScale * scale_of(model, parameters, parameter);
  const double error = average > 0.0 ? kShareOfError / std::sqrt(average) : scale;
  return std::max(std::min(error, scale), kSmallestStep);
}

bool is_on_face(const Model& model, const Parameters& parameters) {
  for (const RandomBlock& block : model.blocks) {
    if (block.held) continue;
    const std::vector<bool> stopped = block.structure->theta_at_boundary(parameters.of(block));
    const bool any = std::find(stopped.begin(), stopped.end(), true) != stopped.end();
    const bool all = std::find(stopped.begin(), stopped.end(), false) == stopped.end();
    if (any && !all) return true;
  }
  return false;
}

}  // namespace

std::vector<Index> moving_parameters(const Model& model, const Parameters& parameters) {
  std::vector<bool> stopped(static_cast<std::size_t>(model.n_parameters()), false);
  for (const RandomBlock& block : model.blocks) {
    const std::vector<bool> at_boundary = block.structure->theta_at_boundary(parameters.of(block));
    for (std::size_t i = 0; i < at_boundary.size(); ++i) {
      stopped[block.first_theta + static_cast<Index>(i)] = at_boundary[i];
    }
  }
  std::vector<Index> moving;
  for (const Index i : free_parameters(model)) {
    if (!stopped[i]) moving.push_back(i);
  }
  return moving;
}

namespace {

// Of l, by central differences of the score.
Matrix differenced_hessian(MixedModelEquations& equations, const Parameters& parameters,
                           const std::vector<Index>& moving, const Matrix& average,
                           Callbacks& callbacks) {
  const auto n = static_cast<Index>(moving.size());
  Matrix hessian(n, n);
  for (Index i = 0; i < n; ++i) {
    const double step = step_for(equations.model(), parameters, moving[i], average(i, i));
    const auto gradient_at = [&](double shift) {
      return score_at(equations, shifted(equations.model(), parameters, moving[i], shift), moving,
                      false, callbacks)
          .gradient;
    };
    const Vector above = gradient_at(step);
    hessian.col(i) = (above - gradient_at(-step)) / (4.0 * step);
  }
  return 0.5 * (hessian + hessian.transpose());
}

}  // namespace

VarianceInformation variance_information(MixedModelEquations& equations,
                                         const Parameters& parameters, Callbacks& callbacks) {
  const Model& model = equations.model();
  VarianceInformation found;
  found.moving = moving_parameters(model, parameters);
  const auto n = static_cast<Index>(found.moving.size());
  const Score score = score_at(equations, parameters, found.moving, true, callbacks);
  found.average = score.average;
  found.jacobian.resize(model.n_values, n);
  const Matrix jacobian = user_jacobian(model, parameters);
  for (Index i = 0; i < n; ++i) found.jacobian.col(i) = jacobian.col(found.moving[i]);
  if (score.expected && score.has_curvature) {
    found.expected = *score.expected;
    found.observed = 2.0 * found.average - found.expected + 0.5 * score.curvature;
    return found;
  }
  found.observed =
      differenced_hessian(equations, parameters, found.moving, found.average, callbacks);
  found.has_expected = score.has_curvature && !is_on_face(model, parameters);
  found.expected = found.average;
  if (found.has_expected) found.expected += found.average - found.observed + 0.5 * score.curvature;
  return found;
}

}  // namespace henderson::reml
