// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/likelihood/parameters.h"

#include <cmath>

#include "core/base/error.h"
#include "core/likelihood/theta_of_values.h"

namespace henderson::likelihood {

using model::Model;
using model::RandomBlock;
using model::Slot;

namespace {

// d value of the user / d value of the structure, of a residual: the values of R~ in units of the
// model become those of sigma^2 R~ in the user's.
Vector residual_scale(const Slot& slot, double sd) {
  return slot.value_powers.unaryExpr([sd](double power) { return std::pow(sd, power); })
      .cwiseProduct(slot.value_transform.diagonal());
}

// Values of the structure, or columns of their derivatives, in the user's units.
template <class Values>
Values to_user(const Slot& slot, const Parameters& parameters, const Values& values) {
  if (!slot.in_residual) return slot.value_transform * values;
  return residual_scale(slot, parameters.residual_sd()).asDiagonal() * values;
}

}  // namespace

double Parameters::residual() const { return std::exp(log_residual_); }

double Parameters::residual_sd() const { return std::exp(0.5 * log_residual_); }

std::vector<Index> free_parameters(const Model& model) {
  std::vector<Index> free;
  for (const Slot& slot : model.slots()) {
    if (slot.held) continue;
    for (Index i = 0; i < slot.n_theta(); ++i) free.push_back(slot.first_theta + i);
  }
  if (!model.has_structured_residual() && !model.residual_held) free.push_back(model.n_theta);
  return free;
}

bool is_scale_free(const Model& model) {
  if (model.residual_held) return false;
  for (const Slot& slot : model.slots()) {
    const covariance::ThetaSurface* surface = slot.structure->surface();
    const Index n_equations = surface != nullptr ? surface->n_equations() : 0;
    if (slot.held || slot.n_theta() - n_equations < slot.n_values()) return false;
    if (!slot.structure->can_be_rescaled()) return false;
  }
  return true;
}

std::optional<equations::Factors> relative_factors(const Model& model,
                                                   const Parameters& parameters) {
  equations::Factors factors;
  for (const RandomBlock& block : model.blocks) {
    std::optional<Matrix> lambda = block.structure->factor(parameters.of(block));
    if (!lambda || !lambda->allFinite()) return std::nullopt;
    factors.push_back(*lambda / parameters.residual_sd());
  }
  return factors;
}

Parameters rescaled(const Model& model, const Parameters& parameters, double c) {
  Vector theta = parameters.theta();
  for (const RandomBlock& block : model.blocks)
    block.theta_of(theta) = block.structure->rescaled(parameters.of(block), c);
  return {std::move(theta), parameters.log_residual() + std::log(c)};
}

Vector user_values(const Model& model, const Parameters& parameters) {
  Vector values(model.n_values);
  for (const Slot& slot : model.slots()) {
    values.segment(slot.first_value, slot.n_values()) =
        to_user(slot, parameters, slot.structure->values(parameters.of(slot)));
  }
  if (!model.has_structured_residual())
    values[model.n_values - 1] = parameters.residual() * model.response_unit * model.response_unit;
  return values;
}

Matrix user_jacobian(const Model& model, const Parameters& parameters) {
  Matrix jacobian = Matrix::Zero(model.n_values, model.n_parameters());
  for (const Slot& slot : model.slots()) {
    jacobian.block(slot.first_value, slot.first_theta, slot.n_values(), slot.n_theta()) =
        to_user(slot, parameters, slot.structure->value_jacobian(parameters.of(slot)));
  }
  if (!model.has_structured_residual()) {
    jacobian(model.n_values - 1, model.n_theta) =
        parameters.residual() * model.response_unit * model.response_unit;
  }
  return jacobian;
}

Parameters from_user_values(const Model& model, const Vector& values) {
  if (values.size() != model.n_values) {
    throw DimensionMismatch("variance parameters", values.size(), model.n_values);
  }
  Vector theta(model.n_theta);
  for (const Slot& slot : model.slots()) {
    slot.theta_of(theta) = theta_of_values(slot, values.segment(slot.first_value, slot.n_values()));
  }
  if (model.has_structured_residual()) return {std::move(theta), 0.0};
  const double residual = values[model.n_values - 1] / (model.response_unit * model.response_unit);
  if (!(residual > 0.0))
    throw InvalidSpec("variance parameters", "the residual variance must be above 0");
  return {std::move(theta), std::log(residual)};
}

}  // namespace henderson::likelihood
