// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/simulated_errors.h"

#include <algorithm>

#include "core/answers/effects.h"
#include "core/simulation/equations_at.h"

namespace henderson::answers {
namespace {

using linalg::SideBySide;
using model::Model;

// Solved in step: as many as fill the vector registers.
constexpr Index kInStep = 8;

std::vector<Matrix> zero_effects(const Model& model) {
  return random_effects(model, Vector::Zero(model.n_random_columns + model.rank()));
}

// Of each vector side by side, over the columns of W.
void add_squares(const Model& model, const SideBySide& unscaled, std::vector<Matrix>& sums) {
  for (Index c = 0; c < unscaled.cols(); ++c) {
    const std::vector<Matrix> u = random_effects(model, unscaled.col(c));
    for (std::size_t t = 0; t < u.size(); ++t) sums[t] += u[t].cwiseAbs2();
  }
}

std::string progress_line(Index done, Index wanted) {
  return "prediction errors: data set " + std::to_string(done) + " of " + std::to_string(wanted);
}

}  // namespace

SimulatedErrors simulate_errors(const Model& model, const Vector& values,
                                const simulation::SimulationOptions& options,
                                Callbacks& callbacks) {
  const likelihood::Parameters parameters = likelihood::from_user_values(model, values);
  simulation::EquationsAt at(model, parameters, callbacks);
  SimulatedErrors found{zero_effects(model), zero_effects(model)};
  NormalStream normal(options.seed);
  for (Index done = 0; done < options.n_sets;) {
    const Index n_sets = std::min(kInStep, options.n_sets - done);
    const SideBySide u = simulation::draw_effects(at.equations(), n_sets, normal);
    const SideBySide rhs = simulation::records_of(at.equations(), u, normal).rhs;
    const equations::GradientResult solved =
        at.solve(rhs, SideBySide(), options.gradients, callbacks);
    SideBySide predicted;
    at.equations().to_unscaled(solved.x, predicted);
    add_squares(model, predicted, found.prediction_squares);
    add_squares(model, predicted - u, found.error_squares);
    found.rounds += solved.rounds;
    found.reached = std::max(found.reached, solved.reached);
    done += n_sets;
    callbacks.progress(progress_line(done, options.n_sets));
  }
  // Drawn data are in units of sigma.
  const double scale = parameters.residual() / static_cast<double>(options.n_sets);
  for (Matrix& squares : found.error_squares) squares *= scale;
  for (Matrix& squares : found.prediction_squares) squares *= scale;
  return found;
}

}  // namespace henderson::answers
