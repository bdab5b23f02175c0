// SPDX-License-Identifier: GPL-3.0-or-later
// X~'X~ ready to be factorised: for the rank of X, and for least squares.
#pragma once

#include <memory>

#include "core/linalg/cholesky.h"
#include "core/model/columns.h"

namespace henderson::model {

// X' diag(weights) X on the pattern of its own factor. Cost: one pass over the rows, and the
// analysis of the pattern.
linalg::Panels gram(const SparseRows& x, const Vector& weights);

// The b that minimises (y - X b)' diag(weights) (y - X b). Needs: X of full rank with columns of
// similar length. `orthonormal`: X'X = I is known.
Vector least_squares(const SparseRows& x, const Vector& weights, const Vector& y, bool orthonormal,
                     Callbacks& callbacks);

}  // namespace henderson::model
