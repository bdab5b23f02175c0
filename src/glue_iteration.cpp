// SPDX-License-Identifier: GPL-3.0-or-later
// Fits without a factor, and what fits of either kind will cost.
#include <chrono>

#include "core/answers/iterative_fit.h"
#include "core/answers/simulated_errors.h"
#include "core/answers/solved_errors.h"
#include "core/equations/cost.h"
#include "core/likelihood/fixed_place.h"
#include "core/likelihood/parameters.h"
#include "core/likelihood/start.h"
#include "core/linalg/kernel_rate.h"
#include "glue_callbacks.h"
#include "glue_convert.h"
#include "glue_single_step.h"

namespace henderson {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

simulation::SimulationOptions as_simulation_options(const Rcpp::List& control) {
  simulation::SimulationOptions options;
  options.gradients.tolerance = Rcpp::as<double>(control["solver_tolerance"]);
  options.gradients.max_rounds = checked_int("solver_rounds", control["solver_rounds"], 1);
  options.n_sets = checked_int("simulations", control["simulations"], 1);
  options.seed = static_cast<std::uint64_t>(checked_int("seed", control["simulation_seed"], 0));
  options.max_iterations = checked_int("max_iterations", control["max_iterations"], 0);
  return options;
}

Rcpp::IntegerVector status_to_r(const std::vector<answers::ValueStatus>& status) {
  Rcpp::IntegerVector found(status.size());
  for (std::size_t i = 0; i < status.size(); ++i) found[i] = static_cast<int>(status[i]);
  return found;
}

Rcpp::List effects_to_r(const std::vector<Matrix>& effects) {
  Rcpp::List terms;
  for (const Matrix& u : effects) terms.push_back(to_r(u));
  return terms;
}

// By records, with the operators of its relationships.
model::Model iterated_model(const Rcpp::List& spec, const Rcpp::List& control,
                            const model::VarianceRequest& request, Callbacks& callbacks) {
  const auto make = [&](const Rcpp::List& relationship) {
    return as_single_step(relationship, as_threads(control), callbacks);
  };
  return model::build_model(as_spec(spec, make), request, model::Products::records,
                            model::Cells::all, callbacks);
}

Rcpp::List fit_by_gradients(const Rcpp::List& spec, const Rcpp::List& control) {
  const Clock::time_point begin = Clock::now();
  RCallbacks callbacks(control);
  const model::VarianceRequest request = as_request(control);
  const model::Model model = iterated_model(spec, control, request, callbacks);
  const answers::IterativeFit found =
      answers::fit_iteratively(model, request, as_simulation_options(control), callbacks);
  return Rcpp::List::create(
      Rcpp::Named("values") = to_r(found.values), Rcpp::Named("status") = status_to_r(found.status),
      Rcpp::Named("covariance") = to_r(found.value_covariance),
      Rcpp::Named("monte_carlo") = to_r(found.monte_carlo), Rcpp::Named("beta") = to_r(found.beta),
      Rcpp::Named("rank") = model.rank(), Rcpp::Named("random") = effects_to_r(found.u),
      Rcpp::Named("marker_effects") = effects_to_r(found.marker_effects),
      Rcpp::Named("fitted") = to_r(found.fitted),
      Rcpp::Named("fitted_fixed") = to_r(found.fitted_fixed), Rcpp::Named("rounds") = found.rounds,
      Rcpp::Named("reached") = found.reached, Rcpp::Named("converged") = found.converged,
      Rcpp::Named("iterations") = found.iterations,
      Rcpp::Named("search_rounds") = found.search_rounds,
      Rcpp::Named("expected_gain") = found.expected_gain,
      Rcpp::Named("n_columns") = static_cast<double>(found.n_equations),
      Rcpp::Named("n_in_factor") = static_cast<double>(found.n_in_factor),
      Rcpp::Named("seconds") = seconds_since(begin));
}

Rcpp::List errors_by_gradients(const Rcpp::List& spec, const Rcpp::List& control) {
  RCallbacks callbacks(control);
  const model::VarianceRequest request = as_request(control);
  const model::Model model = iterated_model(spec, control, request, callbacks);
  const answers::SimulatedErrors found =
      answers::simulate_errors(model, request.values, as_simulation_options(control), callbacks);
  return Rcpp::List::create(
      Rcpp::Named("error_squares") = effects_to_r(found.error_squares),
      Rcpp::Named("prediction_squares") = effects_to_r(found.prediction_squares),
      Rcpp::Named("rounds") = found.rounds, Rcpp::Named("reached") = found.reached);
}

Rcpp::List errors_of_functions(const Rcpp::List& spec, const Rcpp::List& control,
                               const Rcpp::S4& k) {
  RCallbacks callbacks(control);
  const model::VarianceRequest request = as_request(control);
  const model::Model model = iterated_model(spec, control, request, callbacks);
  const answers::SolvedErrors found =
      answers::solve_errors(model, request.values, as_sparse("K", k),
                            as_simulation_options(control).gradients, callbacks);
  return Rcpp::List::create(Rcpp::Named("covariance") = to_r(found.covariance),
                            Rcpp::Named("rounds") = found.rounds,
                            Rcpp::Named("reached") = found.reached);
}

// Seconds of one product with C at starting values.
double product_seconds(const model::Model& model, const model::VarianceRequest& request) {
  const likelihood::Parameters start = likelihood::starting_parameters(model, request);
  const auto lambda = likelihood::relative_factors(model, start);
  const auto records = equations::RecordSource(model).at(start.theta());
  if (!lambda || !records) return R_NaN;
  const equations::Columns columns = equations::make_columns(model);
  equations::EquationOperator equations(model, columns, *lambda, *records);
  const equations::SideBySide x = equations::SideBySide::Ones(equations.size(), 1);
  equations::SideBySide out;
  equations.multiply(x, out);
  const Clock::time_point begin = Clock::now();
  equations.multiply(x, out);
  return seconds_since(begin);
}

// Seconds a genotype of a product with packed ones, from some that take thousandths of a second.
double packed_seconds(int threads) {
  constexpr Index kAnimals = 1280, kMarkers = 10'000;
  const pedigree::PackedGenotypes genotypes(kAnimals, kMarkers);
  const Vector x = Vector::Ones(kAnimals), missing = Vector::Zero(kMarkers);
  Vector out = Vector::Zero(kMarkers);
  genotypes.multiply_back_add(missing, 1, x.data(), threads, out.data());
  const Clock::time_point begin = Clock::now();
  genotypes.multiply_back_add(missing, 1, x.data(), threads, out.data());
  return seconds_since(begin) / (static_cast<double>(kAnimals) * kMarkers);
}

// Flops a second of the kernels, from a product that takes some hundredths of one.
double kernel_rate() {
  const linalg::KernelSample sample;
  sample.run();
  const Clock::time_point begin = Clock::now();
  sample.run();
  return sample.flops() / seconds_since(begin);
}

// NULL where no term can be turned.
Rcpp::RObject rotation_list(const std::optional<model::TurnedTerm>& turned) {
  if (!turned) return R_NilValue;
  return Rcpp::List::create(Rcpp::Named("turn_flops") = turned->cost.turn,
                            Rcpp::Named("banded_flops") = turned->cost.banded,
                            Rcpp::Named("bytes") = turned->cost.bytes);
}

Rcpp::List cost(const Rcpp::List& spec, const Rcpp::List& control) {
  RCallbacks callbacks(control);
  const model::VarianceRequest request = as_request(control);
  const model::ModelSpec spec_of_model = as_spec(spec);
  const model::Model model = model::build_model(spec_of_model, request, model::Products::made,
                                                model::Cells::seen, callbacks);
  // Rounds are made with all cells, from the records.
  const model::Model whole = model::build_model(spec_of_model, request, model::Products::records,
                                                model::Cells::all, callbacks);
  const equations::RoundCost round = equations::round_cost(whole);
  const double seconds = product_seconds(whole, request);
  const equations::Columns columns = equations::make_columns(model);
  const bool last = likelihood::fixed_place(model) == equations::FixedPlace::last;
  const equations::FactorCost factor = equations::factor_cost(
      equations::make_pattern(model, columns,
                              last ? equations::Part::fixed_last : equations::Part::whole,
                              equations::BlockEntries::needed),
      as_threads(control));
  const equations::InformationCost information = equations::information_cost(model, factor);
  const std::vector<model::TermCovariance> known = term_covariances(spec);
  Rcpp::List found = Rcpp::List::create(
      Rcpp::Named("n_equations") = static_cast<double>(columns.nodes.n_columns()),
      Rcpp::Named("model_bytes") = equations::model_bytes(model),
      Rcpp::Named("factor_entries") = factor.entries, Rcpp::Named("factor_bytes") = factor.bytes,
      Rcpp::Named("factor_flops") = factor.flops,
      Rcpp::Named("inverse_flops") = factor.inverse_flops,
      Rcpp::Named("information_bytes") = information.bytes,
      Rcpp::Named("information_flops") = information.flops,
      Rcpp::Named("errors_by_inverse") = model.fixed.n_original > answers::kMaxCovariance,
      Rcpp::Named("round_bytes") = round.bytes, Rcpp::Named("round_flops") = round.flops,
      Rcpp::Named("product_seconds") = seconds, Rcpp::Named("kernel_rate") = kernel_rate());
  found["rotation"] =
      rotation_list(model::turned_term(spec_of_model, known, model::Turning::always));
  found["is_rotated"] = model::turned_term(spec_of_model, known, as_turning(control)).has_value();
  return found;
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List fit_gradients_cpp(Rcpp::List spec, Rcpp::List control) {
  return henderson::guarded([&] { return henderson::fit_by_gradients(spec, control); });
}

// [[Rcpp::export]]
Rcpp::List errors_gradients_cpp(Rcpp::List spec, Rcpp::List control) {
  return henderson::guarded([&] { return henderson::errors_by_gradients(spec, control); });
}

// [[Rcpp::export]]
Rcpp::List errors_of_functions_cpp(Rcpp::List spec, Rcpp::List control, Rcpp::S4 k) {
  return henderson::guarded([&] { return henderson::errors_of_functions(spec, control, k); });
}

// [[Rcpp::export]]
Rcpp::List cost_cpp(Rcpp::List spec, Rcpp::List control) {
  return henderson::guarded([&] { return henderson::cost(spec, control); });
}

// [[Rcpp::export]]
double packed_seconds_cpp(int threads) {
  return henderson::guarded(
      [&] { return henderson::packed_seconds(henderson::available_threads(threads)); });
}
