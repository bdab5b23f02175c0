// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/fit.h"

#include "core/answers/fitted_model.h"
#include "core/likelihood/start.h"
#include "core/reml/moment_start.h"

namespace henderson::answers {

using likelihood::Evaluation;

namespace {

std::optional<TestBasis> tests_at(Evaluation&& evaluation, const Estimates& found,
                                  Callbacks& callbacks) {
  std::optional<information::InformationBasis> basis =
      information::information_basis_at_hand(std::move(evaluation), found.average, callbacks);
  if (!basis) return std::nullopt;
  MeanCovariance moments =
      plain_moments(basis->evaluation, estimated_columns(found.beta), callbacks);
  return TestBasis{information::variance_information(std::move(*basis), callbacks),
                   std::move(moments)};
}

}  // namespace

FitResult fit(const equations::MixedModelEquations& equations,
              const model::VarianceRequest& request, const reml::RemlOptions& options,
              bool with_tests, Callbacks& callbacks) {
  const model::Model& model = equations.model();
  const likelihood::Parameters start = reml::moment_start(
      equations, likelihood::starting_parameters(model, request), request, callbacks);
  reml::RemlResult result = reml::maximise(equations, start, options, callbacks);
  const double minus2loglik = result.evaluation.minus2loglik;
  FitResult found{estimates(result.evaluation, request, callbacks), minus2loglik,
                  std::move(result.report), std::nullopt};
  const bool has_factor = model.fixed.n_original <= kMaxCovariance;
  if (with_tests && has_factor && found.search.termination == reml::Termination::converged)
    found.tests = tests_at(std::move(result.evaluation), found.estimates, callbacks);
  return found;
}

}  // namespace henderson::answers
