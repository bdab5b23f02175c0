// SPDX-License-Identifier: GPL-3.0-or-later
// A well-conditioned basis of the columns of X, and which columns of X depend on others.
//
// The equations square the condition of X; a quadratic in the year 2000 would leave no digits. So
// the columns with many nonzeros (intercept, covariates, polynomials) are orthonormalised in the
// order of the formula by Gram-Schmidt, done twice, and the sparse ones (levels of factors) are
// scaled to length one. What is estimated is b with beta = T b:
//
//     X~ = X_kept T,   T = [T_dense 0; 0 diag(scale)],   log|X'V^-1X| = log|X~'V^-1X~| - 2 log|T|
//
// A dependent column is the one that `lm` would drop: the last, in the order of the formula, of
// those that depend on each other.
#pragma once

#include <vector>

#include "core/base/callbacks.h"
#include "core/model/columns.h"

namespace henderson::model {

struct FixedBasis {
  SmallIndex n_original = 0;  // columns of X
  std::vector<SmallIndex>
      kept;  // kept[j] = c: column j of X~ comes from column c of X; orthonormalised ones first
  SmallIndex n_dense = 0;  // how many of them are orthonormalised
  Matrix dense_transform;  // upper triangular
  Vector sparse_scale;
  double log_det_transform = 0.0;
  SparseRows rows;  // X~

  SmallIndex rank() const { return static_cast<SmallIndex>(kept.size()); }

  // T b in the places of the original columns, `missing` where a column was dropped.
  Vector beta(const ConstVectorRef& b, double missing) const;

  // T' k for a vector over the original columns: k'beta = (T'k)'b. Entries of k at dropped columns
  // are not looked at.
  Vector transposed(const ConstVectorRef& k) const;
};

// Cost: (entries of X) x (number of dense columns), and a sparse factor of X~'X~ where X has sparse
// columns.
FixedBasis make_fixed_basis(const SparseRows& x, const Vector& weights, Callbacks& callbacks);

}  // namespace henderson::model
