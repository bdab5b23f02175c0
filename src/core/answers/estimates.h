// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that a fit reports, in the user's units.
#pragma once

#include "core/likelihood/evaluation.h"

namespace henderson::answers {

// tied: to another value, and free with it. at_bound: of the user.
enum class ValueStatus { free, held, at_boundary, tied, at_bound };

struct Estimates {
  Vector values;  // variance parameters, the residual last
  std::vector<ValueStatus> status;
  Matrix
      value_covariance;  // from the average information; NaN where a value is neither free nor tied
  Matrix average;        // the average information of all parameters
  Vector beta;           // NaN where a column of X is dependent
  Vector beta_se;
  Matrix beta_covariance;  // empty where there are more than max_covariance columns
  std::vector<Matrix> u;   // n_coef x n_levels for each term
  Vector fitted;           // X beta + Z u
  Vector fitted_fixed;     // X beta
};

// What became of each variance parameter, and J AI^-1 J' over the directions that move, NaN where
// one is neither free nor tied.
std::vector<ValueStatus> value_status(const model::Model& model,
                                      const likelihood::Parameters& parameters,
                                      const model::VarianceRequest& request);
Matrix value_covariance(const model::Model& model, const likelihood::Parameters& parameters,
                        const Matrix& information, const std::vector<ValueStatus>& status);

// Columns of X up to which the whole covariance of beta is made.
constexpr SmallIndex kMaxCovariance = 1000;

// Cost: a block solve for the average information, and one with a right-hand side per column of X
// where these are few enough; else a selected inverse for beta_se, and then the evaluation ends.
Estimates estimates(likelihood::Evaluation& evaluation, const model::VarianceRequest& request,
                    Callbacks& callbacks);

}  // namespace henderson::answers
