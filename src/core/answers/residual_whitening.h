// SPDX-License-Identifier: GPL-3.0-or-later
// T with T R T' = I of a fitted model with a structured residual, R in the user's units.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "core/likelihood/parameters.h"

namespace henderson::answers {

// transform: lower triangular, a row and a column for each row of the residual model (see
// model/residual.h); a position without a record counts with weight one. record_of_row: kNone where
// there is none.
struct ResidualWhitening {
  Eigen::SparseMatrix<double> transform;
  std::vector<SmallIndex> record_of_row;
};

// T over the rows of the residual model, of residuals relative to sigma^2 and multiplied by the
// root of their weights: as in the equations. Needs and throws as below.
Eigen::SparseMatrix<double> relative_whitening(const model::Model& model,
                                               const likelihood::Parameters& parameters);

// Needs: a structured residual. Cost: the whitening of each pattern of subjects. Throws InvalidSpec
// where R is singular.
ResidualWhitening residual_whitening(const model::Model& model,
                                     const likelihood::Parameters& parameters);

}  // namespace henderson::answers
