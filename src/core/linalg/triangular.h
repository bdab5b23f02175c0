// SPDX-License-Identifier: GPL-3.0-or-later
// Dense triangular factors and products through the kernels, on one thread.
#pragma once

#include <optional>

#include "core/base/types.h"

namespace henderson::linalg {

// What: T = L^-1 of A = LL', lower triangular with zeros above. Needs: both or the lower triangle
// of A. Gives: nothing where A is not positive definite. Cost: 2 n^3 / 3.
std::optional<Matrix> inverse_cholesky(Matrix a);

// A B. Cost: 2 x rows x columns x depth.
Matrix product(const Matrix& a, const Matrix& b);

}  // namespace henderson::linalg
