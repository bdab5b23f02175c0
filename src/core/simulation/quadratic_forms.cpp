// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/simulation/quadratic_forms.h"

namespace henderson::simulation {
namespace {

using equations::EquationOperator;
using equations::WhitenedRecords;
using model::RandomBlock;

// sum_l s_l v_l', entry (b, a) of vector c in row a * n_coef + b, column c. s are rows of W, v rows
// of C.
Matrix level_products(const RandomBlock& block, Index first_scaled, const SideBySide& s,
                      const SideBySide& v) {
  const Index t = block.n_coef, m = block.structure->n_columns();
  Matrix sums(t * m, s.cols());
  linalg::with_rows(s.cols(), [&](auto row_at, auto zero) {
    for (Index a = 0; a < m; ++a) {
      for (Index b = 0; b < t; ++b) {
        auto sum = zero;
        for (Index l = 0; l < block.n_levels; ++l)
          sum += row_at(s.data(), block.first_column + l * t + b) *
                 row_at(v.data(), first_scaled + l * m + a);
        sums.row(a * t + b) = sum.transpose().matrix();
      }
    }
  });
  return sums;
}

}  // namespace

Matrix quadratic_forms(const EquationOperator& equations, const likelihood::Parameters& parameters,
                       const RecordVectors& records, const SideBySide& solution) {
  const model::Model& model = equations.model();
  SideBySide unscaled;
  equations.to_unscaled(solution, unscaled);
  SideBySide score = SideBySide::Zero(unscaled.rows(), unscaled.cols());
  equations.add_record_products(unscaled, score);
  score = records.rhs - score;  // s = W'R^-1(y - W u)

  SideBySide of_levels = score;
  equations.transform_levels_back(of_levels);
  Matrix forms = Matrix::Zero(model.n_parameters(), solution.cols());
  for (const RandomBlock& block : model.blocks) {
    const Matrix sums = level_products(
        block, equations.columns().nodes.first_column[block.first_node], of_levels, solution);
    const std::vector<Matrix> dlambda = block.structure->derivatives(parameters.of(block));
    for (std::size_t i = 0; i < dlambda.size(); ++i) {
      const Eigen::Map<const Vector> entries(dlambda[i].data(), dlambda[i].size());
      forms.row(block.first_theta + static_cast<Index>(i)) =
          (2.0 / parameters.residual_sd()) * entries.transpose() * sums;
    }
  }
  if (const WhitenedRecords* whitened = equations.records().whitened()) {
    const Matrix errors = records.whitened - whitened->multiply(Matrix(unscaled));
    for (Index c = 0; c < errors.cols(); ++c) {
      const Matrix directions = whitened->directions(errors.col(c));
      forms.col(c).tail(directions.cols()) = directions.transpose() * errors.col(c);
    }
  } else {
    // e'R^-1 e = y'R^-1 y - u'W'R^-1 y - u's.
    const auto explained = unscaled.array() * (records.rhs + score).array();
    forms.row(model.n_theta) =
        (records.squares - explained.colwise().sum().transpose()).transpose().matrix();
  }
  return forms;
}

}  // namespace henderson::simulation
