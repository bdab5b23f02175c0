// SPDX-License-Identifier: GPL-3.0-or-later
// Covariance matrices of which some entries are known.
#pragma once

#include <optional>
#include <vector>

#include "core/base/types.h"

namespace henderson::covariance {

// A positive semidefinite matrix with the known entries, or nothing where there is none: `target`
// with these entries, where that is safely positive definite; else, of all such matrices, the one
// of least tr(T^-1 Sigma) - log det Sigma, T the target drawn a little to its diagonal, its unknown
// variances raised to what the known covariances need. Where all of them are singular, one of them
// to about 1e-9 of its variances.
// Needs: the lower triangle row by row (lower.h), known variances above 0; target: n x n,
// symmetric. Cost: O((n^2)^3) for some tens of Newton steps; with more than 400 unknown entries
// only the target is tried, its unknown covariances drawn to zero. Source: Grone, Johnson, Sa &
// Wolkowicz (1984), Linear Algebra Appl 58:109 (existence); the objective is Stein's loss, as in
// Dempster (1972), Biometrics 28:157.
std::optional<Matrix> completion(const std::vector<bool>& known, const Vector& lower,
                                 const Matrix& target);

// Whether there is one with the entries of `sigma` that are not NaN.
bool has_completion(const Matrix& sigma);

}  // namespace henderson::covariance
