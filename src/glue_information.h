// SPDX-License-Identifier: GPL-3.0-or-later
// The information of the variance parameters with the moments of K beta, as R keeps it.
#pragma once

#include "core/answers/mean_covariance.h"
#include "core/information/variance_information.h"
#include "glue_convert.h"

namespace henderson {

// The parameters that move, and their derivatives in the coordinates of the search.
struct MovingParameters {
  MovingParameters(const model::Model& model, const likelihood::Parameters& at) {
    const coordinates::FreeSpace space(model);
    const Matrix all = coordinates::moving_directions(model, space, at).jacobian;
    for (Index i = 0; i < all.rows(); ++i) {
      if (!all.row(i).isZero(0.0)) parameters.push_back(i);
    }
    jacobian.resize(static_cast<Index>(parameters.size()), all.cols());
    for (std::size_t i = 0; i < parameters.size(); ++i)
      jacobian.row(static_cast<Index>(i)) = all.row(parameters[i]);
  }

  // One for each coordinate.
  std::vector<answers::Direction> directions(const model::Model& model,
                                             const likelihood::Parameters& at) const {
    return answers::along(answers::directions(model, at.theta(), at.log_residual(), parameters),
                          jacobian);
  }

  std::vector<Index> parameters;
  Matrix jacobian;
};

inline Rcpp::List moments_to_r(const answers::MeanCovariance& found) {
  Rcpp::List gradients;
  for (const Matrix& gradient : found.gradients) gradients.push_back(to_r(gradient));
  return Rcpp::List::create(Rcpp::Named("covariance") = to_r(found.covariance),
                            Rcpp::Named("gradients") = gradients,
                            Rcpp::Named("adjusted") = to_r(found.adjusted));
}

inline Rcpp::List moments_at(const equations::MixedModelEquations& equations,
                             const likelihood::Evaluation& at, const Matrix& k,
                             const std::vector<answers::Direction>& directions,
                             const std::optional<answers::Adjustment>& adjustment) {
  return moments_to_r(answers::mean_covariance(equations, at.lambda, at.parameters.residual(),
                                               at.solved.factor, at.parameters.theta(), k,
                                               directions, adjustment));
}

// Without an adjustment.
inline Rcpp::List plain_moments(const equations::MixedModelEquations& equations,
                                const likelihood::Evaluation& at, const Matrix& k) {
  const MovingParameters moving(equations.model(), at.parameters);
  return moments_at(equations, at, k, moving.directions(equations.model(), at.parameters), {});
}

inline Rcpp::List information_to_r(const information::VarianceInformation& found,
                                   const Rcpp::List& moments) {
  return Rcpp::List::create(
      Rcpp::Named("jacobian") = to_r(found.jacobian), Rcpp::Named("average") = to_r(found.average),
      Rcpp::Named("observed") = to_r(found.observed),
      Rcpp::Named("expected") = to_r(found.expected),
      Rcpp::Named("has_expected") = found.has_expected, Rcpp::Named("moments") = moments);
}

}  // namespace henderson
