// SPDX-License-Identifier: GPL-3.0-or-later
// Henderson's Method 3: variances from reductions in sums of squares (fitting constants).
//
// Terms enter in the order of the model. With P_k the projection on [X, Z_1, ..., Z_k],
//
//     SS_k = y'(P_k - P_k-1)y,   SS_e = y'(I - P_r)y,
//     E(SS_k) = sum over j >= k of sigma_j^2 tr(Z_j'(P_k - P_k-1)Z_j) + sigma^2 (rank_k - rank_k-1)
//
// and the estimates solve SS = E(SS), a triangular system. Source: Henderson (1953), Biometrics
// 9:226; Searle, Casella & McCulloch (1992), Variance Components, ch. 5.
#pragma once

#include <vector>

#include "core/model/model.h"

namespace henderson::anova {

struct MethodOptions {
  double max_flops = 3e11;  // dearer models get no sampling covariance
  int threads = 1;
};

// On the user's scale. Rows are the terms in their order and the residual last.
struct MethodThree {
  Vector sums_of_squares;
  Vector df;
  Matrix expected;     // E(SS) = expected x variances
  Vector variances;    // as they come out, negative ones too; NaN where expected is singular
  Matrix covariance;   // of the variances under normality, at the estimates (negative ones as 0);
                       // NaN where it would cost more than max_flops
  double flops = 0.0;  // that the sampling covariance would cost, or did
};

// Needs: every random term with one coefficient and unrelated levels, one residual variance. Cost:
// a factor for each of the growing models, and a solve with each for every level of the terms that
// follow. Throws InvalidSpec, Interrupted.
MethodThree method_three(const model::Model& model, const MethodOptions& options,
                         Callbacks& callbacks);

}  // namespace henderson::anova
