// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/fitted_model.h"

#include <Eigen/LU>
#include <cmath>

#include "core/answers/deletion.h"
#include "core/base/error.h"
#include "core/coordinates/moving.h"
#include "core/information/trace_products.h"
#include "core/likelihood/fixed_place.h"

namespace henderson::answers {

using coordinates::FreeSpace;
using information::VarianceInformation;
using likelihood::Evaluation;
using likelihood::Parameters;
using model::Model;

namespace {

// The parameters that move, and d parameter / d coordinate for each coordinate of the search that
// does.
struct MovingParameters {
  std::vector<Index> parameters;
  Matrix jacobian;
};

MovingParameters moving_parameters(const Model& model, const Parameters& at) {
  const Matrix all = coordinates::moving_directions(model, FreeSpace(model), at).jacobian;
  MovingParameters moving;
  for (Index i = 0; i < all.rows(); ++i) {
    if (!all.row(i).isZero(0.0)) moving.parameters.push_back(i);
  }
  moving.jacobian.resize(static_cast<Index>(moving.parameters.size()), all.cols());
  for (std::size_t i = 0; i < moving.parameters.size(); ++i)
    moving.jacobian.row(static_cast<Index>(i)) = all.row(moving.parameters[i]);
  return moving;
}

// One for each coordinate.
std::vector<Direction> directions_of(const Model& model, const Parameters& at,
                                     const MovingParameters& moving) {
  return along(directions(model, at.theta(), at.log_residual(), moving.parameters),
               moving.jacobian);
}

}  // namespace

FittedModel::FittedModel(const model::ModelSpec& spec, const model::VarianceRequest& request,
                         model::Cells cells, int threads, Callbacks& callbacks)
    : callbacks_(callbacks),
      model_(model::build_model(spec, request, model::Products::made, cells, callbacks)),
      equations_(model_, likelihood::fixed_place(model_), threads),
      parameters_(likelihood::from_user_values(model_, request.values)) {}

const Evaluation& FittedModel::evaluation() {
  if (!evaluation_) {
    callbacks_.stop_if_interrupted();
    evaluation_ = likelihood::evaluate(equations_, parameters_, false, callbacks_);
    if (!evaluation_)
      throw InvalidSpec("values", "the mixed model equations are not positive definite");
  }
  return *evaluation_;
}

Evaluation FittedModel::taken() {
  evaluation();
  Evaluation at = std::move(*evaluation_);
  evaluation_.reset();
  return at;
}

Matrix FittedModel::error_covariance(const Eigen::SparseMatrix<double>& k) {
  return answers::error_covariance(evaluation(), k);
}

Matrix FittedModel::error_columns(const Eigen::SparseMatrix<double>& k) {
  return answers::error_columns(evaluation(), k);
}

Vector FittedModel::error_variances(const Eigen::SparseMatrix<double>& k) {
  return answers::error_variances(evaluation(), k);
}

Matrix FittedModel::deletion_changes(const std::vector<SmallIndex>& group, SmallIndex n_groups) {
  return answers::deletion_changes(evaluation(), group, n_groups, callbacks_);
}

Vector FittedModel::deletion_distances(const std::vector<SmallIndex>& group, SmallIndex n_groups) {
  return answers::deletion_distances(evaluation(), group, n_groups, callbacks_);
}

MeanCovariance FittedModel::moments(const Matrix& k,
                                    const std::optional<AdjustmentRequest>& request) {
  const MovingParameters moving = moving_parameters(model_, parameters_);
  const std::vector<Direction> all = directions_of(model_, parameters_, moving);
  std::optional<Adjustment> found;
  if (request) found = adjustment(moving.parameters, moving.jacobian, all, *request);
  return mean_covariance(evaluation(), k, all, found, callbacks_);
}

// Of 1997; or of 2009, with the part of the second derivatives beside the directions.
Adjustment FittedModel::adjustment(const std::vector<Index>& moving, const Matrix& jacobian,
                                   const std::vector<Direction>& directions,
                                   const AdjustmentRequest& request) {
  const Matrix& w = request.parameter_covariance;
  const Matrix& expected = request.expected;
  if (w.rows() != jacobian.cols() || w.cols() != w.rows())
    throw DimensionMismatch("covariance of the variance parameters", w.rows(), jacobian.cols());
  if (expected.size() > 0 && (expected.rows() != w.rows() || expected.cols() != w.rows()))
    throw DimensionMismatch("expected information", expected.rows(), w.rows());
  if (request.first_order) return {w, Direction{}};
  Adjustment found{
      w, nonlinear_part(model_, parameters_.theta(), moving, jacobian * w * jacobian.transpose())};
  if (request.expected.size() == 0 || is_zero(found.nonlinear)) return found;
  evaluation_.reset();
  const std::optional<Vector> traces = information::trace_products(
      equations_, parameters_, moving, {found.nonlinear.sigma, found.nonlinear.residual_sigma},
      callbacks_);
  found.nonlinear =
      traces ? beside(directions, found.nonlinear, request.expected, jacobian.transpose() * *traces)
             : Direction{};
  return found;
}

VarianceInformation FittedModel::average_information() {
  return information::average_variance_information(evaluation());
}

VarianceInformation FittedModel::information(bool with_expected, const Matrix& observed) {
  information::InformationBasis basis =
      information::information_basis(taken(), with_expected, callbacks_);
  if (observed.size() > 0) basis.observed = observed;
  return information::variance_information(std::move(basis), callbacks_);
}

ValueDerivatives FittedModel::value_derivatives() {
  Evaluation at = taken();
  const double minus2loglik = at.minus2loglik;
  const information::Derivatives found = information::derivatives(std::move(at), callbacks_);
  // d theta / d values
  const Matrix to_theta = likelihood::user_jacobian(model_, parameters_).inverse();
  return {minus2loglik, to_theta.transpose() * found.gradient,
          to_theta.transpose() * found.information * to_theta};
}

InverseAnswers FittedModel::from_inverse(const InverseQuestions& questions) {
  return answer_from_inverse(taken(), questions, callbacks_);
}

Matrix estimated_columns(const Vector& beta) {
  std::vector<Index> estimated;
  for (Index i = 0; i < beta.size(); ++i) {
    if (!std::isnan(beta[i])) estimated.push_back(i);
  }
  Matrix k = Matrix::Zero(beta.size(), static_cast<Index>(estimated.size()));
  for (std::size_t i = 0; i < estimated.size(); ++i) k(estimated[i], static_cast<Index>(i)) = 1.0;
  return k;
}

MeanCovariance plain_moments(const Evaluation& at, const Matrix& k, Callbacks& callbacks) {
  const MovingParameters moving = moving_parameters(at.model(), at.parameters);
  return mean_covariance(at, k, directions_of(at.model(), at.parameters, moving), {}, callbacks);
}

}  // namespace henderson::answers
