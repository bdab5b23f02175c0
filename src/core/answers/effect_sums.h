// SPDX-License-Identifier: GPL-3.0-or-later
// Weighted sums over points of the means of all effects, and of their products within levels: what
// posterior means and variances of effects are made of, without a copy of the effects of any point.
#pragma once

#include <vector>

#include "core/model/model.h"

namespace henderson::answers {

struct EffectSums {
  double top;                    // the largest log weight: sums are relative to its weight
  double total;                  // of the weights
  Vector sum;                    // of the effects, beta and then u of each term
  std::vector<Matrix> products;  // of each term: n_coef^2 x n_levels

  explicit EffectSums(const model::Model& model);

  // effects: a column for each point. Points whose weight is zero may have any. Points are added
  // in their order.
  void add(const model::Model& model, const ConstMatrixRef& effects,
           const ConstVectorRef& log_weights);

 private:
  void rescale(double new_top);
};

}  // namespace henderson::answers
