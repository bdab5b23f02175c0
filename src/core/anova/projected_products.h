// SPDX-License-Identifier: GPL-3.0-or-later
// Inner products of the matrices H_i = Z_m'(P_i - P_i-1)Z_l: what the expectations and the
// covariances of the reductions are made of.
#pragma once

#include <vector>

#include "core/anova/growing_model.h"

namespace henderson::anova {

struct ProjectedProducts {
  // trace(i, l) = tr(Z_l'(P_i - P_i-1)Z_l), i <= l; terms count from 0, and P_-1 is that of X.
  Matrix trace;
  // inner[m][l](i, j) = tr(H_i'H_j), i, j <= m <= l; empty where it was not asked for.
  std::vector<std::vector<Matrix>> inner;
};

// models[k] has the first k terms. The columns of Z_l go through in blocks of 64, so nothing larger
// than levels x 64 is dense. Cost: see products_flops().
ProjectedProducts projected_products(const model::Model& model,
                                     const std::vector<GrowingModel>& models, bool with_inner,
                                     Callbacks& callbacks);

double products_flops(const model::Model& model, const std::vector<GrowingModel>& models,
                      bool with_inner);

}  // namespace henderson::anova
