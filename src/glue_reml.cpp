// SPDX-License-Identifier: GPL-3.0-or-later
#include <chrono>
#include <cmath>

#include "core/covariance/completion.h"
#include "core/likelihood/start.h"
#include "core/reml/maximiser.h"
#include "core/reml/moment_start.h"
#include "glue_callbacks.h"
#include "glue_information.h"

namespace henderson {
namespace {

// So few fixed effects may go last: their dense corner costs nothing.
constexpr SmallIndex kFewFixed = 50;

equations::FixedPlace fixed_place(const model::Model& model) {
  if (model.rank() <= kFewFixed || (!model.reml && model.has_structured_residual()))
    return equations::FixedPlace::last;
  return model.reml ? equations::FixedPlace::anywhere : equations::FixedPlace::apart;
}

const char* name_of(reml::Termination termination) {
  switch (termination) {
    case reml::Termination::converged:
      return "converged";
    case reml::Termination::iteration_limit:
      return "iteration_limit";
    default:
      return "no_ascent";
  }
}

Rcpp::List parameter_list(const answers::Estimates& found) {
  Rcpp::IntegerVector status(found.status.size());
  for (std::size_t i = 0; i < found.status.size(); ++i)
    status[i] = static_cast<int>(found.status[i]);
  return Rcpp::List::create(
      Rcpp::Named("estimate") = to_r(found.values),
      Rcpp::Named("se") = to_r(Vector(found.value_covariance.diagonal().cwiseSqrt())),
      Rcpp::Named("status") = status, Rcpp::Named("covariance") = to_r(found.value_covariance));
}

Rcpp::List convergence_list(const reml::RemlResult& result) {
  const std::size_t n = result.history.size();
  Rcpp::NumericVector minus2loglik(n), potential(n), radius(n);
  for (std::size_t i = 0; i < n; ++i) {
    minus2loglik[i] = result.history[i].minus2loglik;
    potential[i] = result.history[i].potential;
    radius[i] = result.history[i].radius;
  }
  return Rcpp::List::create(
      Rcpp::Named("status") = name_of(result.termination),
      Rcpp::Named("iterations") = static_cast<int>(n) - 1,
      Rcpp::Named("evaluations") = result.evaluations,
      Rcpp::Named("expected_gain") = result.potential,
      Rcpp::Named("history") = Rcpp::DataFrame::create(Rcpp::Named("minus2loglik") = minus2loglik,
                                                       Rcpp::Named("expected_gain") = potential,
                                                       Rcpp::Named("radius") = radius));
}

Rcpp::List equation_list(const equations::MixedModelEquations& equations) {
  const linalg::SymbolicFactor& symbolic = *equations.pattern().symbolic;
  return Rcpp::List::create(
      Rcpp::Named("n_columns") = symbolic.size(),
      Rcpp::Named("n_entries_factor") = static_cast<double>(symbolic.factor_entries()),
      Rcpp::Named("n_supernodes") = symbolic.n_supernodes(),
      Rcpp::Named("factor_flops") = symbolic.factor_flops(),
      Rcpp::Named("inverse_flops") = symbolic.inverse_flops());
}

bool wants_information(const Rcpp::List& control) {
  return control.containsElementNamed("information") && Rcpp::as<bool>(control["information"]);
}

// What tests of fixed effects need, for all that are estimated; NULL where it is not at hand.
Rcpp::RObject information_of(equations::MixedModelEquations& equations,
                             likelihood::Evaluation&& evaluation,
                             const answers::Estimates& estimates, Callbacks& callbacks) {
  const Vector& beta = estimates.beta;
  std::vector<Index> estimated;
  for (Index i = 0; i < beta.size(); ++i) {
    if (!std::isnan(beta[i])) estimated.push_back(i);
  }
  Matrix k = Matrix::Zero(beta.size(), static_cast<Index>(estimated.size()));
  for (std::size_t i = 0; i < estimated.size(); ++i) k(estimated[i], static_cast<Index>(i)) = 1.0;
  Rcpp::List moments;
  const auto look = [&](const likelihood::Evaluation& at) {
    if (k.cols() > 0) moments = plain_moments(equations, at, k);
  };
  const std::optional<information::VarianceInformation> found = information::information_at_hand(
      equations, std::move(evaluation), estimates.average, look, callbacks);
  if (!found) return R_NilValue;
  return information_to_r(*found, moments);
}

Rcpp::List fit(const Rcpp::List& spec, const Rcpp::List& control) {
  const auto begin = std::chrono::steady_clock::now();
  RCallbacks callbacks;
  const model::VarianceRequest request = as_request(control);
  const reml::RemlOptions options = as_options(control);
  const model::Model model = model::build_model(as_spec(spec), request, callbacks);
  equations::MixedModelEquations equations(model, fixed_place(model), options.threads,
                                           equations::BlockEntries::needed);
  const likelihood::Parameters start = reml::moment_start(
      equations, likelihood::starting_parameters(model, request), request, callbacks);
  reml::RemlResult result = reml::maximise(equations, start, options, callbacks);
  const double minus2loglik = result.evaluation.minus2loglik;
  const Rcpp::List convergence = convergence_list(result);
  const answers::Estimates found =
      answers::estimates(equations, result.evaluation, request, callbacks);
  Rcpp::RObject information = R_NilValue;
  if (wants_information(control) && result.termination == reml::Termination::converged &&
      model.fixed.n_original <= answers::kMaxCovariance)
    information = information_of(equations, std::move(result.evaluation), found, callbacks);

  Rcpp::List u;
  for (const Matrix& term : found.u) u.push_back(to_r(term));
  Rcpp::RObject beta_covariance = R_NilValue;
  if (model.fixed.n_original <= answers::kMaxCovariance)
    beta_covariance = to_r(found.beta_covariance);
  const Rcpp::List fixed = Rcpp::List::create(
      Rcpp::Named("estimate") = to_r(found.beta), Rcpp::Named("se") = to_r(found.beta_se),
      Rcpp::Named("covariance") = beta_covariance, Rcpp::Named("rank") = model.rank());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return Rcpp::List::create(
      Rcpp::Named("parameters") = parameter_list(found), Rcpp::Named("fixed") = fixed,
      Rcpp::Named("random") = u, Rcpp::Named("fitted") = to_r(found.fitted),
      Rcpp::Named("fitted_fixed") = to_r(found.fitted_fixed),
      Rcpp::Named("minus2loglik") = minus2loglik,
      Rcpp::Named("n") = static_cast<double>(model.n_records), Rcpp::Named("rank") = model.rank(),
      Rcpp::Named("convergence") = convergence, Rcpp::Named("equations") = equation_list(equations),
      Rcpp::Named("information") = information, Rcpp::Named("seconds") = seconds.count());
}

// The likelihood at given values with its derivatives with respect to them. Needs: no covariance
// matrix is singular.
Rcpp::List likelihood_at(const Rcpp::List& spec, const Rcpp::NumericVector& values) {
  RCallbacks callbacks;
  const model::ModelSpec model_spec = as_spec(spec);
  const model::Model model = model::build_model(model_spec, nothing_held(model_spec), callbacks);
  equations::MixedModelEquations equations(model, fixed_place(model), available_threads(2),
                                           equations::BlockEntries::needed);
  const likelihood::Parameters parameters = likelihood::from_user_values(model, as_vector(values));
  std::optional<likelihood::Evaluation> evaluation =
      likelihood::evaluate(equations, parameters, false, callbacks);
  if (!evaluation)
    throw InvalidSpec("values", "the mixed model equations are not positive definite");
  const double minus2loglik = evaluation->minus2loglik;
  const information::Derivatives found =
      information::derivatives(equations, std::move(*evaluation), callbacks);
  const Matrix to_theta =
      likelihood::user_jacobian(model, parameters).inverse();  // d theta / d values
  return Rcpp::List::create(
      Rcpp::Named("minus2loglik") = minus2loglik,
      Rcpp::Named("gradient") = to_r(Vector(to_theta.transpose() * found.gradient)),
      Rcpp::Named("average_information") =
          to_r(Matrix(to_theta.transpose() * found.information * to_theta)));
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List fit_reml_cpp(Rcpp::List spec, Rcpp::List control) {
  return henderson::guarded([&] { return henderson::fit(spec, control); });
}

// [[Rcpp::export]]
Rcpp::List likelihood_cpp(Rcpp::List spec, Rcpp::NumericVector values) {
  return henderson::guarded([&] { return henderson::likelihood_at(spec, values); });
}

// [[Rcpp::export]]
bool has_completion_cpp(Rcpp::NumericMatrix sigma) {
  return henderson::covariance::has_completion(Rcpp::as<henderson::Matrix>(sigma));
}
