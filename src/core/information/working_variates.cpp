// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/working_variates.h"

namespace henderson::information {

using model::Model;
using model::RandomBlock;

namespace {

// Lambda_i v + Lambda Lambda_i'^T s in the columns of W, for a derivative with entries in
// few rows, as those of loadings have.
void add_variate(const RandomBlock& block, const Matrix& lambda, const Matrix& dlambda,
                 const ConstMatrixRef& v, const Matrix& s, double* own) {
  for (Index r = 0; r < dlambda.rows(); ++r) {
    if (dlambda.row(r).isZero(0.0)) continue;
    const Vector column = lambda * dlambda.row(r).transpose();
    const Eigen::RowVectorXd row = dlambda.row(r) * v;
    if (!block.seen) {
      Eigen::Map<Matrix> u(own, block.n_coef, block.n_levels);
      u.row(r) += row;
      u.noalias() += column * s.row(r);
      continue;
    }
    block.seen->visit([&](Index k, SmallIndex coef, SmallIndex level) {
      own[k] += column[coef] * s(r, level) + (coef == r ? row[level] : 0.0);
    });
  }
}

}  // namespace

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
    for (std::size_t i = 0; i < dlambda.size(); ++i)
      add_variate(block, lambda[b], dlambda[i], v, s,
                  h.col(block.first_theta + static_cast<Index>(i)).data() + block.first_column);
    // The two parts cancel where a variance is many times the residual one: divided as a sum.
    h.block(block.first_column, block.first_theta, block.n_design_columns(),
            static_cast<Index>(dlambda.size())) /= sd;
  }
  if (!model.has_structured_residual()) h.col(model.n_theta) = -solution.unscaled;
  return h;
}

}  // namespace henderson::information
