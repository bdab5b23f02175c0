// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/estimates.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>

#include "core/answers/effects.h"
#include "core/answers/errors.h"
#include "core/answers/inverse_answers.h"
#include "core/coordinates/boundary.h"
#include "core/information/variance_information.h"

namespace henderson::answers {
namespace {

using coordinates::FreeSpace;
using coordinates::moving_directions;
using information::average_information;
using likelihood::Evaluation;
using likelihood::Parameters;
using likelihood::user_jacobian;
using likelihood::user_values;
using model::Model;
using model::RandomBlock;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void add_constraint_status(const Model& model, const Parameters& parameters,
                           std::vector<ValueStatus>& status) {
  const model::Constraints& constraints = model.constraints;
  if (constraints.empty()) return;
  for (Index i = 0; i < model.n_values; ++i) {
    const Index lead = constraints.lead[i];
    if (lead != i) status[i] = status[lead] = ValueStatus::tied;
  }
  const FreeSpace space(model);
  const std::vector<bool> at_bound = space.at_bound(parameters);
  for (Index i = 0; i < model.n_values; ++i) {
    const Index coordinate = space.coordinate_of_value(i);
    if (coordinate != kNone && at_bound[coordinate]) status[i] = ValueStatus::at_bound;
  }
}

void mark_boundary(const model::Slot& slot, const Parameters& parameters,
                   const Matrix& coef_transform, std::vector<ValueStatus>& status) {
  const std::vector<bool> at_boundary =
      slot.structure->value_at_boundary(parameters.of(slot), coef_transform);
  for (std::size_t i = 0; i < at_boundary.size(); ++i) {
    if (at_boundary[i]) status[slot.first_value + static_cast<Index>(i)] = ValueStatus::at_boundary;
  }
}

}  // namespace

std::vector<ValueStatus> value_status(const Model& model, const Parameters& parameters,
                                      const model::VarianceRequest& request) {
  std::vector<ValueStatus> status(static_cast<std::size_t>(model.n_values), ValueStatus::free);
  add_constraint_status(model, parameters, status);
  for (const RandomBlock& block : model.blocks)
    mark_boundary(block, parameters, block.coef_transform, status);
  for (const model::ResidualBlock& block : model.residual.blocks) {
    const Index n = block.structure->n_coef();
    if (coordinates::may_be_at_boundary(model, block, parameters))
      mark_boundary(block, parameters, Matrix::Identity(n, n), status);
  }
  if (coordinates::is_residual_gone(model, parameters)) status.back() = ValueStatus::at_boundary;
  for (std::size_t i = 0; i < status.size(); ++i) {
    if (request.held[i]) status[i] = ValueStatus::held;
  }
  return status;
}

// J AI^-1 J' over the directions that move: the delta method from them to the values.
Matrix value_covariance(const Model& model, const Parameters& parameters, const Matrix& information,
                        const std::vector<ValueStatus>& status) {
  const FreeSpace space(model);
  const Matrix along = moving_directions(model, space, parameters).jacobian;
  const Matrix moving_jacobian = user_jacobian(model, parameters) * along;
  const Matrix moving_information = along.transpose() * information * along;
  Matrix covariance = Matrix::Constant(model.n_values, model.n_values, kNaN);
  const Eigen::LLT<Matrix> llt(moving_information);
  if (llt.info() != Eigen::Success) return covariance;
  covariance = moving_jacobian * llt.solve(moving_jacobian.transpose());
  for (Index i = 0; i < model.n_values; ++i) {
    if (status[i] == ValueStatus::free || status[i] == ValueStatus::tied) continue;
    covariance.row(i).setConstant(kNaN);
    covariance.col(i).setConstant(kNaN);
  }
  return covariance;
}

Estimates estimates(Evaluation& evaluation, const model::VarianceRequest& request,
                    Callbacks& callbacks) {
  const Model& model = evaluation.model();
  const Parameters& parameters = evaluation.parameters;
  const Vector& unscaled = evaluation.solution().unscaled;
  Estimates found;
  found.values = user_values(model, parameters);
  found.status = value_status(model, parameters, request);
  found.average = average_information(evaluation);
  found.value_covariance = value_covariance(model, parameters, found.average, found.status);

  Vector all = in_user_units(model, unscaled);
  found.beta = model.fixed.beta(all.tail(model.rank()), kNaN);
  found.u = random_effects(evaluation);
  found.fitted = model::multiply(model.w, all);
  all.head(model.n_random_columns).setZero();
  found.fitted_fixed = model::multiply(model.w, all);

  if (model.fixed.n_original <= kMaxCovariance) {
    found.beta_covariance = fixed_covariance(evaluation);
    found.beta_se = found.beta_covariance.diagonal().cwiseSqrt();
  } else {
    InverseQuestions questions;
    questions.standard_errors = true;
    found.beta_se =
        answer_from_inverse(std::move(evaluation), questions, callbacks).standard_errors;
  }
  return found;
}

}  // namespace henderson::answers
