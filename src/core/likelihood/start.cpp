// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/likelihood/start.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/likelihood/dependent_start.h"
#include "core/likelihood/theta_of_values.h"
#include "core/model/counted_weights.h"

namespace henderson::likelihood {
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
    count(pattern.positions[0], pattern.positions[0]) += pattern.n_further;
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
  const std::optional<Matrix> dependent = nearly_dependent_covariance(model, block);
  const Vector from_data =
      structure.n_coef() > kManyPositions ? structure.theta_from_variance(share)
      : dependent                         ? structure.theta_from_covariance(share * *dependent)
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
  return theta_of_values(block, values);
}

// As they count, unless the units of positions, which are weights too, are far apart.
Vector weights_of_records(const Model& model) {
  const auto& sections = model.residual.blocks;
  const bool apart = std::any_of(sections.begin(), sections.end(),
                                 [](const auto& section) { return section.far_apart; });
  return apart ? model.weights : model::counted_weights(model.weights);
}

// For each random term the mean, over the records that meet it, of the squared length of a row of
// W^1/2 Z: what coefficients of variance 1 add to the variance of a record times its weight, of
// which the unit of the response is made. A record meets one position of a structure with many, so
// it is not the number of coefficients. Where rows stand for cells of records all records are taken
// to meet the term.
std::vector<double> variance_of_record(const Model& model) {
  std::vector<std::size_t> term_of_column(static_cast<std::size_t>(model.n_random_columns));
  for (const RandomBlock& block : model.blocks) {
    std::fill_n(term_of_column.begin() + block.first_column, block.n_design_columns(), block.term);
  }
  const std::size_t n_terms = model.n_coef_of_term.size();
  std::vector<double> sum(n_terms, 0.0), count(n_terms, 0.0);
  std::vector<Index> last_row(n_terms, kNone);
  const Vector weights = weights_of_records(model);
  for (Index r = 0; r < model.w.n_rows(); ++r) {
    const double weight = weights.size() > 0 ? weights[r] : 1.0;
    for (Index k = model.w.start[r]; k < model.w.start[r + 1]; ++k) {
      if (model.w.column[k] >= model.n_random_columns || model.w.value[k] == 0.0) continue;
      const std::size_t term = term_of_column[static_cast<std::size_t>(model.w.column[k])];
      sum[term] += weight * model.w.value[k] * model.w.value[k];
      if (last_row[term] != r) count[term] += 1.0;
      last_row[term] = r;
    }
  }
  if (model.n_unseen > 0.0) count.assign(n_terms, model.n_observations());
  for (std::size_t t = 0; t < n_terms; ++t)
    sum[t] = sum[t] > 0.0 ? sum[t] / count[t] : static_cast<double>(model.n_coef_of_term[t]);
  return sum;
}

}  // namespace

// The random terms share half of the variance of a record.
Parameters starting_parameters(const Model& model, const model::VarianceRequest& request) {
  const bool has_random = !model.blocks.empty();
  const std::vector<double> of_record = variance_of_record(model);

  Vector theta(model.n_theta);
  for (const RandomBlock& block : model.blocks) {
    const Vector given = request.values.segment(block.first_value, block.structure->n_values());
    const double share = 0.5 / (static_cast<double>(of_record.size()) *
                                of_record[static_cast<std::size_t>(block.term)]);
    const Matrix from_data = share * Matrix::Identity(block.n_coef, block.n_coef);
    if (any_given(given)) {
      block.theta_of(theta) = block_theta(block, given, from_data);
    } else {
      block.theta_of(theta) = block.structure->theta_from_covariance(from_data);
    }
  }
  for (const ResidualBlock& block : model.residual.blocks) {
    block.theta_of(theta) = residual_theta(model, block, has_random ? 0.5 : 1.0, request);
  }
  if (model.has_structured_residual()) return {std::move(theta), 0.0};
  double residual = has_random ? 0.5 : 1.0;
  const double given = request.values[model.n_values - 1];
  if (!std::isnan(given)) residual = given / (model.response_unit * model.response_unit);
  if (model.residual_held) residual = model.residual_value;
  if (!(residual > 0.0)) throw InvalidSpec("start", "the residual variance must be above 0");
  return {std::move(theta), std::log(residual)};
}

}  // namespace henderson::likelihood
