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

// The columns of K as combinations of those of W.
Eigen::SparseMatrix<double> combinations(const model::Model& model,
                                         const Eigen::SparseMatrix<double>& k) {
  Eigen::SparseMatrix<double> found(model.n_random_columns + model.rank(), k.cols());
  for (Index first = 0; first < k.cols(); first += kInStep) {
    const Index n = std::min(kInStep, k.cols() - first);
    found.middleCols(first, n) = over_design(model, Matrix(k.middleCols(first, n))).sparseView();
  }
  return found;
}

}  // namespace

SolvedErrors solve_errors(const model::Model& model, const Vector& values,
                          const Eigen::SparseMatrix<double>& k,
                          const equations::GradientOptions& options, Callbacks& callbacks) {
  const likelihood::Parameters parameters = likelihood::from_user_values(model, values);
  simulation::EquationsAt at(model, parameters, callbacks);
  const Eigen::SparseMatrix<double> functions = combinations(model, k);
  SolvedErrors found;
  found.covariance.resize(k.cols(), k.cols());
  for (Index first = 0; first < k.cols(); first += kInStep) {
    const Index n = std::min(kInStep, k.cols() - first);
    const SideBySide rhs = functions.middleCols(first, n);
    const equations::GradientResult solved = at.solve(rhs, SideBySide(), options, callbacks);
    SideBySide unscaled;
    at.equations().to_unscaled(solved.x, unscaled);
    found.covariance.middleCols(first, n) = functions.transpose() * unscaled;
    found.rounds += solved.rounds;
    found.reached = std::max(found.reached, solved.reached);
    callbacks.progress(progress_line(first + n, k.cols()));
  }
  found.covariance =
      0.5 * parameters.residual() * (found.covariance + found.covariance.transpose()).eval();
  return found;
}

}  // namespace henderson::answers
