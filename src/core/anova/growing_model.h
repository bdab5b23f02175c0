// SPDX-License-Identifier: GPL-3.0-or-later
// The least-squares equations of the models that Method 3 fits one after the other: X alone, X and
// the first random factor, X and the first two, ..., all levels taken as fixed.
#pragma once

#include <Eigen/SparseCore>
#include <vector>

#include "core/linalg/cholesky.h"
#include "core/model/model.h"

namespace henderson::anova {

using Sparse = Eigen::SparseMatrix<double>;

// W'W of a model, both triangles. Needs: every random term has one coefficient.
Sparse full_cross_products(const model::Model& model);

// P_k, the projection on W_k = [X, Z_1, ..., Z_k], through a factor of W_k'W_k.
class GrowingModel {
 public:
  // Cost: the analysis and the factor of W_k'W_k. Throws Interrupted.
  GrowingModel(const model::Model& model, SmallIndex n_terms, int threads, Callbacks& callbacks);

  SmallIndex rank() const { return rank_; }
  double factor_entries() const {
    return static_cast<double>(factor_.factor.symbolic().factor_entries());
  }

  // (W_k'W_k)^- x for columns x of W_k'(anything), in place.
  void solve(MatrixRef x) const { factor_.factor.solve(x); }

  // P_k y, a value for each record.
  Vector fitted(const model::Model& model) const;

  // W_k'Z of columns of W: rows of the model `n_columns` columns of `cross` from first_column on.
  Sparse cross_products_with(const Sparse& cross, SmallIndex first_column,
                             SmallIndex n_columns) const;

 private:
  SmallIndex place(SmallIndex column_of_w) const;  // in W_k, or kNone
  linalg::SemidefiniteFactor make_factor(const model::Model& model, int threads,
                                         Callbacks& callbacks) const;

  SmallIndex n_leading_;  // columns of Z_1, ..., Z_k
  SmallIndex n_random_;   // columns of all Z; those of X follow
  SmallIndex n_;          // columns of W_k
  linalg::SemidefiniteFactor factor_;
  SmallIndex rank_;
};

}  // namespace henderson::anova
