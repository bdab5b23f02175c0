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

using equations::sigma_parts;
using equations::size_of;
using Parts = std::vector<covariance::Positions>;

covariance::Positions all_positions(const Structure& structure) {
  covariance::Positions all(static_cast<std::size_t>(structure.n_coef()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// dSigma / d theta among the positions of each part, stacked as the columns of a matrix.
Matrix by_theta(const Structure& structure, const ConstVectorRef& theta, const Parts& parts) {
  Matrix stacked(size_of(parts), structure.n_theta());
  Index first = 0;
  for (const covariance::Positions& at : parts) {
    const auto size = static_cast<Index>(at.size() * at.size());
    const std::vector<Matrix> sigma = structure.covariance_derivatives(theta, at);
    for (Index i = 0; i < stacked.cols(); ++i)
      stacked.col(i).segment(first, size) = Eigen::Map<const Vector>(sigma[i].data(), size);
    first += size;
  }
  return stacked;
}

// dSigma / d value_k = dSigma / dtheta J^-1
Matrix by_values(const Structure& structure, const ConstVectorRef& theta, const Parts& parts) {
  return by_theta(structure, theta, parts) * structure.value_jacobian(theta).inverse();
}

// A matrix among all positions as such, those of several parts one after the other.
Matrix in_shape(const Vector& stacked, const Parts& parts, const Structure& structure) {
  const Index n = structure.n_coef();
  if (parts.size() != 1 || static_cast<Index>(parts[0].size()) != n) return stacked;
  return Eigen::Map<const Matrix>(stacked.data(), n, n);
}

// Of a random term: the same limit as of residuals.
Parts random_parts(const RandomBlock& block) {
  if (block.structure->n_coef() > kLargestWhole) return {};
  return {all_positions(*block.structure)};
}

// sum_ij covariance_ij d/dtheta_i (dSigma/dvalue) dvalue/dtheta_j: with the chain rule this is all
// of the second derivative but the part along d2 value. Where every second derivative is a
// combination of first ones, the structure is linear in some other values (cs and toep are, in
// covariances), and nothing is left.
Matrix nonlinear_sigma(const Structure& structure, const Vector& theta, const Parts& parts,
                       const Matrix& covariance) {
  const Matrix at = by_values(structure, theta, parts);
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
        (by_values(structure, above, parts) - by_values(structure, below, parts)) / (2.0 * kStep);
    const Matrix projected = at * gram.solve(at.transpose() * change);
    linear = linear && (change - projected).norm() <= kLinear * (change.norm() + at.norm());
    sum += change * (jacobian * covariance.col(i));
  }
  if (linear) return Matrix();
  return in_shape(sum, parts, structure);
}

// The same of a slot, if all its theta move.
Matrix nonlinear_sigma_at(const Slot& slot, const ConstVectorRef& theta, const Parts& parts,
                          const std::vector<Index>& place, const Matrix& covariance) {
  const Index n = slot.n_theta();
  if (n == 0 || n != slot.n_values() || parts.empty()) return Matrix();
  for (Index i = 0; i < n; ++i) {
    if (place[slot.first_theta + i] == kNone) return Matrix();
  }
  const Index first = place[slot.first_theta];
  return nonlinear_sigma(*slot.structure, slot.theta_of(theta), parts,
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
    const Parts parts{all_positions(*block.structure)};
    const Matrix sigma = by_theta(*block.structure, block.theta_of(theta), parts);
    for (Index i = 0; i < block.n_theta(); ++i)
      all[block.first_theta + i].sigma[b] = in_shape(sigma.col(i), parts, *block.structure);
  }
  for (std::size_t b = 0; b < model.residual.blocks.size(); ++b) {
    const ResidualBlock& block = model.residual.blocks[b];
    const Parts parts = sigma_parts(block);
    Matrix sigma;
    if (!parts.empty()) sigma = by_theta(*block.structure, block.theta_of(theta), parts);
    for (Index i = 0; i < block.n_theta(); ++i) {
      Direction& direction = all[block.first_theta + i];
      if (parts.empty()) {
        direction.theta = Vector::Unit(model.n_theta, block.first_theta + i);
        continue;
      }
      direction.residual_sigma.resize(model.residual.blocks.size());
      direction.residual_sigma[b] = in_shape(sigma.col(i), parts, *block.structure);
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
  for (const RandomBlock& block : model.blocks)
    part.sigma.push_back(nonlinear_sigma_at(block, theta, random_parts(block), place, covariance));
  for (const ResidualBlock& block : model.residual.blocks)
    part.residual_sigma.push_back(
        nonlinear_sigma_at(block, theta, sigma_parts(block), place, covariance));
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
