// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/inference/mean_covariance.h"
#include "core/reml/information.h"
#include "glue_callbacks.h"
#include "glue_convert.h"

namespace henderson {
namespace {

// The model of a fit at its estimates: control$hold says which were held, control$start has all.
struct FittedModel {
  FittedModel(const Rcpp::List& spec, const Rcpp::List& control)
      : request(as_request(control)),
        model(model::build_model(as_spec(spec), request, callbacks)),
        equations(model, fixed_place(model), available_threads(Rcpp::as<int>(control["threads"]))),
        parameters(reml::from_user_values(model, request.values)) {}

  static equations::FixedPlace fixed_place(const model::Model& model) {
    if (model.rank() <= 50) return equations::FixedPlace::last;
    return model.reml ? equations::FixedPlace::anywhere : equations::FixedPlace::apart;
  }

  RCallbacks callbacks;
  model::VarianceRequest request;
  model::Model model;
  equations::MixedModelEquations equations;
  reml::Parameters parameters;
};

// The parameters that move, and their derivatives in the coordinates of the search.
struct MovingParameters {
  explicit MovingParameters(const FittedModel& fitted) {
    const reml::FreeSpace space(fitted.model);
    const Matrix all = reml::moving_coordinates(fitted.model, space, fitted.parameters).jacobian;
    for (Index i = 0; i < all.rows(); ++i) {
      if (!all.row(i).isZero(0.0)) parameters.push_back(i);
    }
    jacobian.resize(static_cast<Index>(parameters.size()), all.cols());
    for (std::size_t i = 0; i < parameters.size(); ++i)
      jacobian.row(static_cast<Index>(i)) = all.row(parameters[i]);
  }

  std::vector<Index> parameters;
  Matrix jacobian;
};

Rcpp::List variance_information(const Rcpp::List& spec, const Rcpp::List& control) {
  FittedModel fitted(spec, control);
  const reml::VarianceInformation found =
      reml::variance_information(fitted.equations, fitted.parameters, fitted.callbacks);
  return Rcpp::List::create(Rcpp::Named("jacobian") = to_r(found.jacobian),
                            Rcpp::Named("average") = to_r(found.average),
                            Rcpp::Named("observed") = to_r(found.observed),
                            Rcpp::Named("expected") = to_r(found.expected),
                            Rcpp::Named("has_expected") = found.has_expected);
}

Rcpp::List mean_covariance(const Rcpp::List& spec, const Rcpp::List& control, const Rcpp::S4& k,
                           const Rcpp::NumericMatrix& parameter_covariance) {
  FittedModel fitted(spec, control);
  const std::optional<reml::Evaluation> at =
      reml::evaluate(fitted.equations, fitted.parameters, false, fitted.callbacks);
  if (!at) throw InvalidSpec("values", "the mixed model equations are not positive definite");
  const Vector& theta = fitted.parameters.theta();
  const MovingParameters moving(fitted);
  std::optional<inference::Adjustment> adjustment;
  if (parameter_covariance.nrow() > 0) {
    const auto w = Rcpp::as<Matrix>(parameter_covariance);
    adjustment = inference::Adjustment{
        w, inference::nonlinear_part(fitted.model, theta, moving.parameters,
                                     moving.jacobian * w * moving.jacobian.transpose())};
  }
  const std::vector<inference::Direction> of_parameters = inference::directions(
      fitted.model, theta, fitted.parameters.log_residual(), moving.parameters);
  const inference::MeanCovariance found = inference::mean_covariance(
      fitted.equations, at->lambda, fitted.parameters.residual(), at->solved.factor, theta,
      Matrix(Rcpp::as<Eigen::SparseMatrix<double>>(k)),
      inference::along(of_parameters, moving.jacobian), adjustment);
  Rcpp::List gradients;
  for (const Matrix& gradient : found.gradients) gradients.push_back(to_r(gradient));
  return Rcpp::List::create(Rcpp::Named("covariance") = to_r(found.covariance),
                            Rcpp::Named("gradients") = gradients,
                            Rcpp::Named("adjusted") = to_r(found.adjusted));
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List variance_information_cpp(Rcpp::List spec, Rcpp::List control) {
  return henderson::guarded([&] { return henderson::variance_information(spec, control); });
}

// [[Rcpp::export]]
Rcpp::List mean_covariance_cpp(Rcpp::List spec, Rcpp::List control, Rcpp::S4 K,
                               Rcpp::NumericMatrix parameter_covariance) {
  return henderson::guarded(
      [&] { return henderson::mean_covariance(spec, control, K, parameter_covariance); });
}
