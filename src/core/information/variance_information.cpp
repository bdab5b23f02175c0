// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/variance_information.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/information/covariance_trace.h"
#include "core/information/differences.h"
#include "core/information/entry_information.h"
#include "core/information/expected_information.h"

namespace henderson::information {
namespace {

using coordinates::FreeSpace;
using coordinates::Moving;
using coordinates::moving_directions;
using equations::MixedModelEquations;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::from_user_values;
using likelihood::is_scale_free;
using likelihood::Parameters;
using likelihood::rescaled;
using likelihood::user_jacobian;
using likelihood::user_values;
using model::Model;
using model::RandomBlock;

// Step of the differences along a common factor of variances, in its logarithm.
constexpr double kScaleStep = 1e-4;
// A gradient of -2l, in standard errors, that is as good as zero.
constexpr double kZeroGradient = 1e-4;

// Columns of X, and others that are not absorbed, that cost little.
constexpr Index kFewColumns = 50;
// Parameters that are the same but for rounding.
constexpr double kSame = 1e-12;

// Where the information is asked for, and in which coordinates.
struct Place {
  const FreeSpace& space;
  const Parameters& parameters;
  const Moving& moving;
  bool is_maximum = false;
};

// The gradient of -2l beside the estimates, along the directions that move. NaN where there is no
// likelihood beside them: a matrix that is singular to working precision.
Vector gradient_at(const MixedModelEquations& equations, const Place& place, Index direction,
                   double step, Callbacks& callbacks) {
  const Matrix& along = place.moving.directions;
  const Vector to = place.space.coordinates(place.parameters) + step * along.col(direction);
  const Vector unknown = Vector::Constant(along.cols(), std::numeric_limits<double>::quiet_NaN());
  const std::optional<Parameters> at = place.space.at(to, place.parameters);
  if (!at) return unknown;
  callbacks.stop_if_interrupted();
  std::optional<Evaluation> evaluation = evaluate(equations, *at, false, callbacks);
  if (!evaluation) return unknown;
  const Derivatives found = derivatives(std::move(*evaluation), callbacks, Extent::gradient);
  const Vector gradient = reduced(place.space, *at, found).gradient;
  return along.transpose() * place.space.carried(gradient, *at, place.parameters);
}

// The coordinate that has most of a direction.
Index main_coordinate(const Place& place, Index direction) {
  Index largest = 0;
  place.moving.directions.col(direction).cwiseAbs().maxCoeff(&largest);
  return largest;
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

// Whether G = d(-2l)/dSigma of some block is not known: its score leaves it open.
bool lacks_scores(const InformationBasis& basis) {
  const std::vector<RandomBlock>& blocks = basis.evaluation.model().blocks;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const std::vector<Matrix>& made = basis.covariance_scores;
    const bool is_made = b < made.size() && made[b].size() > 0;
    if (leaves_open(blocks[b]) && !is_made) return true;
  }
  return false;
}

// Where they are wanted, or cost little.
std::vector<Matrix> scores_left_open(const Evaluation& evaluation, bool wanted,
                                     Callbacks& callbacks) {
  std::vector<Matrix> found;
  for (const RandomBlock& block : evaluation.model().blocks) {
    Matrix& own = found.emplace_back();
    if (leaves_open(block) && (wanted || block.n_design_columns() <= kFewCells))
      own = covariance_score(evaluation, block, callbacks);
  }
  return found;
}

// The curvature of Sigma(theta) of the blocks whose G was made, in the place of what their score
// tells.
void set_curvature(const Model& model, const Parameters& parameters,
                   const std::vector<Matrix>& scores, Matrix& curvature) {
  for (std::size_t b = 0; b < scores.size(); ++b) {
    if (scores[b].size() == 0) continue;
    const RandomBlock& block = model.blocks[b];
    const Index n = block.n_theta();
    curvature.block(block.first_theta, block.first_theta, n, n) =
        block.structure->curvature(parameters.of(block), scores[b]);
  }
}

// Which of the directions is log sigma^2, where its second derivatives follow from those of
// the others; else kNone.
Index spared_coordinate(const Model& model, const Place& place) {
  if (!place.is_maximum || model.has_structured_residual() || !is_scale_free(model) ||
      !model.constraints.empty())
    return kNone;
  for (Index k = 0; k < place.moving.directions.cols(); ++k) {
    if (place.space.leads()[main_coordinate(place, k)] == model.n_theta) return k;
  }
  return kNone;
}

// d (directions) / d log c for all variances times c. Coordinates that are stopped, at 0 or at
// infinity, stay so.
Vector scale_direction(const Model& model, const Place& place) {
  const auto at = [&](double step) {
    return place.space.coordinates(rescaled(model, place.parameters, std::exp(step)));
  };
  const Vector change = (at(kScaleStep) - at(-kScaleStep)) / (2.0 * kScaleStep);
  return place.moving.directions.transpose() *
         change.array().isFinite().select(change, 0.0).matrix();
}

// Of l, by central differences of the score.
//
// With s the direction of a common factor of all variances, sum_j s_j V_j = V. Where the score is
// zero, the observed information O and the average A agree along it, O s = A s = y'P V_i P y / 2,
// because P is of order -1 in the factor. So the column of log sigma^2, whose s is 1, follows from
// the others.
Matrix differenced_hessian(const MixedModelEquations& equations, const Place& place,
                           const Matrix& average, Callbacks& callbacks) {
  const Model& model = equations.model();
  const Index n = place.moving.directions.cols();
  const Index spared = spared_coordinate(model, place);
  Matrix hessian = Matrix::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    if (i == spared) continue;
    const double step = step_for(model, place.parameters,
                                 place.space.leads()[main_coordinate(place, i)], average(i, i));
    const Vector above = gradient_at(equations, place, i, step, callbacks);
    const Vector below = gradient_at(equations, place, i, -step, callbacks);
    hessian.col(i) = (above - below) / (4.0 * step);
  }
  if (spared != kNone) {
    const Vector s = scale_direction(model, place);
    hessian.col(spared) = hessian.row(spared).transpose().eval();
    hessian(spared, spared) = (average.row(spared) - hessian.row(spared)).dot(s);
  }
  return 0.5 * (hessian + hessian.transpose());
}

// Coordinates of surfaces are those at a point, to the last digit.
bool is_same(const Model& model, const Parameters& a, const Parameters& b) {
  if (!FreeSpace(model).is_flat())
    return a.theta() == b.theta() && a.log_residual() == b.log_residual();
  return a.theta().isApprox(b.theta(), kSame) &&
         std::abs(a.log_residual() - b.log_residual()) <= kSame;
}

}  // namespace

