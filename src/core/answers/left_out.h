// SPDX-License-Identifier: GPL-3.0-or-later
// Log predictive densities of groups of records without them, given the variance parameters.
//
// The effects are integrated out, the fixed ones under a flat prior: of P = R^-1 - R^-1 W C^-1
// W'R^-1, y_g given the other records has the precision P_gg and is (P_gg)^-1 (Py)_g above its
// mean. Where R ties no record of g to others, with M the covariance of W_g b that C^-1 has and r =
// y_g - W_g b,
//
//     P_gg = R_g^-1 (R_g - M) R_g^-1,   (Py)_g = R_g^-1 r
//     -2 log p(y_g | y_-g) = n_g log 2 pi + 2 log|R_g| - log|R_g - M| + r'(R_g - M)^-1 r
//
// The difference of -2l with and without g, exactly.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "core/bayes/surface.h"

namespace henderson::answers {

// Group g has the records first[g], ..., first[g + 1] - 1.
struct LeftOutGroups {
  Eigen::SparseMatrix<double> design;  // W', effects (as in errors.h) x records
  Vector response;
  std::vector<Index> first;
};

// groups x points; NaN where the group alone tells a fixed effect. residuals: a column for each
// point, R_g of group after group. Cost: a factor for each point and half a solve for each record.
Matrix left_out_densities(bayes::Surface& surface, const Matrix& values,
                          const LeftOutGroups& groups, const ConstMatrixRef& residuals,
                          Callbacks& callbacks);

}  // namespace henderson::answers
