// SPDX-License-Identifier: GPL-3.0-or-later
// Score and average information with respect to [all theta, log sigma^2].
//
// With V' = Z(Lambda' x K)Z_s' + its transpose and D = C^-1 (relative to sigma^2, as everything
// from the equations):
//
//     d(-2l)/d theta     = 2 tr(D_v. W_s'Z(Lambda' x I)) - 2 s'(Lambda' x I)v / sigma^2
//     d(-2l)/d log s^2   = n - tr(D W_s'W_s) - e'e / sigma^2
//     AI_ij = q_i'P q_j / 2,   q = V'Py = Z[(Lambda' x I)v + (Lambda Lambda'^T x K)s],   q = e for
//     log sigma^2
//
// With a structured residual the parameters are theta alone, and those of R have the score of
// WhitenedRecords::add_score and q = R'Py.
//
// For ML, D is the inverse of C_vv. (Gilmour, Thompson & Cullis 1995,
// Biometrics 51:1440; Johnson & Thompson 1995, J Dairy Sci 78:449.)
#pragma once

#include "core/equations/traces.h"
#include "core/likelihood/evaluation.h"

namespace henderson::information {

struct Derivatives {
  Vector gradient;     // of -2l
  Matrix information;  // average information of l
  Matrix
      curvature;  // the part of the Hessian of -2l that comes from Sigma being quadratic in Lambda
  bool has_block_curvature = true;      // all of it; else only as far as the score tells
  bool has_residual_curvature = false;  // and that of a structured R is part of it
};

// Traces with the inverse of C, or for ML of C_vv; and, for a structured residual, that inverse in
// the columns of W. Uses a factor of `at` up. Cost: the selected inverse.
struct Inverted {
  equations::Traces traces;
  std::vector<double> unscaled;
};
Inverted inverted(equations::Solved& at, Callbacks& callbacks);

// G with Lambda'G = `half_score`, n_columns x n_coef, of least norm where Lambda is singular.
Matrix covariance_gradient(const Matrix& lambda, const Matrix& half_score);

// q_i'P q_j / 2. Cost: one block solve and two products with W'W, with as many columns as there are
// parameters.
Matrix average_information(const likelihood::Evaluation& evaluation);

// What is wanted beside the gradient, the rest being zero: the average information and the
// curvature of random blocks; or the curvature alone, that of a structured residual too.
enum class Extent { gradient, information, curvature };

// The evaluation ends. Cost: what is wanted, and the selected inverse.
Derivatives derivatives(likelihood::Evaluation&& evaluation, Callbacks& callbacks,
                        Extent extent = Extent::information);

}  // namespace henderson::information
