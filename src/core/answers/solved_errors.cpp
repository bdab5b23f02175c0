// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/solved_errors.h"

#include <algorithm>

#include "core/answers/errors.h"
#include "core/simulation/equations_at.h"

namespace henderson::answers {
namespace {

using linalg::SideBySide;

// Solved in step: as many as fill the vector registers.
constexpr Index kInStep = 8;

std::string progress_line(Index done, Index wanted) {
  return "standard errors: function " + std::to_string(done) + " of " + std::to_string(wanted);
}

}  // namespace

SolvedErrors solve_errors(const model::Model& model, const Vector& values,
                          const Eigen::SparseMatrix<double>& k,
                          const equations::GradientOptions& options, Callbacks& callbacks) {
  const likelihood::Parameters parameters = likelihood::from_user_values(model, values);
  simulation::EquationsAt at(model, parameters, callbacks);
  SolvedErrors found;
  found.covariance.resize(k.cols(), k.cols());
  for (Index first = 0; first < k.cols(); first += kInStep) {
    const Index n = std::min(kInStep, k.cols() - first);
    const SideBySide rhs = over_design(model, Matrix(k.middleCols(first, n)));
    const equations::GradientResult solved = at.solve(rhs, SideBySide(), options, callbacks);
    SideBySide unscaled;
    at.equations().to_unscaled(solved.x, unscaled);
    found.covariance.middleCols(first, n) =
        k.transpose() * over_effects(model, unscaled).topRows(k.rows());
    found.rounds += solved.rounds;
    found.reached = std::max(found.reached, solved.reached);
    callbacks.progress(progress_line(first + n, k.cols()));
  }
  found.covariance =
      0.5 * parameters.residual() * (found.covariance + found.covariance.transpose()).eval();
  return found;
}

}  // namespace henderson::answers
