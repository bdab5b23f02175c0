// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/iterative_fit.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>

#include "core/answers/effects.h"
#include "core/coordinates/moving.h"
#include "core/likelihood/parameters.h"
#include "core/likelihood/start.h"
#include "core/simulation/equations_at.h"

namespace henderson::answers {

using equations::SideBySide;
using likelihood::Parameters;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Of the solves of a search: quadratic forms to 6 digits are exact beside their Monte Carlo error.
constexpr double kSearchTolerance = 1e-6;

void add_effects(const model::Model& model, const Vector& unscaled, IterativeFit& found) {
  found.u = random_effects(model, unscaled);
  found.marker_effects = marker_effects(model, unscaled);
  Vector all = in_user_units(model, unscaled);
  found.beta = model.fixed.beta(all.tail(model.rank()), kNaN);
  found.fitted = model::multiply(model.w, all);
  all.head(model.n_random_columns).setZero();
  found.fitted_fixed = model::multiply(model.w, all);
}

void solve_at(const model::Model& model, const Parameters& parameters,
              const equations::GradientOptions& options, SideBySide start, Callbacks& callbacks,
              IterativeFit& found) {
  simulation::EquationsAt at(model, parameters, callbacks);
  const SideBySide rhs = simulation::response_of(at.equations()).rhs;
  const equations::GradientResult result = at.solve(rhs, std::move(start), options, callbacks);
  SideBySide unscaled;
  at.equations().to_unscaled(result.x, unscaled);
  found.rounds = result.rounds;
  found.reached = result.reached;
  found.converged = found.converged && result.converged;
  found.n_equations = at.equations().size();
  found.n_in_factor = at.preconditioner().n_in_factor();
  add_effects(model, unscaled.col(0), found);
}

// The simulated score is off by a mean over n_sets of variance 4 E each, in -2l, and the root moves
// by the Hessian 2 O: O^-1 E O^-1 / n_sets, where E is the expected and O = 2 A - E the observed
// information, A the average one. NaN where O is not definite.
Matrix monte_carlo_covariance(const model::Model& model, const Parameters& parameters,
                              const Matrix& average, const Matrix& expected, Index n_sets,
                              const Matrix& value_covariance) {
  const coordinates::FreeSpace space(model);
  const Matrix along = coordinates::moving_directions(model, space, parameters).jacobian;
  const Matrix e = along.transpose() * expected * along;
  const Matrix a = along.transpose() * average * along;
  const Eigen::LLT<Matrix> observed(2.0 * a - e);
  if (observed.info() != Eigen::Success)
    return Matrix::Constant(model.n_values, model.n_values, kNaN);
  const Matrix jacobian = likelihood::user_jacobian(model, parameters) * along;
  const Matrix moved = observed.solve(jacobian.transpose());
  const Matrix covariance = moved.transpose() * e * moved / static_cast<double>(n_sets);
  return value_covariance.array().isNaN().select(kNaN, covariance);
}

}  // namespace

IterativeFit fit_iteratively(const model::Model& model, const model::VarianceRequest& request,
                             const simulation::SimulationOptions& options, Callbacks& callbacks) {
  const bool all_held =
      std::find(request.held.begin(), request.held.end(), false) == request.held.end();
  IterativeFit found;
  found.converged = true;
  Parameters parameters = all_held ? likelihood::from_user_values(model, request.values)
                                   : likelihood::starting_parameters(model, request);
  SideBySide start;
  Matrix information;
  simulation::SimulationOptions loose = options;
  loose.gradients.tolerance = std::max(options.gradients.tolerance, kSearchTolerance);
  if (!all_held) {
    simulation::SearchResult result = simulation::search(model, parameters, loose, callbacks);
    parameters = result.point.parameters;
    start = std::move(result.point.solution);
    information = std::move(result.point.information);
    found.converged = result.converged && result.point.solved;
    found.iterations = result.iterations;
    found.search_rounds = result.rounds;
    found.expected_gain = result.expected_gain;
  }
  found.values = likelihood::user_values(model, parameters);
  found.status = value_status(model, parameters, request);
  found.value_covariance = found.monte_carlo =
      Matrix::Constant(model.n_values, model.n_values, kNaN);
  if (!all_held) {
    found.value_covariance = value_covariance(model, parameters, information, found.status);
    const Matrix expected = simulation::expected_information(model, parameters, loose, callbacks);
    found.monte_carlo = monte_carlo_covariance(model, parameters, information, expected,
                                               options.n_sets, found.value_covariance);
  }
  solve_at(model, parameters, options.gradients, std::move(start), callbacks, found);
  return found;
}

}  // namespace henderson::answers
