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
Matrix block_score(const Evaluation& at, const RandomBlock& block, const Matrix& trace) {
  const equations::Solution& solution = at.solution();
  const Index first = at.equations().columns().nodes.first_column[block.first_node];
  const Eigen::Map<const Matrix> v(solution.scaled.data() + first, block.structure->n_columns(),
                                   block.n_levels);
  const Matrix sv = block.over_levels(at.score()) * v.transpose();
  return (2.0 / at.parameters.residual_sd()) * (trace.transpose() - sv / at.residual());
}

// G = d(-2l)/dSigma as far as the score tells it: the symmetric matrix of least norm with
// (G Lambda)_rc = score_rc / 2 where `known` is 1, of the others the score is not known. Off the
// diagonal of Psi only what the loadings say of G is used.
//
// The solution of least norm of A g = score / 2 is A'm with AA'm = score / 2, or G = (M Lambda' +
// Lambda M') / 2 with M the entries of m. Two equations of one row of G share it all, those of rows
// r and q the entry (r, q). Cost: (number of known)^3.
Matrix gradient_of_least_norm(const Matrix& score, const Matrix& known, const Matrix& lambda) {
  std::vector<std::pair<Index, Index>> at;
  for (Index c = 0; c < score.cols(); ++c) {
    for (Index r = 0; r < score.rows(); ++r) {
      if (known(r, c) != 0.0) at.emplace_back(r, c);
    }
  }
  const auto n = static_cast<Index>(at.size());
  const Matrix products = lambda.transpose() * lambda;
  Matrix system(n, n);
  Vector right(n);
  for (Index e = 0; e < n; ++e) {
    const auto [r, c] = at[e];
    right[e] = 0.5 * score(r, c);
    for (Index f = 0; f < n; ++f) {
      const auto [q, d] = at[f];
      system(f, e) = r == q ? 0.5 * (products(c, d) + lambda(r, c) * lambda(r, d))
                            : 0.5 * lambda(q, c) * lambda(r, d);
    }
  }
  const Vector solved = system.completeOrthogonalDecomposition().solve(right);
  Matrix m = Matrix::Zero(score.rows(), score.cols());
  for (Index e = 0; e < n; ++e) m(at[e].first, at[e].second) = solved[e];
  const Matrix half = 0.5 * m * lambda.transpose();
  return half + half.transpose();
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

void add_random_blocks(const Evaluation& at, const equations::Traces& traces, Extent extent,
                       Derivatives& found) {
  const Model& model = at.model();
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const Matrix score = block_score(at, block, traces.of_block[b]);
    const std::vector<Matrix> dlambda = block.structure->derivatives(at.parameters.of(block));
    for (std::size_t i = 0; i < dlambda.size(); ++i) {
      found.gradient[block.first_theta + static_cast<Index>(i)] =
          score.cwiseProduct(dlambda[i]).sum();
    }
    if (extent == Extent::gradient) continue;
    const bool whole = !equations::has_sparse_blocks(block, at.equations().entries());
    add_curvature(block, score, whole, at.parameters, found.curvature);
    found.has_block_curvature = found.has_block_curvature && whole;
  }
}

void add_residual_blocks(const Evaluation& at, const equations::WhitenedRecords& records,
                         const std::vector<double>& unscaled, Extent extent, Derivatives& found) {
  const Vector& u = at.solution().unscaled;
  // Many positions: G is dear, and T' may be sparse.
  std::optional<std::vector<Matrix>> g;
  if (extent == Extent::curvature || records.has_few_positions())
    g = records.covariance_score(unscaled, u, at.residual());
  found.has_residual_curvature = extent == Extent::curvature && g.has_value();
  if (!g) return records.add_score(unscaled, u, at.residual(), found.gradient);
  records.add_score(*g, found.gradient);
  if (found.has_residual_curvature) records.add_curvature(*g, found.curvature);
}

// e'e = y'Py sigma^2 - v'Bv, and Bv = Lambda's.
double error_squares(const Evaluation& at) {
  const equations::Solution& solution = at.solution();
  const Index n_random = at.model().n_random_columns;
  return solution.quadratic - solution.unscaled.head(n_random).dot(at.score().head(n_random));
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

Inverted inverted(equations::Solved& at, Callbacks& callbacks) {
  const MixedModelEquations& equations = *at.equations;
  const bool apart = at.random_factor.has_value();
  linalg::InverseOptions options;
  options.threads = equations.threads();
  options.without_last = !equations.model().reml && !apart;
  const equations::EquationPattern& pattern =
      (apart ? equations.random_solver() : equations.solver()).pattern();
  const linalg::SelectedInverse inverse = linalg::selected_inverse(
      std::move(apart ? *at.random_factor : at.factor), options, callbacks);
  Inverted found{equations::make_traces(at, pattern, inverse), {}};
  if (at.records.whitened()) found.unscaled = equations::unscaled_inverse(at, pattern, inverse);
  return found;
}

Derivatives derivatives(Evaluation&& evaluation, Callbacks& callbacks, Extent extent) {
  Evaluation at = std::move(evaluation);
  const Model& model = at.model();
  const Index n_parameters = model.n_parameters();
  Derivatives found;
  found.information = extent == Extent::information ? average_information(at)
                                                    : Matrix::Zero(n_parameters, n_parameters);
  found.gradient = Vector::Zero(n_parameters);
  found.curvature = Matrix::Zero(n_parameters, n_parameters);

  const auto [traces, unscaled] = inverted(at.solved, callbacks);
  add_random_blocks(at, traces, extent, found);
  if (const equations::WhitenedRecords* records = at.records().whitened()) {
    add_residual_blocks(at, *records, unscaled, extent, found);
  } else {
    found.gradient[model.n_theta] =
        model.n_observations() - traces.of_records - error_squares(at) / at.residual();
  }
  return found;
}

}  // namespace henderson::information