InformationBasis information_basis(Evaluation&& evaluation, bool with_expected,
                                   Callbacks& callbacks) {
  Matrix average = average_information(evaluation);
  std::optional<Matrix> expected;
  std::vector<Matrix> scores;
  if (!is_on_face(evaluation.model(), evaluation.parameters)) {
    expected = expected_information(evaluation, callbacks);
    scores = scores_left_open(evaluation, with_expected, callbacks);
  }
  return {std::move(evaluation), std::move(average), std::move(expected), std::move(scores)};
}

std::optional<InformationBasis> information_basis_at_hand(Evaluation&& evaluation, Matrix average,
                                                          bool differences, Callbacks& callbacks) {
  const MixedModelEquations& equations = evaluation.equations();
  const Model& model = equations.model();
  if (model.rank() > kFewColumns) return std::nullopt;
  if (!differences &&
      (model.has_structured_residual() ? !has_entries(model) : model.blocks.empty()))
    return std::nullopt;
  const Parameters at = from_user_values(model, user_values(model, evaluation.parameters));
  if (!differences && is_on_face(model, at)) return std::nullopt;
  std::optional<Evaluation> there = std::move(evaluation);
  if (!is_same(model, at, there->parameters)) {
    there.reset();
    there = evaluate(equations, at, false, callbacks);
    if (!there) return std::nullopt;
    average = average_information(*there);
  }
  if (differences) return information_basis(std::move(*there), false, callbacks);
  equations::AbsorptionLimits limits;
  limits.rest = kFewColumns;
  std::optional<Matrix> expected = expected_information(*there, callbacks, limits);
  if (!expected) return std::nullopt;
  std::vector<Matrix> scores = scores_left_open(*there, false, callbacks);
  return InformationBasis{std::move(*there), std::move(average), std::move(expected),
                          std::move(scores)};
}

VarianceInformation average_variance_information(const Evaluation& evaluation) {
  const Model& model = evaluation.model();
  const Matrix j = moving_directions(model, FreeSpace(model), evaluation.parameters).jacobian;
  VarianceInformation found;
  found.jacobian = user_jacobian(model, evaluation.parameters) * j;
  found.average = j.transpose() * average_information(evaluation) * j;
  return found;
}

VarianceInformation variance_information(InformationBasis&& basis, Callbacks& callbacks) {
  const MixedModelEquations& equations = basis.evaluation.equations();
  const Model& model = equations.model();
  const Parameters parameters = basis.evaluation.parameters;
  const FreeSpace space(model);
  const Moving moving = moving_directions(model, space, parameters);
  const Matrix& j = moving.jacobian;
  VarianceInformation found;
  found.jacobian = user_jacobian(model, parameters) * j;
  found.average = j.transpose() * basis.average * j;
  const bool knows_scores = !lacks_scores(basis);
  Derivatives whole = derivatives(std::move(basis.evaluation), callbacks, Extent::curvature);
  set_curvature(model, parameters, basis.covariance_scores, whole.curvature);
  const Derivatives all = reduced(space, parameters, whole);
  const Matrix& along = moving.directions;
  const Matrix curvature = 0.5 * along.transpose() * all.curvature * along;
  found.has_expected = !is_on_face(model, parameters) && knows_scores &&
                       (!model.has_structured_residual() || all.has_residual_curvature);
  if (basis.expected && found.has_expected) {
    found.expected = j.transpose() * *basis.expected * j;
    found.observed = 2.0 * found.average - found.expected + curvature;
    return found;
  }
  const Vector errors = found.average.diagonal().cwiseSqrt();
  const Vector gradient = along.transpose() * all.gradient;
  const bool is_maximum = (gradient.array().abs() <= kZeroGradient * errors.array()).all();
  found.observed = basis.observed
                       ? *basis.observed
                       : differenced_hessian(equations, {space, parameters, moving, is_maximum},
                                             found.average, callbacks);
  found.expected = found.average;
  if (found.has_expected) found.expected += found.average - found.observed + curvature;
  return found;
}

}  // namespace henderson::information
