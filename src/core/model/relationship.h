// SPDX-License-Identifier: GPL-3.0-or-later
// The covariance K of the levels of a term, held through its inverse.
#pragma once

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

  bool is_identity() const { return relationship_.is_identity; }
  // With the entries of K^-1: those of a pedigree are made when they are first asked for.
  const Relationship& relationship() const;

  // The levels of the term as combinations of those of K; null where they are the same.
  const Coding* combination() const {
    return relationship_.is_combined() ? &relationship_.combination : nullptr;
  }

  // log|K|
  double log_determinant() const { return log_determinant_; }

  // x := K x, one row per level.
  void multiply(MatrixRef x) const;

  // out += (K^-1 x I_width) x, `width` entries of x for each level standing together: by the rules
  // of a pedigree where the precision has them. Cost: one pass over K^-1.
  void add_precision_times(Index width, const double* x, double* out) const;

  // Standard normal x become draws of covariance K x I_width. Cost: a pass over the factor of K^-1.
  void draw(Index width, double* x) const;

  // Diagonal of K^-1.
  Vector precision_diagonal() const;

 private:
  void factorize(const std::string& where, Callbacks& callbacks);

  mutable std::once_flag entries_made_;
  mutable Relationship relationship_;
  std::optional<linalg::UnfilledFactor> unfilled_;          // of the precision
  std::optional<linalg::CholeskyFactor> precision_factor_;  // where that one is not
  double log_determinant_ = 0.0;
  SmallIndex n_levels_;
};

}  // namespace henderson::model
