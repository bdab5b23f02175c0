// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/trace_products.h"
#include "core/reml/constrained.h"
#include "glue_callbacks.h"
#include "glue_information.h"

namespace henderson {
namespace {

// The model of a fit at its estimates: control$hold says which were held, control$start has all.
struct FittedModel {
  FittedModel(const Rcpp::List& spec, const Rcpp::List& control)
      : request(as_request(control)),
        model(model::build_model(as_spec(spec), request, callbacks)),
        equations(model, fixed_place(model), available_threads(Rcpp::as<int>(control["threads"]))),
        parameters(likelihood::from_user_values(model, request.values)) {}

  static equations::FixedPlace fixed_place(const model::Model& model) {
    if (model.rank() <= 50) return equations::FixedPlace::last;
    return model.reml ? equations::FixedPlace::anywhere : equations::FixedPlace::apart;
  }

  RCallbacks callbacks;
  model::VarianceRequest request;
  model::Model model;
  equations::MixedModelEquations equations;
  likelihood::Parameters parameters;
};

Matrix dense(const Rcpp::S4& k) { return Matrix(Rcpp::as<Eigen::SparseMatrix<double>>(k)); }

// With the moments of K beta where K has columns: one model and one factor for both.
Rcpp::List variance_information(const Rcpp::List& spec, const Rcpp::List& control,
                                const Rcpp::S4& k, bool average) {
  FittedModel fitted(spec, control);
  Rcpp::List moments;
  const auto look = [&](const likelihood::Evaluation& at) {
    if (Rcpp::IntegerVector(k.slot("Dim"))[1] > 0)
      moments = plain_moments(fitted.equations, at, dense(k));
  };
  const information::VarianceInformation found = information::variance_information(
      fitted.equations, fitted.parameters,
      average ? information::Informations::average : information::Informations::all, look,
      fitted.callbacks);
  return information_to_r(found, moments);
}

// What Kenward & Roger's adjustment needs, of 1997 or, with the expected information, of 2009; w
// and `directions` are those of the coordinates.
answers::Adjustment adjustment_for(FittedModel& fitted, const MovingParameters& moving,
                                   const std::vector<answers::Direction>& directions,
                                   const Matrix& w, const Matrix& expected) {
  answers::Adjustment found{
      w, answers::nonlinear_part(fitted.model, fitted.parameters.theta(), moving.parameters,
                                 moving.jacobian * w * moving.jacobian.transpose())};
  if (expected.size() == 0 || answers::is_zero(found.nonlinear)) return found;
  const std::optional<Vector> traces = information::trace_products(
      fitted.equations, fitted.parameters, moving.parameters,
      {found.nonlinear.sigma, found.nonlinear.residual_sigma}, fitted.callbacks);
  found.nonlinear = traces ? answers::beside(directions, found.nonlinear, expected,
                                             moving.jacobian.transpose() * *traces)
                           : answers::Direction{};
  return found;
}

Rcpp::List mean_covariance(const Rcpp::List& spec, const Rcpp::List& control, const Rcpp::S4& k,
                           const Matrix& parameter_covariance, const Matrix& expected) {
  FittedModel fitted(spec, control);
  const MovingParameters moving(fitted.model, fitted.parameters);
  const std::vector<answers::Direction> directions =
      moving.directions(fitted.model, fitted.parameters);
  std::optional<answers::Adjustment> adjustment;
  if (parameter_covariance.size() > 0)
    adjustment = adjustment_for(fitted, moving, directions, parameter_covariance, expected);
  const std::optional<likelihood::Evaluation> at =
      likelihood::evaluate(fitted.equations, fitted.parameters, false, fitted.callbacks);
  if (!at) throw InvalidSpec("values", "the mixed model equations are not positive definite");
  return moments_at(fitted.equations, *at, dense(k), directions, adjustment);
}

// c(value, gradient) of an R function of the user's values.
class RValueFunction final : public reml::ValueFunction {
 public:
  explicit RValueFunction(const Rcpp::Function& evaluate) : evaluate_(evaluate) {}

  Value at(const Vector& values) const override {
    const Vector found = Rcpp::as<Vector>(evaluate_(Rcpp::NumericVector(Rcpp::wrap(values))));
    return {found[0], found.tail(found.size() - 1)};
  }

 private:
  Rcpp::Function evaluate_;
};

Rcpp::List profile_at(const Rcpp::List& spec, const Rcpp::List& control,
                      const Rcpp::Function& function, double target) {
  FittedModel fitted(spec, control);
  const reml::ConstrainedResult found = reml::maximise_on_surface(
      fitted.equations, fitted.parameters, RValueFunction(function), target, fitted.callbacks);
  return Rcpp::List::create(
      Rcpp::Named("reached") = found.reached, Rcpp::Named("converged") = found.converged,
      Rcpp::Named("values") = to_r(found.values), Rcpp::Named("minus2loglik") = found.minus2loglik,
      Rcpp::Named("iterations") = found.iterations);
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List profile_at_cpp(Rcpp::List spec, Rcpp::List control, Rcpp::Function f, double value) {
  return henderson::guarded([&] { return henderson::profile_at(spec, control, f, value); });
}

// [[Rcpp::export]]
Rcpp::List variance_information_cpp(Rcpp::List spec, Rcpp::List control, Rcpp::S4 K, bool average) {
  return henderson::guarded(
      [&] { return henderson::variance_information(spec, control, K, average); });
}

// [[Rcpp::export]]
Rcpp::List mean_covariance_cpp(Rcpp::List spec, Rcpp::List control, Rcpp::S4 K,
                               Rcpp::NumericMatrix parameter_covariance,
                               Rcpp::NumericMatrix expected) {
  return henderson::guarded([&] {
    return henderson::mean_covariance(spec, control, K,
                                      Rcpp::as<henderson::Matrix>(parameter_covariance),
                                      Rcpp::as<henderson::Matrix>(expected));
  });
}
