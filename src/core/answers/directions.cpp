// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/directions.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace henderson::answers {
namespace {

using covariance::Structure;
using model::Model;
using model::RandomBlock;
using model::ResidualBlock;
using model::Slot;

// Step of the central differences of first derivatives.
constexpr double kStep = 1e-4;
// What is left of second derivatives below this share is error of the differences.
constexpr double kLinear = 1e-6;

std::vector<Matrix> sigma_derivatives(const Structure& structure, const ConstVectorRef& theta) {
  covariance::Positions all(static_cast<std::size_t>(structure.n_coef()));
  std::iota(all.begin(), all.end(), 0);
  return structure.covariance_derivatives(theta, all);
}

// dSigma / d value_k, stacked as the columns of a matrix: dSigma/dtheta J^-1.
Matrix by_values(const Structure& structure, const ConstVectorRef& theta) {
  const Index size = structure.n_coef() * structure.n_coef(), n = structure.n_theta();
  Matrix stacked(size, n);
  const std::vector<Matrix> by_theta = sigma_derivatives(structure, theta);
  for (Index i = 0; i < n; ++i) stacked.col(i) = Eigen::Map<const Vector>(by_theta[i].data(), size);
  return stacked * structure.value_jacobian(theta).inverse();
}

// sum_ij covariance_ij d/dtheta_i (dSigma/dvalue) dvalue/dtheta_j: with the chain rule this is all
// of the second derivative but the part along d2 value. Where every second derivative is a
// combination of first ones, the structure is linear in some other values (cs and toep are, in
// covariances), and nothing is left.
Matrix nonlinear_sigma(const Structure& structure, const Vector& theta, const Matrix& covariance) {
  const Matrix at = by_values(structure, theta);
  const Matrix jacobian = structure.value_jacobian(theta);
  const Matrix products = at.transpose() * at;
  const Eigen::LDLT<Matrix> gram(products);
  Vector sum = Vector::Zero(at.rows());
  bool linear = true;
  for (Index i = 0; i < theta.size(); ++i) {
    Vector above = theta, below = theta;
    above[i] += kStep;
    below[i] -= kStep;
    const Matrix change =
        (by_values(structure, above) - by_values(structure, below)) / (2.0 * kStep);
    const Matrix projected = at * gram.solve(at.transpose() * change);
    linear = linear && (change - projected).norm() <= kLinear * (change.norm() + at.norm());
    sum += change * (jacobian * covariance.col(i));
  }
  if (linear) return Matrix();
  return Eigen::Map<const Matrix>(sum.data(), structure.n_coef(), structure.n_coef());
}

// The same of a slot, if all its theta move.
Matrix nonlinear_sigma_at(const Slot& slot, const ConstVectorRef& theta,
                          const std::vector<Index>& place, const Matrix& covariance) {
  const Index n = slot.n_theta();
  if (n == 0 || n != slot.n_values() || slot.structure->n_coef() > kLargestWhole) return Matrix();
  for (Index i = 0; i < n; ++i) {
    if (place[slot.first_theta + i] == kNone) return Matrix();
  }
  const Index first = place[slot.first_theta];
  return nonlinear_sigma(*slot.structure, slot.theta_of(theta),
                         covariance.block(first, first, n, n));
}

void add_scaled(const Matrix& matrix, double weight, Matrix& sum) {
  if (matrix.size() == 0) return;
  if (sum.size() == 0) sum = Matrix::Zero(matrix.rows(), matrix.cols());
  sum += weight * matrix;
}

}  // namespace

