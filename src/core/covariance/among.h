// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/covariance/structure.h"

namespace henderson::covariance {

// The entries of a matrix of all positions among those of `at`.
inline Matrix among(const Matrix& all, const Positions& at) {
  const auto n = static_cast<Index>(at.size());
  Matrix part(n, n);
  for (Index c = 0; c < n; ++c) {
    for (Index r = 0; r < n; ++r) part(r, c) = all(at[r], at[c]);
  }
  return part;
}

}  // namespace henderson::covariance
