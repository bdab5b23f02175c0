// SPDX-License-Identifier: GPL-3.0-or-later
// A covariance matrix that somebody else computes, with its parameters.
#pragma once

#include <optional>
#include <vector>

#include "core/base/types.h"

namespace henderson::covariance {

class UserMatrix {
 public:
  struct Value {
    Matrix covariance;
    std::vector<Matrix> derivatives;  // by each parameter; empty where not asked for
  };

  virtual ~UserMatrix() = default;

  // Where a search begins, and the open range of each parameter, its ends possibly infinite.
  virtual const Vector& start() const = 0;
  virtual const Vector& lower() const = 0;
  virtual const Vector& upper() const = 0;

  // Symmetric and finite, or nothing where there is no such matrix: a trial step may go there. The
  // engine calls it on its main thread only.
  virtual std::optional<Value> at(const Vector& parameters, bool with_derivatives) const = 0;
};

}  // namespace henderson::covariance
