// SPDX-License-Identifier: GPL-3.0-or-later
// T with T Sigma T' = I from Lambda of Sigma = Lambda Lambda'. What is nearly dependent keeps the
// digits of Lambda, where Sigma has lost them: the error of a pivot is eps, not eps over the pivot.
#pragma once

#include <vector>

#include "core/covariance/structure.h"

namespace henderson::covariance {

// The rows of these coefficients.
Matrix rows_at(const Matrix& matrix, const Positions& at);

// Lambda' = QR, T = R'^-1; derivatives are those of Sigma. Lambda may have more columns than rows.
// Empty where a pivot, as a standard deviation, is below 1e-7 of that of its row: nearer to zero
// the equations have no digits. Cost: 4 n^3.
Whitening whitening_of_factor(const Matrix& lambda, const std::vector<Matrix>& derivatives);

// Whether the Cholesky factor of Sigma, with this diagonal, has lost more than four digits of a
// pivot, or does not exist.
bool has_lost_digits(const Whitening& whitening, const ConstVectorRef& diagonal);

// T from Sigma, or from Lambda where that has more digits. Needs: a structure whose theta say the
// entries of Lambda exactly.
Whitening whitening_by_factor(const Structure& structure, const ConstVectorRef& theta,
                              const Positions& at, bool with_derivative);

}  // namespace henderson::covariance
