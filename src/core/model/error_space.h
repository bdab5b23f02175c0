// SPDX-License-Identifier: GPL-3.0-or-later
// What the likelihood sees of the records: for REML, the space orthogonal to the fixed effects.
#pragma once

#include <optional>

#include "core/model/model.h"

namespace henderson::model {

class ErrorSpace {
 public:
  // Keeps a reference to the model. Cost: for REML with sparse columns of X, a factor of X~'X~.
  ErrorSpace(const Model& model, Callbacks& callbacks);

  // x := x - W^1/2 X~ (X~'W X~)^-1 X~'W^1/2 x, for x = W^1/2 of something of the records; for ML x
  // stays as it is.
  void project(Vector& x) const;

 private:
  const Model& model_;
  SparseRows x_;
  std::optional<linalg::CholeskyFactor> factor_;  // nothing: X~ is orthonormal
};

// x := W^1/2 x
void weigh(const Model& model, Vector& x);

}  // namespace henderson::model
