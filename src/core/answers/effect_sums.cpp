// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/effect_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace henderson::answers {
namespace {

// products(:, l) += weight u_l u_l' for each level l.
void add_products(double weight, const double* u, Index m, Matrix& products) {
  for (Index l = 0; l < products.cols(); ++l, u += m) {
    double* into = products.data() + m * m * l;
    for (Index a = 0; a < m; ++a) {
      const double weighted = weight * u[a];
      for (Index b = 0; b < m; ++b) into[m * a + b] += weighted * u[b];
    }
  }
}

}  // namespace

EffectSums::EffectSums(const model::Model& model)
    : top(-std::numeric_limits<double>::infinity()), total(0.0) {
  Index n = model.fixed.n_original;
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t) {
    const Index m = model.n_coef_of_term[t];
    products.push_back(Matrix::Zero(m * m, model.n_levels_of_term[t]));
    n += m * model.n_levels_of_term[t];
  }
  sum = Vector::Zero(n);
}

void EffectSums::rescale(double new_top) {
  const double shrink = std::exp(top - new_top);
  total *= shrink;
  sum *= shrink;
  for (Matrix& own : products) own *= shrink;
  top = new_top;
}

void EffectSums::add(const model::Model& model, const ConstMatrixRef& effects,
                     const ConstVectorRef& log_weights) {
  const double highest = log_weights.maxCoeff();
  if (!std::isfinite(highest)) return;
  if (highest > top) rescale(highest);
  for (Index k = 0; k < effects.cols(); ++k) {
    const double weight = std::exp(log_weights[k] - top);
    if (!(weight > 0.0)) continue;
    total += weight;
    sum += weight * effects.col(k);
    const double* u = effects.col(k).data() + model.fixed.n_original;
    for (std::size_t t = 0; t < products.size(); ++t) {
      const Index m = model.n_coef_of_term[t];
      add_products(weight, u, m, products[t]);
      u += m * products[t].cols();
    }
  }
}

}  // namespace henderson::answers
