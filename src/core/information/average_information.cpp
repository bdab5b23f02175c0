// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "core/information/derivatives.h"
#include "core/information/entry_information.h"

namespace henderson::information {
namespace {

using equations::MixedModelEquations;
using likelihood::Evaluation;
using model::Model;
using model::RandomBlock;

// h_i of the working variates q_i = W h_i, one column for each theta of a random block; those of
// the residual are zero, but for the last one without a structure, that of q = e = y - W u: h = -u,
// and the one of y itself is understood.
Matrix working_variates(const Evaluation& evaluation) {
  const MixedModelEquations& equations = evaluation.equations();
  const Model& model = equations.model();
  const equations::Solution& solution = evaluation.solution();
  const double sd = evaluation.parameters.residual_sd();
  Matrix h = Matrix::Zero(solution.unscaled.size(), model.n_parameters());
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    const Index m = block.structure->n_columns();
    const Eigen::Map<const Matrix> v(
        solution.scaled.data() + equations.columns().nodes.first_column[block.first_node], m,
        block.n_levels);
    const Eigen::Map<const Matrix> s(solution.score.data() + block.first_column, block.n_coef,
                                     block.n_levels);
    Matrix ks;  // K s, a row per level
    if (!block.levels->is_identity()) {
      ks = s.transpose();
      block.levels->multiply(ks);
    }
    const std::vector<Matrix> dlambda =
        block.structure->derivatives(evaluation.parameters.of(block));
    for (std::size_t i = 0; i < dlambda.size(); ++i) {
      Eigen::Map<Matrix> u(
          h.col(block.first_theta + static_cast<Index>(i)).data() + block.first_column,
          block.n_coef, block.n_levels);
      const Matrix turned = evaluation.lambda()[b] * dlambda[i].transpose();
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

// With a structured R: q~ = T q by record, W~ h for a random block and T R'T' e~ for the residual.
// P q sigma^2 = q - W_s b as above, in the metric of R.
Matrix information_of_records(const Evaluation& evaluation,
                              const equations::WhitenedRecords& records) {
  const MixedModelEquations& equations = evaluation.equations();
  Matrix q = records.multiply(working_variates(evaluation));
  const Matrix residual = records.directions(records.residual(evaluation.solution().unscaled));
  q.rightCols(residual.cols()) = residual;
  Matrix b = equations.to_scaled(evaluation.lambda(), records.cross(q));
  evaluation.factor().solve(b);
  q -= records.multiply(equations.to_unscaled(evaluation.lambda(), b));
  const Matrix products = q.transpose() * q + equations.prior_products(b);
  return products / (2.0 * evaluation.residual());
}

}  // namespace

// P q sigma^2 = q - W_s b with C b = W_s'q, and q_i'P q_j sigma^2 = (q_i - W_s b_i)'(q_j - W_s b_j)
// + b_i'B b_j: a sum of squares, so no digits are lost where P q is small against q. With h for q -
// W_s b, and y as one more column of W for the last parameter.
Matrix average_information(const Evaluation& evaluation) {
  const MixedModelEquations& equations = evaluation.equations();
  const Model& model = equations.model();
  if (has_entries(evaluation)) return average_by_entries(evaluation);
  if (const equations::WhitenedRecords* records = evaluation.records().whitened())
    return information_of_records(evaluation, *records);
  const Index last = model.n_theta;
  Matrix h = working_variates(evaluation);

  Matrix cross = Matrix::Zero(h.rows(), h.cols());  // W'q
  model.cross_products.multiply_add(h, cross);
  cross.col(last) += model.rhs;
  Matrix b = equations.to_scaled(evaluation.lambda(), cross);
  evaluation.factor().solve(b);
  h -= equations.to_unscaled(evaluation.lambda(), b);

  cross.setZero();
  model.cross_products.multiply_add(h, cross);
  Matrix products = h.transpose() * cross + equations.prior_products(b);
  const Vector with_y = h.transpose() * model.rhs;
  products.col(last) += with_y;
  products.row(last) += with_y.transpose();
  products(last, last) += model.weighted_ss;
  return products / (2.0 * evaluation.residual());
}

}  // namespace henderson::information
