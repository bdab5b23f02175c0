// SPDX-License-Identifier: GPL-3.0-or-later
// What the engine throws. Misuse and broken invariants throw; "did not converge" and "not positive
// definite" are values.
#pragma once

#include <stdexcept>
#include <string>

#include "core/base/types.h"

namespace henderson {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An object has another size than its use needs.
class DimensionMismatch : public Error {
 public:
  DimensionMismatch(const std::string& what, Index found, Index needed)
      : Error(what + " has size " + std::to_string(found) + ", needed " + std::to_string(needed)),
        object(what),
        found(found),
        needed(needed) {}
  std::string object;
  Index found;
  Index needed;
};

// A specification that the model layer cannot accept; `where` names its part.
class InvalidSpec : public Error {
 public:
  InvalidSpec(const std::string& where, const std::string& why)
      : Error(where + ": " + why), where(where) {}
  std::string where;
};

// The user asked to stop.
class Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted") {}
};

}  // namespace henderson
