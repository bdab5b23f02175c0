// SPDX-License-Identifier: GPL-3.0-or-later
// Error variances of estimates and predictions, from C^-1: Var(beta^, u^ - u) in the user's units.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "core/likelihood/evaluation.h"

namespace henderson::answers {

// The columns of K over [beta, u of term 1 (level by level), ...], or over beta alone, as
// combinations of the columns of W. Rows of K at dropped columns of X are not looked at.
Matrix over_design(const model::Model& model, const Matrix& k);

// Var(K'(beta^, u^ - u)) for the columns of K over [beta, u of term 1 (level by level), u of term
// 2, ...]. Rows of K at dropped columns of X are not looked at. Cost: one block solve with the
// columns of K.
Matrix error_covariance(const likelihood::Evaluation& at, const Eigen::SparseMatrix<double>& k);

// Cov((beta^, u^ - u), K'(beta^, u^ - u)): every effect with each column of K; 0 at dropped columns
// of X. Cost: one block solve.
Matrix error_columns(const likelihood::Evaluation& at, const Eigen::SparseMatrix<double>& k);

// The diagonal of the first, for many columns of K. Cost: half a block solve for each 64 of them,
// or for each 64 columns of C that they meet, where these are fewer.
Vector error_variances(const likelihood::Evaluation& at, const Eigen::SparseMatrix<double>& k);

// The diagonal blocks of the first: block g has the columns first[g], ..., first[g + 1] - 1 of K.
// Cost: as there, and the square of a block's size times what it reaches.
std::vector<Matrix> error_blocks(const likelihood::Evaluation& at,
                                 const Eigen::SparseMatrix<double>& k,
                                 const std::vector<Index>& first);

// Var(beta^) among the columns of X that are kept, NaN elsewhere. Cost: solves within
// the part of the factor that the fixed effects reach.
Matrix fixed_covariance(const likelihood::Evaluation& at);

// C^-1 among the first n fixed effects, in the basis of C.
Matrix fixed_block(const likelihood::Evaluation& at, SmallIndex n);

}  // namespace henderson::answers
