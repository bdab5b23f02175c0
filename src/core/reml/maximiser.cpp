// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/maximiser.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <numeric>
#include <utility>

#include "core/coordinates/boundary.h"
#include "core/reml/idle_numbers.h"
#include "core/reml/more_searches.h"
#include "core/reml/number_moves.h"
#include "core/reml/other_starts.h"
#include "core/reml/search.h"

namespace henderson::reml {
namespace {

using coordinates::FreeSpace;
using equations::MixedModelEquations;
using likelihood::Parameters;
using model::Model;

// Where several structures end singular a search may stall, or end on a face from which the way up
// leads through a saddle. A search that stalled, or whose end is singular in a structure of several
// coefficients, is repeated from its end with all small standard deviations lifted.
constexpr std::size_t kStalled = 50;

bool may_be_lifted(const Model& model, const RemlResult& found) {
  if (found.report.termination == Termination::iteration_limit)
    return !model.blocks.empty() && found.report.history.size() > kStalled;
  if (found.report.termination == Termination::no_ascent) return !model.blocks.empty();
  return std::any_of(model.blocks.begin(), model.blocks.end(), [&](const auto& block) {
    return block.n_coef > 1 && coordinates::n_at_boundary(block, found.evaluation.parameters) > 0;
  });
}

// Bounds of entries hold a search off singular matrices.
bool may_be_settled(const Model& model, const RemlResult& found) {
  if (found.report.termination == Termination::converged || FreeSpace(model).is_bounded())
    return false;
  return found.report.termination == Termination::no_ascent ||
         found.report.history.size() > kStalled;
}

// With so few records a search costs less than what is around it. A relationship of low rank has
// one maximum where it explains little and one where it explains nearly all.
constexpr Index kFewRecords = 50;
constexpr Index kFewRelated = 500;
// And that of random terms with correlations or ranges has several, where few records tell of them:
// such a term may take the place of the residuals, or they that of some of its coefficients.
constexpr Index kFewStructured = 300;
// A field of many positions takes long, and so do loadings of related levels, which have ended
// where the corners did.
constexpr Index kFewPositions = 12;
// So many unknowns for a record are those of subjects with positions of their own: each start of
// structured residuals beside them takes as long as the search.
constexpr Index kManyUnknowns = 10;

bool is_dear(const model::RandomBlock& block) {
  const bool has_loadings = block.structure->n_columns() > block.structure->n_coef();
  return block.n_coef > kFewPositions || (has_loadings && !block.levels->is_identity());
}

bool has_numbers(const Model& model) {
  return std::any_of(model.blocks.begin(), model.blocks.end(), [](const auto& block) {
    if (is_dear(block)) return false;
    const std::vector<Move> own = moves(block);
    return std::any_of(own.begin(), own.end(), [](const Move& move) { return move.is_number; });
  });
}

// The least eigenvalue of correlations that are not far from singular.
constexpr double kNearSingular = 1e-2;

bool is_near_singular(const model::ResidualBlock& block, const Parameters& end) {
  covariance::Positions all(static_cast<std::size_t>(block.structure->n_coef()));
  std::iota(all.begin(), all.end(), 0);
  const Matrix sigma = block.structure->covariance(end.of(block), all);
  const Vector scale = sigma.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite()) return true;
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(scale.asDiagonal() * sigma * scale.asDiagonal(),
                                                    Eigen::EigenvaluesOnly);
  return eigen.eigenvalues()[0] < kNearSingular;
}

// Of a process, whose likelihood has a maximum on either side of a correlation of zero.
bool has_two_joint_numbers(const covariance::Structure& structure) {
  Index n = 0;
  for (Index k = 0; k < structure.n_values(); ++k) n += structure.coordinate(k) ? 0 : 1;
  return n == 2;
}

// Near singular residuals the likelihood has a maximum for each matrix that fits some subjects, and
// so has that of positions of which some are far more precise than others.
bool may_have_residual_maxima(const Model& model, const Parameters& end) {
  const auto& blocks = model.residual.blocks;
  return std::any_of(blocks.begin(), blocks.end(), [&](const auto& block) {
    const covariance::Structure& structure = *block.structure;
    if (block.held || structure.n_coef() > kFewPositions ||
        structure.factor_pattern().isDiagonal(0.0))
      return false;
    return block.has_edge || block.far_apart || model.n_records <= kFewRecords ||
           has_two_joint_numbers(structure) || is_near_singular(block, end);
  });
}

std::vector<Parameters> starts_elsewhere(const Model& model, const Parameters& start,
                                         const Parameters& end) {
  const bool is_related =
      std::any_of(model.blocks.begin(), model.blocks.end(),
                  [](const auto& block) { return !block.levels->is_identity(); });
  const bool has_few = model.n_records <= kFewRecords;
  std::vector<Parameters> starts;
  if (has_few || (is_related && model.n_records <= kFewRelated))
    starts = corner_starts(model, start);
  if (model.n_records > kFewStructured) return starts;
  if (model.n_random_columns > kManyUnknowns * model.n_records) return starts;
  if (may_have_residual_maxima(model, end)) {
    for (Parameters& other : residual_starts(model, start)) starts.push_back(std::move(other));
  }
  for (Parameters& turned : loading_starts(model, start)) starts.push_back(std::move(turned));
  if (!has_few && !has_numbers(model)) return starts;
  for (Parameters& scattered : scattered_starts(model, start))
    starts.push_back(std::move(scattered));
  return starts;
}

// Where a few factorisations cost less than what is around a search.
constexpr Index kFewSurveyed = 100;

bool may_be_surveyed(const Model& model) {
  if (model.n_records > kFewSurveyed) return false;
  if (model.has_structured_residual() || has_numbers(model)) return true;
  // Effects for nearly each record: their matrix may take the place of the residuals.
  return (model.n_records <= kFewRecords || 2 * model.n_random_columns > model.n_records) &&
         std::any_of(model.blocks.begin(), model.blocks.end(),
                     [](const auto& block) { return block.n_coef > 1; });
}

}  // namespace

