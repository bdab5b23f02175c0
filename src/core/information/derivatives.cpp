// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/derivatives.h"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

namespace henderson::information {
namespace {

using equations::MixedModelEquations;
using likelihood::Evaluation;
using likelihood::Parameters;
using model::Model;
using model::RandomBlock;

// Coefficients of a block up to which singular values are taken.
constexpr Index kSmallFactor = 30;

// d(-2l)/dLambda of one block, n_coef x n_columns, Lambda not relative.
Matrix block_score(const MixedModelEquations& equations, const RandomBlock& block,
                   const Matrix& trace, const equations::Solution& solution,
                   const Parameters& parameters) {
  const Index first = equations.pattern().nodes.first_column[block.first_node];
  const Eigen::Map<const Matrix> v(solution.scaled.data() + first, block.structure->n_columns(),
                                   block.n_levels);
  const Eigen::Map<const Matrix> s(solution.score.data() + block.first_column, block.n_coef,
                                   block.n_levels);
  const Matrix sv = s * v.transpose();
  return (2.0 / parameters.residual_sd()) * (trace.transpose() - sv / parameters.residual());
}

// G = d(-2l)/dSigma as far as the score tells it: the symmetric matrix of least norm with
// (G Lambda)_rc = score_rc / 2 where `known` is 1, of the others the score is not known. Off the
// diagonal of Psi only what the loadings say of G is used. Cost: (number of known)^2 x n_coef^2.
Matrix gradient_of_least_norm(const Matrix& score, const Matrix& known, const Matrix& lambda) {
  const Index t = score.rows();
  const auto place = [t](Index a, Index b) { return std::min(a, b) * t + std::max(a, b); };
  std::vector<Index> number(static_cast<std::size_t>(t * t), 0);
  Index n_unknown = 0;
  for (Index a = 0; a < t; ++a) {
    for (Index b = a; b < t; ++b) number[place(a, b)] = n_unknown++;
  }
  Matrix equations = Matrix::Zero(static_cast<Index>(known.sum()), n_unknown);
  Vector right(equations.rows());
  Index e = 0;
  for (Index c = 0; c < score.cols(); ++c) {
    for (Index r = 0; r < t; ++r) {
      if (known(r, c) == 0.0) continue;
      for (Index a = 0; a < t; ++a)
        equations(e, number[place(r, a)]) = lambda(a, c) * (a == r ? 1.0 : M_SQRT1_2);
      right[e++] = 0.5 * score(r, c);
    }
  }
  const Vector g = equations.completeOrthogonalDecomposition().solve(right);
  Matrix found(t, t);
  for (Index a = 0; a < t; ++a) {
    for (Index b = 0; b < t; ++b) found(a, b) = g[number[place(a, b)]] * (a == b ? 1.0 : M_SQRT1_2);
  }
  return found;
}

// The curvature of Sigma(theta) makes d2(-2l) contain tr(G d2Sigma) with G = d(-2l)/dSigma. The
// score is 2 G Lambda, which gives G where Lambda is not singular; the search keeps off the points
// where it is.
void add_curvature(const RandomBlock& block, const Matrix& score, bool whole,
                   const Parameters& parameters, Matrix& curvature) {
  const auto theta = parameters.of(block);
  const std::optional<Matrix> lambda = block.structure->factor(theta);
  const Index n = block.structure->n_theta();
  if (!whole) {
    curvature.block(block.first_theta, block.first_theta, n, n) = block.structure->curvature(
        theta, gradient_of_least_norm(score, block.structure->factor_pattern(), *lambda));
    return;
  }
  const Matrix g = covariance_gradient(*lambda, 0.5 * score.transpose());
  curvature.block(block.first_theta, block.first_theta, n, n) =
      block.structure->curvature(theta, 0.5 * (g + g.transpose()));
}

}  // namespace

// Both ways give the solution of least norm; singular values are safer, and slow for large
// matrices.
Matrix covariance_gradient(const Matrix& lambda, const Matrix& half_score) {
  const Matrix transposed = lambda.transpose();
  if (transposed.cols() > kSmallFactor)
    return transposed.completeOrthogonalDecomposition().solve(half_score);
  return transposed.jacobiSvd(Eigen::ComputeThinU | Eigen::ComputeThinV).solve(half_score);
}

Inverted inverted(MixedModelEquations& equations, equations::Solved&& solved,
                  const equations::Factors& lambda, Callbacks& callbacks) {
  linalg::InverseOptions options;
  options.threads = equations.threads();
  const bool apart = solved.random_factor.has_value();
  options.without_last = !equations.model().reml && !apart;
  if (apart) equations.give_back(std::move(solved.factor).release());
  MixedModelEquations& part = apart ? *equations.random_part() : equations;
  linalg::SelectedInverse inverse = linalg::selected_inverse(
      std::move(apart ? *solved.random_factor : solved.factor), options, callbacks);
  Inverted found{equations::make_traces(part, lambda, inverse), {}};
  if (equations.records()) found.unscaled = equations::unscaled_inverse(equations, lambda, inverse);
  part.give_back(std::move(inverse).release());
  return found;
}

Derivatives derivatives(MixedModelEquations& equations, Evaluation&& evaluation,
                        Callbacks& callbacks, Extent extent) {
  const Model& model = equations.model();
  const Parameters& parameters = evaluation.parameters;
  const equations::Solution& solution = evaluation.solved.solution;
  Derivatives found;
  const Index n_parameters = model.n_parameters();
  found.information = extent == Extent::information ? average_information(equations, evaluation)
                                                    : Matrix::Zero(n_parameters, n_parameters);
  found.gradient = Vector::Zero(n_parameters);
  found.curvature = Matrix::Zero(n_parameters, n_parameters);

  const auto [traces, unscaled] =
      inverted(equations, std::move(evaluation.solved), evaluation.lambda, callbacks);

  double residual_ss = solution.quadratic;  // e'e = y'Py sigma^2 - v'Bv, and Bv = Lambda's
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const Matrix score = block_score(equations, block, traces.of_block[b], solution, parameters);
    const std::vector<Matrix> dlambda = block.structure->derivatives(parameters.of(block));
    for (std::size_t i = 0; i < dlambda.size(); ++i) {
      found.gradient[block.first_theta + static_cast<Index>(i)] =
          score.cwiseProduct(dlambda[i]).sum();
    }
    if (extent != Extent::gradient) {
      const bool whole = !equations::has_sparse_blocks(block, equations.entries());
      add_curvature(block, score, whole, parameters, found.curvature);
      found.has_block_curvature = found.has_block_curvature && whole;
    }
    const Index n = static_cast<Index>(block.n_coef) * block.n_levels;
    residual_ss -= solution.unscaled.segment(block.first_column, n)
                       .dot(solution.score.segment(block.first_column, n));
  }
  if (const equations::WhitenedRecords* records = equations.records()) {
    const Vector& theta = parameters.theta();
    const double residual = parameters.residual();
    const std::optional<std::vector<Matrix>> g =
        records->covariance_score(unscaled, solution.unscaled, residual);
    found.has_residual_curvature = extent == Extent::curvature && g.has_value();
    if (g) {
      records->add_score(theta, *g, found.gradient);
      if (found.has_residual_curvature) records->add_curvature(theta, *g, found.curvature);
    } else {
      records->add_score(theta, unscaled, solution.unscaled, residual, found.gradient);
    }
    return found;
  }
  found.gradient[model.n_theta] = static_cast<double>(model.n_records) - traces.of_records -
                                  residual_ss / parameters.residual();
  return found;
}

}  // namespace henderson::information
