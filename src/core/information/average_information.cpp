// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/derivatives.h"
#include "core/information/entry_information.h"
#include "core/information/working_variates.h"
#include "core/linalg/dense.h"

namespace henderson::information {
namespace {

using equations::MixedModelEquations;
using likelihood::Evaluation;
using model::Model;

Matrix working_variates(const Evaluation& evaluation) {
  const equations::Solution& solution = evaluation.solution();
  return information::working_variates(evaluation.model(), evaluation.equations().columns(),
                                       evaluation.lambda(), evaluation.parameters,
                                       {solution.scaled, solution.unscaled, evaluation.score()});
}

// With a structured R: q~ = T q by record, W~ h for a random block and T R'T' e~ for the residual.
// P q sigma^2 = q - W_s b as above, in the metric of R.
Matrix information_of_records(const Evaluation& evaluation,
                              const equations::WhitenedRecords& records) {
  const MixedModelEquations& equations = evaluation.equations();
  const int threads = equations.threads();
  Matrix q = records.multiply(working_variates(evaluation), threads);
  const Matrix residual = records.directions(records.residual(evaluation.solution().unscaled));
  q.rightCols(residual.cols()) = residual;
  Matrix b = equations.to_scaled(evaluation.lambda(), records.cross(q, threads));
  evaluation.factor().solve(b, threads);
  q -= records.multiply(equations.to_unscaled(evaluation.lambda(), b), threads);
  const Matrix products = linalg::own_products(q, threads) + equations.prior_products(b);
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
  evaluation.factor().solve(b, equations.threads());
  h -= equations.to_unscaled(evaluation.lambda(), b);

  cross.setZero();
  model.cross_products.multiply_add(h, cross);
  Matrix products =
      linalg::symmetric_product(h, cross, equations.threads()) + equations.prior_products(b);
  const Vector with_y = h.transpose() * model.rhs;
  products.col(last) += with_y;
  products.row(last) += with_y.transpose();
  products(last, last) += model.weighted_ss;
  return products / (2.0 * evaluation.residual());
}

}  // namespace henderson::information
