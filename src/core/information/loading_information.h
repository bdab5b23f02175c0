// SPDX-License-Identifier: GPL-3.0-or-later
// The exact Hessian of a small model of many parameters whose Lambda is sparse in each of them, as
// [Gamma, Psi^1/2] is: what its expected information and the curvature of Sigma(theta) are, without
// differences of the score. With few levels (seven varieties in 55 environments) the average
// information is far from both.
//
// With T = Z'PZ of all random columns, T_lm its block of the levels l and m, R_lm = T_lm Lambda_m
// and Q_lm = Lambda_l'T_lm Lambda_m, for V_j = Z(Lambda_j' Lambda' + Lambda Lambda_j'^T x I)Z':
//
//     tr(P V_i P V_j) / 2 = sum of Lambda_i' * S_j,
//     S_j = sum_lm T_lm Lambda_j' Q_lm' + R_lm Lambda_j'^T R_ml
//     d(-2l)/dSigma = sum_l T_ll - s_l s_l',   s = Z'Py
//
// sigma^2 follows (residual_information.h).
#pragma once

#include <optional>

#include "core/likelihood/evaluation.h"

namespace henderson::information {

struct ExactParts {
  Matrix expected;   // over [all theta, log sigma^2]
  Matrix curvature;  // the rest of the Hessian of -2l: H = 4 average - 2 expected + curvature
};

// Nothing for ML, structured residuals, related levels, or where it would cost more than some
// iterations: more than 400 random columns, or 10^8 multiplications. Cost: a block solve with the
// random columns; for each entry of a dLambda / dtheta (pairs of levels) x (entries of Lambda).
std::optional<ExactParts> loading_information(const likelihood::Evaluation& evaluation);

}  // namespace henderson::information
