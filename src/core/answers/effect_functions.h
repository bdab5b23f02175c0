// SPDX-License-Identifier: GPL-3.0-or-later
// Linear functions of (beta, u of term 1 level by level, u of term 2, ...) at the columns of C.
//
// Where only the cells of a term that records meet have equations (model/seen_cells.h), an effect
// of another level l is k_lT K_TT^-1 u_T and a rest that is independent of all records: its
// variance is that of the prior, (k_ll - k_lT K_TT^-1 k_Tl) times the variance of the coefficient.
#pragma once

#include <Eigen/SparseCore>
#include <functional>

#include "core/answers/scaled_rows.h"

namespace henderson::answers {

// Keeps a reference to the evaluation. Rows of K at dropped columns of X are not looked at. K may
// be over beta alone.
class EffectFunctions {
 public:
  explicit EffectFunctions(const likelihood::Evaluation& at);

  Index n_effects() const { return first_.back(); }
  // The row of K at which a term begins.
  Index first_effect(SmallIndex term) const { return first_[term]; }

  // The columns of K as combinations of the columns of C. Throws DimensionMismatch.
  Matrix columns(const Eigen::SparseMatrix<double>& k) const;
  // Replaces `row` by that of column `j` of K, as a sparse one. Needs: no rest. Cost: its entries,
  // and the square of the number of fixed effects that are dense in their basis.
  void row(const Eigen::SparseMatrix<double>& k, Index j, std::vector<ScaledEntry>& row) const;
  // The columns of K as combinations of the effects of each block, level by level (n_coef x
  // n_levels rows), cells without a column of W among them. Of size 0 where K is over beta alone.
  std::vector<Matrix> over_blocks(const Eigen::SparseMatrix<double>& k) const;
  // Every effect from solutions over the columns of C, 0 at dropped columns of X.
  Matrix effects(const ConstMatrixRef& scaled) const;

  // Whether some effects have a rest.
  bool has_rest() const { return has_rest_; }
  // Of the rests that the columns of K have: their variances, their covariance, and the covariance
  // of every effect with them.
  Vector rest_variances(const Eigen::SparseMatrix<double>& k) const;
  Matrix rest_covariance(const Eigen::SparseMatrix<double>& k) const;
  void add_rest(const Eigen::SparseMatrix<double>& k, Matrix& effects) const;
  // The part of each block in the second, at a variance of 1 in the units of the model; of size 0
  // where it has none.
  std::vector<Matrix> unit_rests(const Eigen::SparseMatrix<double>& k) const;

 private:
  struct Place {
    SmallIndex term, level, coef;
  };
  Place place_of(Index effect) const;
  Index effect_of(const model::RandomBlock& block, SmallIndex level) const;
  // Calls visit(b, coefficient in block b) for each block that has part of an effect.
  template <class Visit>
  void for_each_block(const Place& place, Visit visit) const;
  // Whether K has entries in effects that a block has part of.
  bool is_met(std::size_t block, const Eigen::SparseMatrix<double>& k) const;
  // The rows of K at the levels of a block of one coefficient.
  Matrix over_levels(std::size_t block, const Eigen::SparseMatrix<double>& k) const;
  // Calls visit(b, its rows z of K, Cov(rest, z'rest) at a variance of 1) for each block that has a
  // rest.
  using RestVisit = std::function<void(std::size_t, const Matrix& z, const Matrix& rest)>;
  void for_each_rest(const Eigen::SparseMatrix<double>& k, const RestVisit& visit) const;
  // Of the effects of a block of one coefficient, in the user's units.
  double variance_of(std::size_t block) const;

  const likelihood::Evaluation& at_;
  std::vector<Index> first_;                // first_[t]: the row of K at which term t begins
  std::vector<Matrix> turned_;              // Lambda of each block, in the user's coefficients
  std::vector<SmallIndex> place_of_fixed_;  // among the columns of X~; kNone where it was dropped
  bool has_rest_ = false;
};

}  // namespace henderson::answers
