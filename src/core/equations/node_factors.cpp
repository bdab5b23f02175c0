// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/node_factors.h"

namespace henderson::equations {
namespace {

std::vector<Matrix> rows_of_levels(const model::SeenCells& seen, const Matrix& all) {
  std::vector<Matrix> found;
  for (SmallIndex l = 0; l + 1 < static_cast<SmallIndex>(seen.start.size()); ++l) {
    Matrix& own = found.emplace_back(seen.size(l), all.cols());
    for (SmallIndex r = 0; r < own.rows(); ++r) own.row(r) = all.row(seen.coef[seen.start[l] + r]);
  }
  return found;
}

}  // namespace

NodeFactors::NodeFactors(const model::Model& model, const Columns& columns,
                         const std::vector<Matrix>& of_block)
    : model_(model), columns_(columns), of_block_(of_block), of_level_(of_block.size()) {
  for (std::size_t b = 0; b < model.blocks.size(); ++b)
    if (model.blocks[b].seen) of_level_[b] = rows_of_levels(*model.blocks[b].seen, of_block[b]);
}

}  // namespace henderson::equations
