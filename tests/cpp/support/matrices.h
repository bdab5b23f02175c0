// SPDX-License-Identifier: GPL-3.0-or-later
// Between dense matrices and those of the model layer.
#pragma once

#include <vector>

#include "core/model/cross_products.h"

namespace henderson::test {

model::SparseRows sparse_rows(const Matrix& dense);
Matrix dense_rows(const model::SparseRows& rows);

// The whole matrix; also checks the order and completeness of the blocks.
Matrix dense_product(const model::BlockSymmetric& product);

// A column for each level.
Matrix indicators(const std::vector<SmallIndex>& level, SmallIndex n_levels);

Matrix beside(const Matrix& a, const Matrix& b);

}  // namespace henderson::test
