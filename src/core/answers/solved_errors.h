// SPDX-License-Identifier: GPL-3.0-or-later
// Error covariances of linear functions without a factor: each of them is a right-hand side.
#pragma once

#include <Eigen/SparseCore>

#include "core/equations/conjugate_gradients.h"
#include "core/model/model.h"

namespace henderson::answers {

struct SolvedErrors {
  Matrix covariance;
  int rounds = 0;        // of all solves
  double reached = 0.0;  // the worst of them
};

// Var(K'(beta^, u^ - u)), K as for error_covariance(), at known variances. What a solution lacks
// enters a variance by its square, a covariance as it is. Cost: a solution by conjugate gradients
// for each column of K, some at a time. Throws InvalidSpec where the values are no covariance,
// DimensionMismatch, Interrupted.
SolvedErrors solve_errors(const model::Model& model, const Vector& values,
                          const Eigen::SparseMatrix<double>& k,
                          const equations::GradientOptions& options, Callbacks& callbacks);

}  // namespace henderson::answers
