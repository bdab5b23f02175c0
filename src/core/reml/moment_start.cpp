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
// And of psi, as a share of the variance.
constexpr double kLeastSpecific = 0.1;
// How far correlations are drawn to zero, for a start away from singular matrices.
constexpr double kTowardsDiagonal = 0.2;

// Factor analytic: Lambda = [Gamma, Psi^1/2] has more columns than rows, and its values are psi,
// then the loadings. A product of one with another structure is not.
bool is_factor_analytic(const covariance::Structure& structure) {
  return structure.n_columns() > structure.n_coef() &&
         structure.factor_pattern().rightCols(structure.n_coef()).isIdentity(0.0);
}

// One block, or, parted, a block for each psi and behind them one for the loadings.
struct FactorTerm {
  const RandomBlock* last;
  std::vector<const RandomBlock*> specific;

  Index first_value() const {
    return specific.empty() ? last->first_value : specific[0]->first_value;
  }
  Index first_theta() const {
    return specific.empty() ? last->first_theta : specific[0]->first_theta;
  }
};

std::vector<FactorTerm> factor_terms(const Model& model) {
  std::vector<FactorTerm> found;
  std::vector<const RandomBlock*> single;  // of the same term, before the block
  for (const RandomBlock& block : model.blocks) {
    if (!single.empty() && single.back()->term != block.term) single.clear();
    if (block.n_coef == 1) {
      single.push_back(&block);
    } else if (!single.empty()) {
      found.push_back({&block, std::move(single)});
      single.clear();
    } else if (is_factor_analytic(*block.structure)) {
      found.push_back({&block, {}});
    }
  }
  return found;
}

bool is_open(const FactorTerm& term, const model::VarianceRequest& request) {
  const covariance::Structure& structure = *term.last->structure;
  const Index end = term.last->first_value + structure.n_values();
  for (Index i = term.first_value(); i < end; ++i) {
    if (request.held[static_cast<std::size_t>(i)] || !std::isnan(request.values[i])) return false;
  }
  return structure.n_theta() == structure.n_values();
}

Parameters with_theta(const Parameters& from, const RandomBlock& block, const Vector& theta) {
  Vector all = from.theta();
  block.theta_of(all) = theta;
  return {std::move(all), from.log_residual()};
}

Parameters with_specific(Parameters from, const FactorTerm& term, const Vector& variances) {
  for (std::size_t c = 0; c < term.specific.size(); ++c)
    from = with_theta(from, *term.specific[c],
                      term.specific[c]->structure->theta_from_variance(variances[c]));
  return from;
}

// Sigma = v I without loadings.
Parameters with_independent(const Parameters& from, const FactorTerm& term, double v) {
  const RandomBlock& last = *term.last;
  Vector values = Vector::Zero(last.structure->n_values());
  if (term.specific.empty()) values.head(last.n_coef).setConstant(v);
  return with_specific(with_theta(from, last, last.structure->theta_from_values(values)), term,
                       Vector::Constant(last.n_coef, v));
}

// The loadings, and of psi what they leave of the variances.
Parameters with_covariance(const Parameters& from, const FactorTerm& term,
                           const Matrix& covariance) {
  const covariance::Structure& structure = *term.last->structure;
  const Vector theta = structure.theta_from_covariance(covariance);
  const Parameters found = with_theta(from, *term.last, theta);
  if (term.specific.empty()) return found;
  const Vector variance = covariance.diagonal();
  return with_specific(found, term,
                       (variance - structure.factor(theta)->rowwise().squaredNorm())
                           .cwiseMax(kLeastSpecific * variance));
}

double mean_variance(const FactorTerm& term, const Parameters& parameters) {
  double sum = term.last->structure->factor(parameters.of(*term.last))->squaredNorm();
  for (const RandomBlock* block : term.specific)
    sum += block->structure->factor(parameters.of(*block))->squaredNorm();
  return sum / static_cast<double>(term.last->n_coef);
}

// s_i'K s_j for all pairs of coefficients.
Matrix products_of_scores(const Evaluation& evaluation, const RandomBlock& block) {
  const Parameters& at = evaluation.parameters;
  const Matrix s = block.over_levels(evaluation.score());
  Matrix ks = s.transpose();
  block.levels->multiply(ks);
  const Matrix products = s * ks / (at.residual() * at.residual());
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
  std::vector<FactorTerm> open;
  Parameters independent = start;
  for (const FactorTerm& term : factor_terms(model)) {
    if (!is_open(term, request)) continue;
    independent = with_independent(independent, term, mean_variance(term, start));
    open.push_back(term);
  }
  if (open.empty()) return start;
  std::optional<Evaluation> evaluation = evaluate(equations, independent, false, callbacks);
  if (!evaluation) return start;
  std::vector<Matrix> products;
  for (const FactorTerm& term : open)
    products.push_back(products_of_scores(*evaluation, *term.last));
  const Vector gradient = derivatives(std::move(*evaluation), callbacks, Extent::gradient).gradient;
  Parameters found = start;
  for (std::size_t k = 0; k < open.size(); ++k) {
    const RandomBlock& last = *open[k].last;
    const Matrix covariance =
        moment_covariance(products[k], gradient.segment(open[k].first_theta(), last.n_coef),
                          mean_variance(open[k], independent), static_cast<double>(last.n_levels));
    if (!covariance.allFinite()) return start;
    found = with_covariance(found, open[k], covariance);
  }
  return found;
}

}  // namespace henderson::reml
