// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/working_variates.h"

namespace henderson::information {

using model::Model;
using model::RandomBlock;

Matrix working_variates(const Model& model, const equations::Columns& columns,
                        const equations::Factors& lambda, const likelihood::Parameters& parameters,
                        const SolutionParts& solution) {
  const double sd = parameters.residual_sd();
  Matrix h = Matrix::Zero(solution.unscaled.size(), model.n_parameters());
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const Eigen::Map<const Matrix> v(
        solution.scaled.data() + columns.nodes.first_column[block.first_node],
        block.structure->n_columns(), block.n_levels);
    const Eigen::Map<const Matrix> s(solution.score.data() + block.first_column, block.n_coef,
                                     block.n_levels);
    Matrix ks;  // K s, a row per level
    if (!block.levels->is_identity()) {
      ks = s.transpose();
      block.levels->multiply(ks);
    }
    const std::vector<Matrix> dlambda = block.structure->derivatives(parameters.of(block));
    for (std::size_t i = 0; i < dlambda.size(); ++i) {
      Eigen::Map<Matrix> u(
          h.col(block.first_theta + static_cast<Index>(i)).data() + block.first_column,
          block.n_coef, block.n_levels);
      const Matrix turned = lambda[b] * dlambda[i].transpose();
      u.noalias() = dlambda[i].lazyProduct(v);
      if (block.levels->is_identity()) {
        u.noalias() += turned.lazyProduct(s);
      } else {
        u.noalias() += turned.lazyProduct(ks.transpose());
      }
      u /= sd;
    }
  }
  if (!model.has_structured_residual()) h.col(model.n_theta) = -solution.unscaled;
  return h;
}

}  // namespace henderson::information
