// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/errors.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/error.h"

namespace henderson::answers {
namespace {

using likelihood::Evaluation;
using model::Model;
using model::RandomBlock;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr SmallIndex kColumnsAtATime = 64;

// first[t]: the row of K at which term t begins.
std::vector<Index> first_rows(const Model& model) {
  std::vector<Index> first{model.fixed.n_original};
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t) {
    first.push_back(first.back() +
                    static_cast<Index>(model.n_coef_of_term[t]) * model.n_levels_of_term[t]);
  }
  return first;
}

// The adjoint of over_design(): from solutions over the columns of W to every effect of the user.
Matrix over_effects(const Model& model, const Matrix& solutions) {
  const std::vector<Index> first = first_rows(model);
  Matrix effects = Matrix::Zero(first.back(), solutions.cols());
  for (const RandomBlock& block : model.blocks) {
    for (SmallIndex l = 0; l < model.n_levels_of_term[block.term]; ++l) {
      const Index to = first[block.term] + l * model.n_coef_of_term[block.term] + block.first_coef;
      model::for_each_part(block.levels->combination(), l, [&](SmallIndex column, double share) {
        effects.middleRows(to, block.n_coef).noalias() +=
            share * block.coef_transform *
            solutions.middleRows(block.first_column + column * block.n_coef, block.n_coef);
      });
    }
  }
  for (Index c = 0; c < solutions.cols(); ++c) {
    effects.col(c).head(model.fixed.n_original) =
        model.response_unit * model.fixed.beta(solutions.col(c).tail(model.rank()), 0.0);
  }
  return effects;
}

// T S T' for the transformation T of FixedBasis.
Matrix transformed(const model::FixedBasis& fixed, Matrix s) {
  const SmallIndex n_dense = fixed.n_dense;
  s.topRows(n_dense) = (fixed.dense_transform * s.topRows(n_dense)).eval();
  s.bottomRows(fixed.rank() - n_dense).array().colwise() *= fixed.sparse_scale.array();
  s.leftCols(n_dense) = (s.leftCols(n_dense) * fixed.dense_transform.transpose()).eval();
  s.rightCols(fixed.rank() - n_dense).array().rowwise() *= fixed.sparse_scale.transpose().array();
  return s;
}

}  // namespace

Matrix over_design(const Model& model, const Matrix& k) {
  const std::vector<Index> first = first_rows(model);
  const bool fixed_only = k.rows() == model.fixed.n_original;
  if (!fixed_only && k.rows() != first.back())
    throw DimensionMismatch("rows of K", k.rows(), first.back());
  Matrix combinations = Matrix::Zero(model.cross_products.nodes.n_columns(), k.cols());
  for (const RandomBlock& block : model.blocks) {
    if (fixed_only) break;
    for (SmallIndex l = 0; l < model.n_levels_of_term[block.term]; ++l) {
      const Index from =
          first[block.term] + l * model.n_coef_of_term[block.term] + block.first_coef;
      const Matrix part = block.coef_transform.transpose() * k.middleRows(from, block.n_coef);
      model::for_each_part(block.levels->combination(), l, [&](SmallIndex column, double share) {
        combinations.middleRows(block.first_column + column * block.n_coef, block.n_coef) +=
            share * part;
      });
    }
  }
  for (Index c = 0; c < k.cols(); ++c) {
    combinations.col(c).tail(model.rank()) =
        model.response_unit * model.fixed.transposed(k.col(c).head(model.fixed.n_original));
  }
  return combinations;
}

Matrix error_covariance(const Evaluation& at, const Matrix& k) {
  Matrix half = at.equations().to_scaled(at.lambda(), over_design(at.model(), k));
  at.factor().solve_lower(half);
  return at.residual() * (half.transpose() * half);
}

Matrix error_columns(const Evaluation& at, const Matrix& k) {
  Matrix solutions = at.equations().to_scaled(at.lambda(), over_design(at.model(), k));
  at.factor().solve(solutions);
  return at.residual() *
         over_effects(at.model(), at.equations().to_unscaled(at.lambda(), solutions));
}

Vector error_variances(const Evaluation& at, const Eigen::SparseMatrix<double>& k) {
  Vector variances(k.cols());
  for (Index first = 0; first < k.cols(); first += kColumnsAtATime) {
    const Index n_columns = std::min<Index>(kColumnsAtATime, k.cols() - first);
    const Matrix columns = k.middleCols(first, n_columns);
    Matrix half = at.equations().to_scaled(at.lambda(), over_design(at.model(), columns));
    at.factor().solve_lower(half);
    variances.segment(first, n_columns) = at.residual() * half.colwise().squaredNorm().transpose();
  }
  return variances;
}

std::vector<Matrix> error_blocks(const Evaluation& at, const Eigen::SparseMatrix<double>& k,
                                 const std::vector<Index>& first) {
  if (first.empty() || first.back() != k.cols())
    throw DimensionMismatch("columns of K", k.cols(), first.empty() ? 0 : first.back());
  std::vector<Matrix> blocks;
  blocks.reserve(first.size() - 1);
  for (std::size_t g = 0; g + 1 < first.size();) {
    std::size_t end = g + 1;
    while (end + 1 < first.size() && first[end + 1] - first[g] <= kColumnsAtATime) ++end;
    const Matrix columns = k.middleCols(first[g], first[end] - first[g]);
    Matrix half = at.equations().to_scaled(at.lambda(), over_design(at.model(), columns));
    at.factor().solve_lower(half);
    for (const Index begin = first[g]; g < end; ++g) {
      const Matrix own = half.middleCols(first[g] - begin, first[g + 1] - first[g]);
      blocks.push_back(at.residual() * (own.transpose() * own));
    }
  }
  return blocks;
}

Matrix fixed_covariance(const Evaluation& at) {
  const Model& model = at.model();
  const SmallIndex rank = model.rank();
  const Matrix covariance = fixed_block(at, rank);
  const double unit = at.residual() * model.response_unit * model.response_unit;
  const Matrix kept = unit * transformed(model.fixed, 0.5 * (covariance + covariance.transpose()));
  Matrix all = Matrix::Constant(model.fixed.n_original, model.fixed.n_original, kNaN);
  for (SmallIndex j = 0; j < rank; ++j) {
    for (SmallIndex i = 0; i < rank; ++i)
      all(model.fixed.kept[i], model.fixed.kept[j]) = kept(i, j);
  }
  return all;
}

Matrix fixed_block(const Evaluation& at, SmallIndex n) {
  std::vector<SmallIndex> columns(static_cast<std::size_t>(n));
  std::iota(columns.begin(), columns.end(),
            at.equations().columns().nodes.n_columns() - at.model().rank());
  return at.factor().inverse_block(columns);
}

}  // namespace henderson::answers
