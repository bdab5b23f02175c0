// SPDX-License-Identifier: GPL-3.0-or-later
// The covariance K of the levels of a term, held through its inverse.
//
// Of some levels T alone that is K_TT, and the others are K_.T K_TT^-1 u_T at best: no record tells
// more of them, and likelihood and solutions are those of all levels.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "core/base/callbacks.h"
#include "core/linalg/cholesky.h"
#include "core/linalg/unfilled_factor.h"
#include "core/model/spec.h"

namespace henderson::model {

class LevelCovariance {
 public:
  // Factorises the precision once, but for a pedigree, whose rules are its factor. Throws
  // InvalidSpec where it is not positive definite; `where` names the term.
  LevelCovariance(Relationship relationship, SmallIndex n_levels, const std::string& where,
                  Callbacks& callbacks);

  // Of the levels `some` of the term, ascending. covariance: of all levels of the term. Nothing
  // where theirs is singular, to about half of the digits. Cost: (number of them)^3.
  static std::shared_ptr<const LevelCovariance> of_some(std::shared_ptr<const LevelCovariance> all,
                                                        const std::vector<SmallIndex>& some,
                                                        const Matrix& covariance);

  // K of all levels of the term. Cost: a solve for each.
  Matrix covariance_of_term(SmallIndex n_levels) const;

  bool is_identity() const { return relationship_.is_identity; }
  // Whether K^-1 has no zeros.
  bool is_dense() const;
  // Whether K^-1 is an operator alone, which no factor can take.
  bool is_operator() const { return single_step() != nullptr; }
  // Its levels are (s, a), and the columns of W those of (u, a): see single_step.h. Null: K^-1 has
  // entries.
  const pedigree::SingleStep* single_step() const { return relationship_.single_step.get(); }
  // Whether some levels of the term are in no combination.
  bool has_some() const { return all_ != nullptr; }
  // With the entries of K^-1: those of a pedigree are made when they are first asked for.
  const Relationship& relationship() const;

  // The levels of the term as combinations of those of K; null where they are the same. Of some
  // levels all others are combinations of none.
  const Coding* combination() const {
    return relationship_.is_combined() ? &relationship_.combination : nullptr;
  }

  // log|K|; NaN of an operator
  double log_determinant() const { return log_determinant_; }

  // x := K x, one row per level.
  void multiply(MatrixRef x) const;

  // K^-1 x
  Matrix precision_times(const ConstMatrixRef& x, int threads) const;

  // All levels of the term, given those of K. Cost: one pass over the combinations, or a solve.
  Matrix over_term(const ConstMatrixRef& x, SmallIndex n_levels) const;
  // The transpose of over_term(). Cost: one pass over the combinations; of some levels T also that
  // of K of all levels when it is first called, and for n others with entries |T| (n + |T|) a
  // column.
  Matrix from_term(const ConstMatrixRef& x) const;
  // (K - K_.T K_TT^-1 K_T.) x of some levels T, in the rows of the others that have entries in x:
  // what T leaves of them. Cost: as there, and n^2 a column.
  Matrix left_of_term(const ConstMatrixRef& x) const;

  // out += (K^-1 x I_width) x, `width` entries of x for each level standing together: by the rules
  // of a pedigree where the precision has them. Cost: one pass over K^-1.
  void add_precision_times(Index width, const double* x, double* out) const;

  // Standard normal x become draws of covariance K x I_width. Cost: a pass over the factor of K^-1.
  void draw(Index width, double* x) const;

  // Diagonal of K^-1.
  Vector precision_diagonal() const;

 private:
  LevelCovariance() = default;
  void factorize(const std::string& where, Callbacks& callbacks);
  // The combinations of the term, and its transpose.
  Matrix combined(const ConstMatrixRef& x, SmallIndex n_levels) const;
  Matrix combined_back(const ConstMatrixRef& x) const;
  // The levels of the term that are not among some and have entries in x.
  std::vector<SmallIndex> others_in(const ConstMatrixRef& x) const;
  // K of the term, for those who are some of its levels.
  const Matrix& whole_covariance(SmallIndex n_levels) const;

  mutable std::once_flag entries_made_, whole_made_;
  mutable Relationship relationship_;
  mutable Matrix whole_;                                    // K of the term
  std::shared_ptr<const LevelCovariance> all_;              // of some levels
  std::vector<SmallIndex> some_;                            // they
  Matrix covariance_;                                       // theirs
  std::optional<linalg::UnfilledFactor> unfilled_;          // of the precision
  std::optional<linalg::CholeskyFactor> precision_factor_;  // where that one is not
  double log_determinant_ = 0.0;
  SmallIndex n_levels_ = 0;
};

}  // namespace henderson::model
