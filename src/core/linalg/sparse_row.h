// SPDX-License-Identifier: GPL-3.0-or-later
// Sparse combinations of the columns of C.
#pragma once

#include <vector>

#include "core/base/types.h"

namespace henderson::linalg {

struct RowEntry {
  SmallIndex column;  // of C
  double value;
};

using SparseRow = std::vector<RowEntry>;

}  // namespace henderson::linalg
