// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/likelihood/parameters.h"

#include <Eigen/LU>
#include <cmath>

#include "core/base/error.h"

namespace henderson::likelihood {

using model::Model;
using model::RandomBlock;
using model::ResidualBlock;

namespace {

ConstVectorRef residual_theta(const ResidualBlock& block, const Parameters& parameters) {
  return parameters.theta().segment(block.first_theta, block.structure->n_theta());
}

// From the values of R~ in units of the model to those of sigma^2 R~ in the user's.
Vector residual_scale(const ResidualBlock& block, const Parameters& parameters) {
  const double sd = parameters.residual_sd();
  const Vector powers = block.structure->value_powers();
  return powers.unaryExpr([sd](double power) { return std::pow(sd, power); })
      .cwiseProduct(block.value_transform.diagonal());
}

}  // namespace

double Parameters::residual() const { return std::exp(log_residual_); }

double Parameters::residual_sd() const { return std::exp(0.5 * log_residual_); }

std::vector<Index> free_parameters(const Model& model) {
  std::vector<Index> free;
  for (const RandomBlock& block : model.blocks) {
    if (block.held) continue;
    for (Index i = 0; i < block.structure->n_theta(); ++i) free.push_back(block.first_theta + i);
  }
  for (const ResidualBlock& block : model.residual.blocks) {
    for (Index i = 0; i < block.structure->n_theta(); ++i) free.push_back(block.first_theta + i);
  }
  if (!model.has_structured_residual() && !model.residual_held) free.push_back(model.n_theta);
  return free;
}

bool is_scale_free(const Model& model) {
  if (model.residual_held) return false;
  for (const RandomBlock& block : model.blocks) {
    if (block.held || block.structure->n_theta() < block.structure->n_values()) return false;
    if (!block.structure->can_be_rescaled()) return false;
  }
  for (const ResidualBlock& block : model.residual.blocks) {
    if (block.structure->n_theta() < block.structure->n_values()) return false;
    if (!block.structure->can_be_rescaled()) return false;
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
  for (const RandomBlock& block : model.blocks) {
    theta.segment(block.first_theta, block.structure->n_theta()) =
        block.structure->rescaled(parameters.of(block), c);
  }
  return {std::move(theta), parameters.log_residual() + std::log(c)};
}

Vector user_values(const Model& model, const Parameters& parameters) {
  Vector values(model.n_values);
  for (const RandomBlock& block : model.blocks) {
    values.segment(block.first_value, block.structure->n_values()) =
        block.value_transform * block.structure->values(parameters.of(block));
  }
  for (const ResidualBlock& block : model.residual.blocks) {
    values.segment(block.first_value, block.structure->n_values()) =
        residual_scale(block, parameters)
            .cwiseProduct(block.structure->values(residual_theta(block, parameters)));
  }
  if (!model.has_structured_residual())
    values[model.n_values - 1] = parameters.residual() * model.response_unit * model.response_unit;
  return values;
}

Matrix user_jacobian(const Model& model, const Parameters& parameters) {
  Matrix jacobian = Matrix::Zero(model.n_values, model.n_parameters());
  for (const RandomBlock& block : model.blocks) {
    jacobian.block(block.first_value, block.first_theta, block.structure->n_values(),
                   block.structure->n_theta()) =
        block.value_transform * block.structure->value_jacobian(parameters.of(block));
  }
  for (const ResidualBlock& block : model.residual.blocks) {
    jacobian.block(block.first_value, block.first_theta, block.structure->n_values(),
                   block.structure->n_theta()) =
        residual_scale(block, parameters).asDiagonal() *
        block.structure->value_jacobian(residual_theta(block, parameters));
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
  for (const RandomBlock& block : model.blocks) {
    theta.segment(block.first_theta, block.structure->n_theta()) =
        block.structure->theta_from_values(block.value_transform.lu().solve(
            values.segment(block.first_value, block.structure->n_values())));
  }
  for (const ResidualBlock& block : model.residual.blocks) {
    theta.segment(block.first_theta, block.structure->n_theta()) =
        block.structure->theta_from_values(
            values.segment(block.first_value, block.structure->n_values())
                .cwiseQuotient(block.value_transform.diagonal()));
  }
  if (model.has_structured_residual()) return {std::move(theta), 0.0};
  const double residual = values[model.n_values - 1] / (model.response_unit * model.response_unit);
  if (!(residual > 0.0))
    throw InvalidSpec("variance parameters", "the residual variance must be above 0");
  return {std::move(theta), std::log(residual)};
}

}  // namespace henderson::likelihood
