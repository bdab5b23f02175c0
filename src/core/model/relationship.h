// SPDX-License-Identifier: GPL-3.0-or-later
// The covariance K of the levels of a term, held through its inverse.
#pragma once

#include <optional>

#include "core/base/callbacks.h"
#include "core/linalg/cholesky.h"
#include "core/linalg/unfilled_factor.h"
#include "core/model/spec.h"

namespace henderson::model {

class LevelCovariance {
 public:
  // Factorises the precision once. Throws InvalidSpec where it is not positive definite; `where`
  // names the term.
  LevelCovariance(Relationship relationship, SmallIndex n_levels, const std::string& where,
                  Callbacks& callbacks);

  bool is_identity() const { return relationship_.is_identity; }
  const Relationship& relationship() const { return relationship_; }

  // The levels of the term as combinations of those of K; null where they are the same.
  const Coding* combination() const {
    return relationship_.is_combined() ? &relationship_.combination : nullptr;
  }

  // log|K|
  double log_determinant() const { return log_determinant_; }

  // x := K x, one row per level.
  void multiply(MatrixRef x) const;

 private:
  Relationship relationship_;
  std::optional<linalg::UnfilledFactor> unfilled_;          // of the precision
  std::optional<linalg::CholeskyFactor> precision_factor_;  // where that one is not
  double log_determinant_ = 0.0;
};

}  // namespace henderson::model
