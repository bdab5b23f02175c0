// SPDX-License-Identifier: GPL-3.0-or-later
// Covariance of estimates of linear functions K'beta + L'u, how it changes with the variance
// parameters, and Kenward & Roger's adjustment of it.
//
// With Phi = (X'V^-1X)^-1 and T = V^-1 X Phi K, everything is in the small space of the columns of
// K:
//
//     d(K'Phi K)/dtheta_i          = T'V_i T                                    (Satterthwaite)
//     K'Phi(Q_ij - P_i Phi P_j)Phi K = T'V_i P V_j T,   K'Phi R_ij Phi K = T'V_ij T
//     K'Phi_A K = K'Phi K + 2 sum_ij w_ij (T'V_i P V_j T - T'V_ij T / 4)         (Kenward & Roger)
//
// With L the error is T'y - K'beta - L'u, T = R^-1 W_s C^-1 [L_s; K]. T'y has the least error of
// all unbiased functions of y, so that T stands still in its derivative, (Z'T - L)'G_i(Z'T - L) +
// T'R_i T, and dT/dtheta_i = -P F_i with F_i = Z G_i(Z'T - L) + R_i T, in the place of V_i T above
// (Kackar & Harville 1984, JASA 79:853; for L = 0 both are the same).
//
// Their improvement of 2009 also counts the bias of the estimated parameters, and has only the part
// of sum_ij w_ij V_ij beside the V_i (directions.h) there.
//
// T = R^-1 W_s C^-1 [0; K], a solve with the factor; V_i T = W h stays in the columns of W, but for
// a structured residual, where it is made by record; and with w = LL' the double sum is one over
// directions sum_i L_ik V_i, each a sum of squares. Source: Kenward & Roger (1997), Biometrics
// 53:983, and (2009), Computational Statistics & Data Analysis 53:2583; Fai & Cornelius (1996).
#pragma once

#include <Eigen/SparseCore>
#include <optional>

#include "core/answers/directions.h"
#include "core/likelihood/evaluation.h"

namespace henderson::answers {

struct MeanCovariance {
  Matrix covariance;              // K'Phi K, with L of the errors of K'beta^ + L'u^
  std::vector<Matrix> gradients;  // its derivatives, one for each direction
  Matrix adjusted;                // K'Phi_A K; of size 0 where it was not asked for
};

// What Kenward & Roger's adjustment needs.
struct Adjustment {
  Matrix parameter_covariance;  // w, over the directions. Needs: positive definite
  Direction nonlinear;          // nonlinear_part(), or what is beside() of it
};

// Needs: K over the original columns of X, or over these and all random effects (see errors.h).
// Cost: a block solve with the columns of K, and for the adjustment one more for each direction.
// Throws Interrupted.
MeanCovariance mean_covariance(const likelihood::Evaluation& at, const Matrix& k,
                               const std::vector<Direction>& directions,
                               const std::optional<Adjustment>& adjustment, Callbacks& callbacks);

}  // namespace henderson::answers
