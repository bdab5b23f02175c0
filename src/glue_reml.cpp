// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <chrono>

#include "core/answers/fit.h"
#include "core/covariance/completion.h"
#include "core/equations/cost.h"
#include "core/likelihood/fixed_place.h"
#include "core/likelihood/start.h"
#include "glue_answers.h"
#include "glue_callbacks.h"

namespace henderson {
namespace {

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

// A data frame by its attributes: DataFrame::create() calls R's as.data.frame(), a tenth of a small
// fit.
Rcpp::List history_frame(const std::vector<reml::Iteration>& history) {
  const auto n = static_cast<int>(history.size());
  Rcpp::NumericVector minus2loglik(n), potential(n), radius(n);
  for (int i = 0; i < n; ++i) {
    minus2loglik[i] = history[i].minus2loglik;
    potential[i] = history[i].potential;
    radius[i] = history[i].radius;
  }
  Rcpp::List frame =
      Rcpp::List::create(Rcpp::Named("minus2loglik") = minus2loglik,
                         Rcpp::Named("expected_gain") = potential, Rcpp::Named("radius") = radius);
  frame.attr("row.names") = Rcpp::IntegerVector::create(NA_INTEGER, -n);
  frame.attr("class") = "data.frame";
  return frame;
}

Rcpp::List convergence_list(const reml::SearchReport& result) {
  return Rcpp::List::create(Rcpp::Named("status") = name_of(result.termination),
                            Rcpp::Named("iterations") = static_cast<int>(result.history.size()) - 1,
                            Rcpp::Named("evaluations") = result.evaluations,
                            Rcpp::Named("expected_gain") = result.potential,
                            Rcpp::Named("history") = history_frame(result.history));
}

// Whether some cells of a term have no equations.
bool has_seen_cells(const model::Model& model) {
  return std::any_of(model.blocks.begin(), model.blocks.end(), [](const auto& block) {
    return block.seen != nullptr || block.levels->has_some();
  });
}

Rcpp::List equation_list(const equations::MixedModelEquations& equations, bool rotated) {
  const linalg::SymbolicFactor& symbolic = *equations.solver().pattern().symbolic;
  return Rcpp::List::create(
      Rcpp::Named("n_columns") = symbolic.size(),
      Rcpp::Named("n_entries_factor") = static_cast<double>(symbolic.factor_entries()),
      Rcpp::Named("n_supernodes") = symbolic.n_supernodes(),
      Rcpp::Named("factor_flops") = symbolic.factor_flops(),
      Rcpp::Named("inverse_flops") = symbolic.inverse_flops(), Rcpp::Named("rotated") = rotated,
      Rcpp::Named("seen_cells") = has_seen_cells(equations.model()));
}

// Whether two scores for each value take less than the reduction of n levels to a band did.
bool has_cheap_scores(const equations::MixedModelEquations& equations) {
  const model::Model& model = equations.model();
  const linalg::SymbolicFactor& symbolic = *equations.solver().pattern().symbolic;
  double n = 0.0;
  for (const model::RandomBlock& block : model.blocks)
    n = std::max(n, static_cast<double>(block.n_levels));
  return 2.0 * static_cast<double>(model.n_values) *
             (symbolic.factor_flops() + symbolic.inverse_flops()) <
         4.0 / 3.0 * n * n * n;
}

answers::Tests tests_of(const Rcpp::List& control, const equations::MixedModelEquations& equations,
                        bool rotated) {
  const bool wanted =
      control.containsElementNamed("information") && Rcpp::as<bool>(control["information"]);
  if (!wanted) return answers::Tests::nothing;
  return rotated && has_cheap_scores(equations) ? answers::Tests::by_differences
                                                : answers::Tests::at_hand;
}

answers::Identify identification_of(const Rcpp::List& control) {
  if (!control.containsElementNamed("identify")) return answers::Identify::nothing;
  const auto asked = Rcpp::as<std::string>(control["identify"]);
  return asked == "error"    ? answers::Identify::stop
         : asked == "report" ? answers::Identify::report
                             : answers::Identify::nothing;
}

Rcpp::List fixed_list(const answers::Estimates& found, const model::Model& model) {
  Rcpp::RObject covariance = R_NilValue;
  if (model.fixed.n_original <= answers::kMaxCovariance) covariance = to_r(found.beta_covariance);
  return Rcpp::List::create(
      Rcpp::Named("estimate") = to_r(found.beta), Rcpp::Named("se") = to_r(found.beta_se),
      Rcpp::Named("covariance") = covariance, Rcpp::Named("rank") = model.rank());
}

// NULL where it was not at hand.
Rcpp::RObject tests_list(const std::optional<answers::TestBasis>& tests) {
  if (!tests) return R_NilValue;
  return Rcpp::List::create(Rcpp::Named("information") = to_r(tests->information),
                            Rcpp::Named("moments") = to_r(tests->moments));
}

// What the factor takes, where that is more than there is or than is wanted; else NULL.
Rcpp::RObject beyond_memory(const equations::MixedModelEquations& equations,
                            const Rcpp::List& control) {
  if (!control.containsElementNamed("most_bytes")) return R_NilValue;
  const equations::FactorCost cost =
      equations::factor_cost(equations.solver().pattern(), equations.threads());
  const double bytes = cost.bytes + equations::model_bytes(equations.model());
  if (bytes <= Rcpp::as<double>(control["most_bytes"]) &&
      cost.flops <= Rcpp::as<double>(control["most_flops"]))
    return R_NilValue;
  return Rcpp::List::create(Rcpp::Named("bytes") = bytes, Rcpp::Named("flops") = cost.flops);
}

// The relationship of the last fit that was asked to keep it as a band, until R forgets it.
model::KeptLevels& kept_levels() {
  static model::KeptLevels kept;
  return kept;
}

Rcpp::List fit(const Rcpp::List& spec, const Rcpp::List& control) {
  const auto begin = std::chrono::steady_clock::now();
  RCallbacks callbacks(control);
  const model::VarianceRequest request = as_request(control);
  const reml::RemlOptions options = as_options(control);
  const model::ModelSpec whole = as_spec(spec);
  const std::unique_ptr<const model::Rotation> rotation =
      model::rotated(whole, term_covariances(spec), as_turning(control), kept_levels(),
                     options.threads, callbacks);
  const model::Model model =
      model::build_model(rotation ? rotation->spec() : whole, request, model::Products::made,
                         model::Cells::seen, callbacks);
  const answers::Identify identify = identification_of(control);
  const equations::MixedModelEquations equations(model, likelihood::fixed_place(model),
                                                 options.threads, equations::BlockEntries::needed);
  if (const Rcpp::RObject refused = beyond_memory(equations, control); !refused.isNULL())
    return Rcpp::List::create(Rcpp::Named("too_large") = refused);
  answers::FitResult found =
      answers::fit(equations, request, options, tests_of(control, equations, rotation != nullptr),
                   identify, callbacks);
  if (identify == answers::Identify::stop && found.unidentified.cols() > 0)
    return Rcpp::List::create(Rcpp::Named("unidentified") = to_r(found.unidentified));
  if (rotation) answers::turn_back(*rotation, found.estimates);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return Rcpp::List::create(
      Rcpp::Named("parameters") = parameter_list(found.estimates),
      Rcpp::Named("fixed") = fixed_list(found.estimates, model),
      Rcpp::Named("random") = to_r(found.estimates.u),
      Rcpp::Named("fitted") = to_r(found.estimates.fitted),
      Rcpp::Named("fitted_fixed") = to_r(found.estimates.fitted_fixed),
      Rcpp::Named("minus2loglik") = found.minus2loglik, Rcpp::Named("n") = model.n_observations(),
      Rcpp::Named("rank") = model.rank(),
      Rcpp::Named("convergence") = convergence_list(found.search),
      Rcpp::Named("equations") = equation_list(equations, rotation != nullptr),
      Rcpp::Named("tests") = tests_list(found.tests), Rcpp::Named("seconds") = seconds.count(),
      Rcpp::Named("unidentified") = to_r(found.unidentified),
      Rcpp::Named("redundant") = to_r(found.redundant));
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List fit_reml_cpp(Rcpp::List spec, Rcpp::List control) {
  return henderson::guarded([&] { return henderson::fit(spec, control); });
}

// [[Rcpp::export]]
void forget_rotation_cpp() { henderson::kept_levels().reset(); }

// [[Rcpp::export]]
bool has_completion_cpp(Rcpp::NumericMatrix sigma) {
  henderson::check_square("matrix", sigma);
  if (sigma.nrow() == 0) throw henderson::InvalidSpec("matrix", "has no rows");
  return henderson::covariance::has_completion(Rcpp::as<henderson::Matrix>(sigma));
}
