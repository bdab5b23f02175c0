// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/evaluations.h"

namespace henderson::test {

using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using likelihood::Parameters;

std::vector<MixedModel> all_models(unsigned seed) {
  std::vector<MixedModel> models = mixed_models(seed);
  for (MixedModel& model : residual_models(seed)) models.push_back(std::move(model));
  return models;
}

std::vector<FixedPlace> places(const MixedModel& given) {
  if (given.spec.reml) return {FixedPlace::anywhere, FixedPlace::last};
  return {FixedPlace::last, FixedPlace::apart};
}

Evaluation evaluate_at(const MixedModelEquations& equations, const Parameters& parameters) {
  Callbacks callbacks;
  std::optional<Evaluation> found = likelihood::evaluate(equations, parameters, false, callbacks);
  REQUIRE(found.has_value());
  return std::move(*found);
}

Evaluation evaluate_at(const MixedModelEquations& equations, const Vector& values) {
  return evaluate_at(equations, likelihood::from_user_values(equations.model(), values));
}

double minus2loglik_at(const MixedModelEquations& equations, const Parameters& parameters) {
  return evaluate_at(equations, parameters).minus2loglik;
}

Parameters shifted(const Parameters& from, Index i, double h) {
  Vector theta = from.theta();
  if (i < theta.size()) theta[i] += h;
  return {theta, from.log_residual() + (i < theta.size() ? 0.0 : h)};
}

}  // namespace henderson::test
