// SPDX-License-Identifier: GPL-3.0-or-later
// The names of the engine's basic types.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace henderson {

// Sizes, offsets and positions: 64 bits, so that a factor may exceed 2^31 entries.
using Index = Eigen::Index;
// Row and column numbers of sparse matrices: 32 bits, half the memory traffic of Index.
using SmallIndex = std::int32_t;

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

// Views of column-major storage that the engine does not own; Ref accepts blocks with a column
// stride.
using MatrixRef = Eigen::Ref<Matrix>;
using ConstMatrixRef = Eigen::Ref<const Matrix>;
using VectorRef = Eigen::Ref<Vector>;
using ConstVectorRef = Eigen::Ref<const Vector>;

constexpr SmallIndex kNone = -1;

}  // namespace henderson
