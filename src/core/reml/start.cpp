// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/start.h"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <cmath>

#include "core/base/error.h"

namespace henderson::reml {
namespace {

using model::Model;
using model::RandomBlock;
using model::ResidualBlock;

// A position at which the least-squares residuals are nearly constant starts from this share of
// their mean square.
constexpr double kLeastVariance = 1e-4;
// How far the correlations of the data are drawn to zero, for a start away from singular matrices.
constexpr double kTowardsDiagonal = 0.2;
// A residual with more positions than this starts from one variance.
constexpr Index kManyPositions = 100;

bool any_given(const ConstVectorRef& values) {
  for (Index i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) return true;
  }
  return false;
}

// The theta of the given values; those that are not given (NaN) are as at `otherwise`.
Vector theta_of_given(const covariance::Structure& structure, const Vector& given,
                      const Vector& otherwise) {
  Vector values = given;
  if (given.hasNaN()) {
    values = structure.completed(given, structure.values(otherwise));
  }
  return structure.theta_from_values(values);
}

// Mean products of the response by positions, made safely positive definite.
Matrix empirical_covariance(const Model& model, const ResidualBlock& block) {
  const Index n = block.structure->n_coef();
  Matrix sum = Matrix::Zero(n, n), count = Matrix::Zero(n, n);
  for (const model::ResidualPattern& pattern : block.patterns) {
    for (const Index first : pattern.first_row) {
      for (std::size_t r = 0; r < pattern.positions.size(); ++r) {
        const auto row = first + static_cast<Index>(r);
        if (model.residual.record_of_row[row] == kNone) continue;
        for (std::size_t c = 0; c < pattern.positions.size(); ++c) {
          const auto column = first + static_cast<Index>(c);
          if (model.residual.record_of_row[column] == kNone) continue;
          const Index i = pattern.positions[r], j = pattern.positions[c];
          sum(i, j) += model.groups->response[row] * model.groups->response[column];
          count(i, j) += 1.0;
        }
      }
    }
  }
  sum = (count.array() > 0.0).select(sum.array() / count.array().max(1.0), 0.0);
  for (Index i = 0; i < n; ++i) {
    if (!(sum(i, i) > kLeastVariance)) sum(i, i) = count(i, i) > 0.0 ? kLeastVariance : 1.0;
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(sum);
  const Vector variances = eigen.eigenvalues().cwiseMax(0.0);
  const Matrix nearest =
      eigen.eigenvectors() * variances.asDiagonal() * eigen.eigenvectors().transpose();
  const Matrix diagonal = nearest.diagonal().cwiseMax(kLeastVariance).asDiagonal();
  return (1.0 - kTowardsDiagonal) * nearest + kTowardsDiagonal * diagonal;
}

Vector residual_theta(const Model& model, const ResidualBlock& block, double share,
                      const model::VarianceRequest& request) {
  const covariance::Structure& structure = *block.structure;
  const Vector given = request.values.segment(block.first_value, structure.n_values())
                           .cwiseQuotient(block.value_transform.diagonal());
  if (!given.hasNaN()) return structure.theta_from_values(given);
  const Vector from_data =
      structure.n_coef() > kManyPositions
          ? structure.theta_from_variance(share)
          : structure.theta_from_covariance(share * empirical_covariance(model, block));
  return any_given(given) ? theta_of_given(structure, given, from_data) : from_data;
}

// Some values of a random block are given, on the user's scale; the others are those of
// `from_data`.
Vector block_theta(const RandomBlock& block, const Vector& given, const Matrix& from_data) {
  const covariance::Structure& structure = *block.structure;
  Vector values = given;
  if (given.hasNaN()) {
    const Vector defaults =
        block.value_transform * structure.values(structure.theta_from_covariance(from_data));
    values = structure.completed(given, defaults);
  }
  return structure.theta_from_values(block.value_transform.lu().solve(values));
}

}  // namespace

Parameters starting_parameters(const Model& model, const model::VarianceRequest& request) {
  double n_coef = 0.0;
  for (const RandomBlock& block : model.blocks) n_coef += block.n_coef;
  const double share = n_coef > 0.0 ? 0.5 / n_coef : 0.0;

  Vector theta(model.n_theta);
  for (const RandomBlock& block : model.blocks) {
    const Vector given = request.values.segment(block.first_value, block.structure->n_values());
    const Matrix from_data = share * Matrix::Identity(block.n_coef, block.n_coef);
    if (any_given(given)) {
      theta.segment(block.first_theta, block.structure->n_theta()) =
          block_theta(block, given, from_data);
    } else {
      theta.segment(block.first_theta, block.structure->n_theta()) =
          block.structure->theta_from_covariance(from_data);
    }
  }
  for (const ResidualBlock& block : model.residual.blocks) {
    theta.segment(block.first_theta, block.structure->n_theta()) =
        residual_theta(model, block, n_coef > 0.0 ? 0.5 : 1.0, request);
  }
  if (model.has_structured_residual()) return {std::move(theta), 0.0};
  double residual = n_coef > 0.0 ? 0.5 : 1.0;
  const double given = request.values[model.n_values - 1];
  if (!std::isnan(given)) residual = given / (model.response_unit * model.response_unit);
  if (model.residual_held) residual = model.residual_value;
  if (!(residual > 0.0)) throw InvalidSpec("start", "the residual variance must be above 0");
  return {std::move(theta), std::log(residual)};
}

}  // namespace henderson::reml
