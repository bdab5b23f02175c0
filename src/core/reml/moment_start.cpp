// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/moment_start.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/information/derivatives.h"

namespace henderson::reml {
namespace {

using equations::MixedModelEquations;
using information::derivatives;
using information::Extent;
using likelihood::evaluate;
using likelihood::Evaluation;
using likelihood::Parameters;
using model::Model;
using model::RandomBlock;

// The least estimate of a variance, as a share of the mean one.
constexpr double kLeastVariance = 0.05;
// How far correlations are drawn to zero, for a start away from singular matrices.
constexpr double kTowardsDiagonal = 0.2;

// Factor analytic: Lambda = [Gamma, Psi^1/2] has more columns than rows, and its values are psi,
// then the loadings. A product of one with another structure is not.
bool is_factor_analytic(const covariance::Structure& structure) {
  return structure.n_columns() > structure.n_coef() &&
         structure.factor_pattern().rightCols(structure.n_coef()).isIdentity(0.0);
}

bool is_open(const RandomBlock& block, const model::VarianceRequest& request) {
  const covariance::Structure& structure = *block.structure;
  if (block.held || !is_factor_analytic(structure)) return false;
  for (Index i = block.first_value; i < block.first_value + structure.n_values(); ++i) {
    if (request.held[static_cast<std::size_t>(i)] || !std::isnan(request.values[i])) return false;
  }
  return structure.n_theta() == structure.n_values();
}

// Sigma = v I without loadings.
Vector independent_theta(const RandomBlock& block, double v) {
  Vector values = Vector::Zero(block.structure->n_values());
  values.head(block.n_coef).setConstant(v);
  return block.structure->theta_from_values(values);
}

Parameters with_theta(const Parameters& from, const RandomBlock& block, const Vector& theta) {
  Vector all = from.theta();
  block.theta_of(all) = theta;
  return {std::move(all), from.log_residual()};
}

double mean_variance(const RandomBlock& block, const Parameters& parameters) {
  return block.structure->factor(parameters.of(block))->squaredNorm() /
         static_cast<double>(block.n_coef);
}

// s_i'K s_j for all pairs of coefficients: K s is v / sqrt(variance), with Lambda = [0, I] times
// that root.
Matrix products_of_scores(const Evaluation& evaluation, const RandomBlock& block) {
  const Parameters& at = evaluation.parameters;
  const Index m = block.structure->n_columns();
  const Eigen::Map<const Matrix> v(
      evaluation.solution().scaled.data() +
          evaluation.equations().columns().nodes.first_column[block.first_node],
      m, block.n_levels);
  const Eigen::Map<const Matrix> s(evaluation.score().data() + block.first_column, block.n_coef,
                                   block.n_levels);
  const double variance = mean_variance(block, at);
  const Matrix products = s * v.bottomRows(block.n_coef).transpose() /
                          (std::sqrt(variance) * at.residual() * at.residual_sd());
  return 0.5 * (products + products.transpose());
}

// One scoring step from v I. `gradient`: of -2l in the roots of psi.
Matrix moment_covariance(const Matrix& products, const Vector& gradient, double v,
                         double n_levels) {
  const Index t = products.rows();
  const Vector trace = products.diagonal() + gradient / (2.0 * std::sqrt(v));  // tr(Z_r'P Z_r K)
  Vector scale(t), variance(t);
  for (Index r = 0; r < t; ++r) {
    const bool informed = trace[r] > 0.0;
    scale[r] = informed ? std::sqrt(n_levels) / trace[r] : 0.0;
    variance[r] = informed ? v + (products(r, r) - trace[r]) * n_levels / (trace[r] * trace[r]) : v;
  }
  variance = variance.cwiseMax(kLeastVariance * std::max(variance.mean(), v));
  Matrix covariance = (1.0 - kTowardsDiagonal) * scale.asDiagonal() * products * scale.asDiagonal();
  for (Index j = 0; j < t; ++j) {
    for (Index i = 0; i < t; ++i) {
      const double most = (1.0 - kTowardsDiagonal) * std::sqrt(variance[i] * variance[j]);
      covariance(i, j) = i == j ? variance[i] : std::clamp(covariance(i, j), -most, most);
    }
  }
  return covariance;
}

}  // namespace

Parameters moment_start(const MixedModelEquations& equations, const Parameters& start,
                        const model::VarianceRequest& request, Callbacks& callbacks) {
  const Model& model = equations.model();
  std::vector<const RandomBlock*> open;
  Parameters independent = start;
  for (const RandomBlock& block : model.blocks) {
    if (!is_open(block, request)) continue;
    open.push_back(&block);
    independent =
        with_theta(independent, block, independent_theta(block, mean_variance(block, start)));
  }
  if (open.empty()) return start;
  std::optional<Evaluation> evaluation = evaluate(equations, independent, false, callbacks);
  if (!evaluation) return start;
  std::vector<Matrix> products;
  for (const RandomBlock* block : open) {
    products.push_back(products_of_scores(*evaluation, *block));
  }
  const Vector gradient = derivatives(std::move(*evaluation), callbacks, Extent::gradient).gradient;
  Parameters found = start;
  for (std::size_t k = 0; k < open.size(); ++k) {
    const RandomBlock& block = *open[k];
    const Matrix covariance =
        moment_covariance(products[k], gradient.segment(block.first_theta, block.n_coef),
                          mean_variance(block, independent), static_cast<double>(block.n_levels));
    if (!covariance.allFinite()) return start;
    found = with_theta(found, block, block.structure->theta_from_covariance(covariance));
  }
  return found;
}

}  // namespace henderson::reml
