// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/working_variates.h"

namespace henderson::information {
namespace {

// Lambda Lambda'^T s for a derivative with entries in few rows, as those of loadings have.
Matrix turned_score(const Matrix& lambda, const Matrix& dlambda, const Matrix& s) {
  Matrix found = Matrix::Zero(lambda.rows(), s.cols());
  for (Index r = 0; r < dlambda.rows(); ++r) {
    if (dlambda.row(r).isZero(0.0)) continue;
    const Vector column = lambda * dlambda.row(r).transpose();
    found.noalias() += column * s.row(r);
  }
  return found;
}

}  // namespace

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
    Matrix s = block.over_levels(solution.score);  // K s
    if (!block.levels->is_identity()) {
      Matrix by_level = s.transpose();
      block.levels->multiply(by_level);
      s = by_level.transpose();
    }
    const std::vector<Matrix> dlambda = block.structure->derivatives(parameters.of(block));
    for (std::size_t i = 0; i < dlambda.size(); ++i) {
      const Matrix u = (dlambda[i].lazyProduct(v) + turned_score(lambda[b], dlambda[i], s)) / sd;
      block.to_design(u,
                      h.col(block.first_theta + static_cast<Index>(i)).data() + block.first_column);
    }
  }
  if (!model.has_structured_residual()) h.col(model.n_theta) = -solution.unscaled;
  return h;
}

}  // namespace henderson::information
