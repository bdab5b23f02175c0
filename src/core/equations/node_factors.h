// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of Lambda that belong to the columns of W of a node: all of them, or those of the
// coefficients that are seen in its level.
#pragma once

#include <vector>

#include "core/equations/pattern.h"

namespace henderson::equations {

class NodeFactors {
 public:
  // of_block: a matrix with a row for each coefficient of each block; that of fixed effects is 1.
  // Keeps references.
  NodeFactors(const model::Model& model, const Columns& columns,
              const std::vector<Matrix>& of_block);

  const Matrix& operator[](SmallIndex node) const {
    const auto b = static_cast<std::size_t>(columns_.block_of_node[node]);
    if (b >= of_block_.size()) return one_;
    if (of_level_[b].empty()) return of_block_[b];
    return of_level_[b][static_cast<std::size_t>(node - model_.blocks[b].first_node)];
  }

 private:
  const model::Model& model_;
  const Columns& columns_;
  const std::vector<Matrix>& of_block_;
  const Matrix one_ = Matrix::Identity(1, 1);
  std::vector<std::vector<Matrix>> of_level_;  // by block; empty: all levels have all
};

}  // namespace henderson::equations
