// SPDX-License-Identifier: GPL-3.0-or-later
// What a covariance structure is made from, as plain data.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/types.h"

namespace henderson::covariance {

class UserMatrix;

struct Recipe {
  std::string name;    // a name of the table in registry.cpp
  Index n_coef = 0;    // coefficients, or positions of a residual: rows of Sigma
  Matrix coordinates;  // n_coef x dimensions, for structures of a distance; else empty
  std::vector<std::vector<SmallIndex>> together;  // of these the positions of each subject: only
                                                  // their distances count; empty: all
  Index order = 0;   // factors of fa and rr, bands of toep (0: all), the k of ante and chol
  Vector constants;  // settings that are not parameters, such as a known smoothness
  std::shared_ptr<const UserMatrix> user;  // of own
  std::vector<Recipe> factors;             // of a product, the first one varying slowest
};

}  // namespace henderson::covariance
