// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/likelihood/evaluation.h"

#include <cmath>

namespace henderson::likelihood {
namespace {

using model::Model;

double log_det_levels(const Model& model) {
  double sum = 0.0;
  for (const model::RandomBlock& block : model.blocks) {
    sum += static_cast<double>(block.structure->n_columns()) * block.levels->log_determinant();
  }
  return sum;
}

double minus2loglik(const equations::Solved& solved, double log_residual) {
  const Model& model = solved.equations->model();
  const equations::Solution& solution = solved.solution;
  const double df = model.error_df();
  const double log_2pi = std::log(2.0 * M_PI);
  const double log_det_c =
      model.reml ? solution.log_det - 2.0 * model.fixed.log_det_transform : solution.log_det_random;
  return df * (log_2pi + log_residual + 2.0 * std::log(model.response_unit)) +
         solved.records.log_det() + log_det_levels(model) + log_det_c +
         solution.quadratic / std::exp(log_residual);
}

}  // namespace

std::optional<Evaluation> evaluate(const equations::MixedModelEquations& equations,
                                   const Parameters& parameters, bool rescale,
                                   Callbacks& callbacks) {
  const Model& model = equations.model();
  std::optional<equations::Factors> lambda = relative_factors(model, parameters);
  if (!lambda) return std::nullopt;
  std::optional<equations::Records> records = equations.records_at(parameters.theta());
  if (!records) return std::nullopt;
  std::optional<equations::Solved> solved =
      equations.solve(std::move(*lambda), std::move(*records), callbacks);
  if (!solved) return std::nullopt;
  const double mean_square = solved->solution.quadratic / model.error_df();
  if (!(mean_square > 0.0) || !std::isfinite(mean_square)) return std::nullopt;
  const Parameters at =
      rescale ? rescaled(model, parameters, mean_square / parameters.residual()) : parameters;
  const double value = minus2loglik(*solved, at.log_residual());
  return Evaluation{at, std::move(*solved), value};
}

}  // namespace henderson::likelihood