RemlResult maximise(const MixedModelEquations& equations, const Parameters& start,
                    const RemlOptions& options, Callbacks& callbacks) {
  std::optional<RemlResult> found = search(equations, start, options, callbacks);
  if (!found) {
    throw InvalidSpec("start",
                      "the mixed model equations are not positive definite at the starting values");
  }
  if (found->report.passed_wall)
    found = beside_wall(std::move(*found), equations, options, callbacks);
  const Model& model = equations.model();
  if (may_be_lifted(model, *found)) {
    const bool was_done = found->report.termination == Termination::converged;
    const auto starts = other_starts(model, found->evaluation.parameters, was_done);
    found =
        best_of(std::move(*found), starts, Others::go_on_from_it, equations, options, callbacks);
  }
  const bool has_time =
      options.begin_elsewhere && found->report.termination != Termination::iteration_limit;
  const std::vector<Parameters> elsewhere =
      has_time ? starts_elsewhere(model, start, found->evaluation.parameters)
               : std::vector<Parameters>();
  if (!elsewhere.empty())
    found = best_of(std::move(*found), elsewhere, Others::begin_elsewhere, equations, options,
                    callbacks);
  if (has_time && may_be_surveyed(model))
    found = with_survey(std::move(*found), start, equations, options, callbacks);
  if (has_time && has_idle_numbers(model, found->evaluation.parameters))
    found = with_turned_numbers(std::move(*found), start, equations, options, callbacks);
  if (found->report.passed_wall)
    found = beside_wall(std::move(*found), equations, options, callbacks);
  if (!may_be_settled(model, *found)) return std::move(*found);
  return settled(std::move(*found), equations, options, callbacks);
}

}  // namespace henderson::reml