std::vector<Direction> directions(const Model& model, const ConstVectorRef& theta,
                                  double log_residual, const std::vector<Index>& parameters) {
  std::vector<Direction> all(static_cast<std::size_t>(model.n_parameters()));
  for (Direction& direction : all) direction.sigma.resize(model.blocks.size());
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const std::vector<Matrix> sigma = sigma_derivatives(*block.structure, block.theta_of(theta));
    for (Index i = 0; i < block.n_theta(); ++i) all[block.first_theta + i].sigma[b] = sigma[i];
  }
  for (std::size_t b = 0; b < model.residual.blocks.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    const bool whole = block.structure->n_coef() <= kLargestWhole;
    std::vector<Matrix> sigma;
    if (whole) sigma = sigma_derivatives(*block.structure, block.theta_of(theta));
    for (Index i = 0; i < block.n_theta(); ++i) {
      Direction& direction = all[block.first_theta + i];
      if (!whole) {
        direction.theta = Vector::Unit(model.n_theta, block.first_theta + i);
        continue;
      }
      direction.residual_sigma.resize(model.residual.blocks.size());
      direction.residual_sigma[b] = sigma[i];
    }
  }
  if (!model.has_structured_residual()) all[model.n_theta].residual = std::exp(log_residual);
  std::vector<Direction> wanted;
  for (const Index i : parameters) wanted.push_back(all[i]);
  return wanted;
}

Direction combined(const std::vector<Direction>& directions, const ConstVectorRef& weights) {
  Direction sum;
  if (!directions.empty()) sum.sigma.resize(directions[0].sigma.size());
  for (std::size_t i = 0; i < directions.size(); ++i) {
    const double weight = weights[static_cast<Index>(i)];
    sum.residual += weight * directions[i].residual;
    if (directions[i].theta.size() > 0) {
      if (sum.theta.size() == 0) sum.theta = Vector::Zero(directions[i].theta.size());
      sum.theta += weight * directions[i].theta;
    }
    for (std::size_t b = 0; b < sum.sigma.size(); ++b)
      add_scaled(directions[i].sigma[b], weight, sum.sigma[b]);
    const std::vector<Matrix>& residual = directions[i].residual_sigma;
    if (!residual.empty()) sum.residual_sigma.resize(residual.size());
    for (std::size_t b = 0; b < residual.size(); ++b)
      add_scaled(residual[b], weight, sum.residual_sigma[b]);
  }
  return sum;
}

std::vector<Direction> along(const std::vector<Direction>& directions, const Matrix& jacobian) {
  std::vector<Direction> found;
  for (Index j = 0; j < jacobian.cols(); ++j) {
    std::vector<Direction> parts;
    std::vector<double> weights;
    for (Index i = 0; i < jacobian.rows(); ++i) {
      if (jacobian(i, j) == 0.0) continue;
      parts.push_back(directions[i]);
      weights.push_back(jacobian(i, j));
    }
    const bool itself = weights.size() == 1 && weights[0] == 1.0;
    found.push_back(itself
                        ? parts[0]
                        : combined(parts, Eigen::Map<const Vector>(
                                              weights.data(), static_cast<Index>(weights.size()))));
  }
  return found;
}

Direction nonlinear_part(const Model& model, const ConstVectorRef& theta,
                         const std::vector<Index>& parameters, const Matrix& covariance) {
  Direction part;
  std::vector<Index> place(static_cast<std::size_t>(model.n_parameters()), kNone);
  for (std::size_t i = 0; i < parameters.size(); ++i) place[parameters[i]] = static_cast<Index>(i);
  for (const Slot& slot : model.slots()) {
    (slot.in_residual ? part.residual_sigma : part.sigma)
        .push_back(nonlinear_sigma_at(slot, theta, place, covariance));
  }
  return part;
}

bool is_zero(const Direction& direction) {
  const auto empty = [](const Matrix& matrix) { return matrix.size() == 0; };
  return direction.residual == 0.0 && direction.theta.size() == 0 &&
         std::all_of(direction.sigma.begin(), direction.sigma.end(), empty) &&
         std::all_of(direction.residual_sigma.begin(), direction.residual_sigma.end(), empty);
}

Direction beside(const std::vector<Direction>& directions, const Direction& change,
                 const Matrix& expected, const Vector& trace_products) {
  std::vector<Direction> all = directions;
  all.push_back(change);
  Vector weights(static_cast<Index>(all.size()));
  weights << -0.5 * expected.ldlt().solve(trace_products), 1.0;
  return combined(all, weights);
}

}  // namespace henderson::answers
