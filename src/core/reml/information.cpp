// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/information.h"

#include <algorithm>

#include "core/reml/differences.h"
#include "core/reml/expected_information.h"

namespace henderson::reml {
namespace {

using equations::MixedModelEquations;
using model::Model;
using model::RandomBlock;

struct Score {
  Vector gradient;
  Matrix average;
  Matrix curvature;
  bool has_curvature = true;  // all of it
  std::optional<Matrix> expected;
};

// Where the information is asked for, and in which coordinates.
struct Place {
  const FreeSpace& space;
  const Parameters& parameters;
  const Moving& moving;
};

// Of the moving coordinates.
Matrix among(const Matrix& all, const std::vector<Index>& moving) {
  const auto n = static_cast<Index>(moving.size());
  Matrix part(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) part(i, j) = all(moving[i], moving[j]);
  }
  return part;
}

// Without `curvature` the gradient alone.
Score score_at(MixedModelEquations& equations, const Place& place, const Parameters& parameters,
               bool curvature, Callbacks& callbacks) {
  callbacks.stop_if_interrupted();
  std::optional<Evaluation> evaluation = evaluate(equations, parameters, false, callbacks);
  if (!evaluation) throw Error("the equations near the estimates are not positive definite");
  std::optional<Matrix> expected;
  if (curvature) expected = expected_information(equations, *evaluation);
  const Derivatives found =
      reduced(place.space, parameters,
              derivatives(equations, std::move(*evaluation), callbacks,
                          curvature ? Extent::curvature_of_residual : Extent::gradient));
  const std::vector<Index>& moving = place.moving.coordinates;
  Score score{Vector(static_cast<Index>(moving.size())), among(found.information, moving),
              among(found.curvature, moving), !equations.records() || found.has_residual_curvature,
              std::nullopt};
  for (std::size_t j = 0; j < moving.size(); ++j)
    score.gradient[static_cast<Index>(j)] = found.gradient[moving[j]];
  if (expected)
    score.expected = place.moving.jacobian.transpose() * *expected * place.moving.jacobian;
  return score;
}

Parameters shifted(const Place& place, Index coordinate, double step) {
  Vector to = place.space.coordinates(place.parameters);
  to[coordinate] += step;
  const std::optional<Parameters> shifted = place.space.at(to, place.parameters);
  if (!shifted) throw Error("a tied parameter is at the end of its range");
  return *shifted;
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

// Of l, by central differences of the score.
Matrix differenced_hessian(MixedModelEquations& equations, const Place& place,
                           const Matrix& average, Callbacks& callbacks) {
  const std::vector<Index>& moving = place.moving.coordinates;
  const auto n = static_cast<Index>(moving.size());
  Matrix hessian(n, n);
  for (Index i = 0; i < n; ++i) {
    const double step = step_for(equations.model(), place.parameters,
                                 place.space.leads()[moving[i]], average(i, i));
    const auto gradient_at = [&](double shift) {
      return score_at(equations, place, shifted(place, moving[i], shift), false, callbacks)
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
  const FreeSpace space(model);
  const Moving moving = moving_coordinates(model, space, parameters);
  const Place place{space, parameters, moving};
  VarianceInformation found;
  const Score score = score_at(equations, place, parameters, true, callbacks);
  found.average = score.average;
  found.jacobian = user_jacobian(model, parameters) * moving.jacobian;
  if (score.expected && score.has_curvature) {
    found.expected = *score.expected;
    found.observed = 2.0 * found.average - found.expected + 0.5 * score.curvature;
    return found;
  }
  found.observed = differenced_hessian(equations, place, found.average, callbacks);
  found.has_expected = score.has_curvature && !is_on_face(model, parameters);
  found.expected = found.average;
  if (found.has_expected) found.expected += found.average - found.observed + 0.5 * score.curvature;
  return found;
}

}  // namespace henderson::reml
