// SPDX-License-Identifier: GPL-3.0-or-later
// What a sampler reads at many points of the variance parameters, and what it asks of the effects
// there. Effects stand in one vector: beta (0 at dropped columns), then u of each term level by
// level, as the rows of K in errors.h.
#pragma once

#include <Eigen/SparseCore>
#include <optional>

#include "core/answers/effect_sums.h"
#include "core/bayes/surface.h"

namespace henderson::answers {

struct PointRequest {
  bool gradient = false;
  bool covariance = false;
  // For the sums of effects: of each point the logarithm of its weight, with weigh_by_likelihood
  // less the restricted log-likelihood.
  std::optional<Vector> log_weights;
  bool weigh_by_likelihood = false;
  Eigen::SparseMatrix<double> k;  // effects x functions
  // For draws of all effects: a column of standard normal numbers for each point, n_solved() of
  // them.
  std::optional<Matrix> z;
};

// A column for each point; -2l of what is no point is infinite, all else NaN there. Of size 0 what
// was not asked for.
struct Points {
  Vector minus2loglik;
  Matrix gradient;    // of -2l by the values
  Matrix mean;        // of K'(beta, u)
  Matrix covariance;  // of K'(beta, u), all of it
  Matrix draws;       // of all effects: b + sigma P'L'^-1 z
  std::optional<EffectSums> sums;
};

// Cost: a factor for each point, and a selected inverse for its gradient. Throws Interrupted,
// DimensionMismatch.
Points read_points(bayes::Surface& surface, const Matrix& values, const PointRequest& request,
                   Callbacks& callbacks);

// How many normal numbers a draw of all effects takes.
Index n_solved(const model::Model& model);
// The draws alone.
Matrix draw_effects(bayes::Surface& surface, const Matrix& values, const Matrix& z,
                    Callbacks& callbacks);

// The mean and the variance of K'(beta, u) given each point, n_functions x n_points.
struct FunctionMoments {
  Matrix mean;
  Matrix variance;
};
FunctionMoments function_moments(bayes::Surface& surface, const Matrix& values,
                                 const Eigen::SparseMatrix<double>& k, Callbacks& callbacks);

// The mean over points, with these weights, of Var(beta) and of the covariance of the coefficients
// of each level given the point.
struct MeanErrors {
  Vector beta;                // NaN at dropped columns
  std::vector<Matrix> terms;  // n_coef x (n_coef n_levels)
};
MeanErrors mean_errors(bayes::Surface& surface, const Matrix& values, const Vector& weights,
                       Callbacks& callbacks);

}  // namespace henderson::answers
