// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/fit.h"

#include "core/answers/fitted_model.h"
#include "core/base/error.h"
#include "core/information/identification.h"
#include "core/likelihood/start.h"
#include "core/model/exact_fit.h"
#include "core/reml/moment_start.h"

namespace henderson::answers {

using information::may_be_unidentified;
using information::redundant_values;
using information::tells_all_apart;
using information::unidentified_values;
using likelihood::Evaluation;
using likelihood::Parameters;

namespace {

std::optional<TestBasis> tests_at(Evaluation&& evaluation, const Estimates& found, Tests tests,
                                  Callbacks& callbacks) {
  std::optional<information::InformationBasis> basis = information::information_basis_at_hand(
      std::move(evaluation), found.average, tests == Tests::by_differences, callbacks);
  if (!basis) return std::nullopt;
  MeanCovariance moments =
      plain_moments(basis->evaluation, estimated_columns(found.beta), callbacks);
  return TestBasis{information::variance_information(std::move(*basis), callbacks),
                   std::move(moments)};
}

}  // namespace

FitResult fit(const equations::MixedModelEquations& equations,
              const model::VarianceRequest& request, const reml::RemlOptions& options, Tests tests,
              Identify identify, Callbacks& callbacks) {
  const model::Model& model = equations.model();
  const Parameters start = likelihood::starting_parameters(model, request);
  FitResult found;
  try {
    if (model::is_unbounded(model)) {
      throw InvalidSpec("response",
                        "fixed and random effects fit it exactly: the likelihood has no upper "
                        "bound");
    }
    if (identify == Identify::stop && may_be_unidentified(model)) {
      found.unidentified = unidentified_values(model, start, callbacks);
      if (found.unidentified.cols() > 0) return found;
    }
    reml::RemlResult result = reml::maximise(
        equations, reml::moment_start(equations, start, request, callbacks), options, callbacks);
    found.minus2loglik = result.evaluation.minus2loglik;
    const Parameters end = result.evaluation.parameters;
    found.estimates = estimates(result.evaluation, request, callbacks);
    found.search = std::move(result.report);
    found.unidentified.resize(model.n_values, 0);
    found.redundant.resize(model.n_values, 0);
    if (identify != Identify::nothing && !tells_all_apart(model, end, found.estimates.average)) {
      found.unidentified = unidentified_values(model, start, callbacks);
      found.redundant = redundant_values(model, start);
    }
    const bool has_factor = model.fixed.n_original <= kMaxCovariance;
    if (tests != Tests::nothing && has_factor &&
        found.search.termination == reml::Termination::converged)
      found.tests = tests_at(std::move(result.evaluation), found.estimates, tests, callbacks);
  } catch (const InvalidSpec&) {
    if (identify != Identify::stop) throw;
    found.unidentified = unidentified_values(model, start, callbacks);
    if (found.unidentified.cols() == 0) throw;
  }
  return found;
}

void turn_back(const model::Rotation& rotation, Estimates& estimates) {
  estimates.u = rotation.effects(std::move(estimates.u));
  estimates.fitted = rotation.records(estimates.fitted);
  estimates.fitted_fixed = rotation.records(estimates.fitted_fixed);
}

}  // namespace henderson::answers
