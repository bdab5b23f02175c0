// SPDX-License-Identifier: GPL-3.0-or-later
// Error variances of estimates and predictions, from C^-1: Var(beta^, u^ - u) in the user's units.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "core/equations/mme.h"

namespace henderson::equations {

// Var(K'(beta^, u^ - u)) for the columns of K over [beta, u of term 1 (level by level), u of term
// 2, ...]. Rows of K at dropped columns of X are not looked at. Needs: Lambda relative to sigma,
// and the factor made from it. Cost: one block solve with the columns of K.
Matrix error_covariance(const MixedModelEquations& equations, const Factors& lambda,
                        double residual, const linalg::CholeskyFactor& factor, const Matrix& k);

// Cov((beta^, u^ - u), K'(beta^, u^ - u)): every effect with each column of K; 0 at dropped columns
// of X. Cost: one block solve.
Matrix error_columns(const MixedModelEquations& equations, const Factors& lambda, double residual,
                     const linalg::CholeskyFactor& factor, const Matrix& k);

// The diagonal of the first, for many columns of K. Cost: half a block solve for each 64 of them.
Vector error_variances(const MixedModelEquations& equations, const Factors& lambda, double residual,
                       const linalg::CholeskyFactor& factor, const Eigen::SparseMatrix<double>& k);

// The diagonal blocks of the first: block g has the columns first[g], ..., first[g + 1] - 1 of K.
// Cost: half a block solve for each 64 columns, whole blocks together.
std::vector<Matrix> error_blocks(const MixedModelEquations& equations, const Factors& lambda,
                                 double residual, const linalg::CholeskyFactor& factor,
                                 const Eigen::SparseMatrix<double>& k,
                                 const std::vector<Index>& first);

// Var(beta^) among the columns of X that are kept, NaN elsewhere. Cost: solves within
// the part of the factor that the fixed effects reach.
Matrix fixed_covariance(const MixedModelEquations& equations, double residual,
                        const linalg::CholeskyFactor& factor);

// The standard errors alone, NaN at dropped columns. Takes the factor; the storage goes back to the
// equations.
Vector fixed_standard_errors(MixedModelEquations& equations, double residual,
                             linalg::CholeskyFactor&& factor, Callbacks& callbacks);

// Var(u^ - u) of every level of every term: for each term n_coef x (n_coef n_levels). Between
// coefficients of different blocks of a term (structure diag) it is not in the selected inverse:
// NaN. Takes the factor; the storage goes back to the equations.
std::vector<Matrix> prediction_errors(MixedModelEquations& equations, const Factors& lambda,
                                      double residual, linalg::CholeskyFactor&& factor,
                                      Callbacks& callbacks);

}  // namespace henderson::equations
