// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/errors.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/error.h"

namespace henderson::equations {
namespace {

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

// The same combinations over the columns of W.
Matrix over_design(const Model& model, const Matrix& k) {
  const std::vector<Index> first = first_rows(model);
  if (k.rows() != first.back()) throw DimensionMismatch("rows of K", k.rows(), first.back());
  Matrix combinations = Matrix::Zero(model.cross_products.nodes.n_columns(), k.cols());
  for (const RandomBlock& block : model.blocks) {
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

// C^-1 among the first n fixed effects, in the basis of C.
Matrix fixed_block(const MixedModelEquations& equations, const linalg::CholeskyFactor& factor,
                   SmallIndex n) {
  std::vector<SmallIndex> columns(static_cast<std::size_t>(n));
  std::iota(columns.begin(), columns.end(),
            equations.pattern().nodes.n_columns() - equations.model().rank());
  return factor.inverse_block(columns);
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

// Calls visit(node, position of the first entry) for the diagonal block of every node.
template <class Visit>
void for_each_diagonal_block(const EquationPattern& pattern, const model::BlockSymmetric& cross,
                             Visit visit) {
  const Index* position = pattern.cross_positions.data();
  for (SmallIndex j = 0; j < cross.nodes.count(); ++j) {
    const Index nj = pattern.nodes.size(j);
    visit(j, position);
    for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
      const Index ni = pattern.nodes.size(cross.node[k]);
      position += cross.node[k] == j ? nj * (nj + 1) / 2 : ni * nj;
    }
  }
}

// Prediction errors of a block whose levels are combinations: their covariances are not all on the
// pattern of C, so each level has a solve.
void combined_errors(const MixedModelEquations& equations, const Factors& lambda, double residual,
                     const linalg::CholeskyFactor& factor, const RandomBlock& block,
                     Matrix& errors) {
  const Model& model = equations.model();
  const Index n_coef = block.n_coef, stride = model.n_coef_of_term[block.term];
  const SmallIndex n_levels = model.n_levels_of_term[block.term];
  for (SmallIndex first = 0; first < n_levels; first += kColumnsAtATime) {
    const SmallIndex n = std::min(kColumnsAtATime, n_levels - first);
    Matrix columns = Matrix::Zero(model.cross_products.nodes.n_columns(), n * n_coef);
    for (SmallIndex l = 0; l < n; ++l) {
      model::for_each_part(block.levels->combination(), first + l, [&](SmallIndex k, double share) {
        columns.block(block.first_column + k * n_coef, l * n_coef, n_coef, n_coef) +=
            share * block.coef_transform.transpose();
      });
    }
    Matrix half = equations.to_scaled(lambda, columns);
    factor.solve_lower(half);
    for (SmallIndex l = 0; l < n; ++l) {
      const Matrix own = half.middleCols(l * n_coef, n_coef);
      errors.block(block.first_coef, (first + l) * stride + block.first_coef, n_coef, n_coef) =
          residual * own.transpose() * own;
    }
  }
}

linalg::SelectedInverse whole_inverse(const MixedModelEquations& equations,
                                      linalg::CholeskyFactor&& factor, Callbacks& callbacks) {
  linalg::InverseOptions options;
  options.threads = equations.threads();
  return linalg::selected_inverse(std::move(factor), options, callbacks);
}

}  // namespace

Matrix error_covariance(const MixedModelEquations& equations, const Factors& lambda,
                        double residual, const linalg::CholeskyFactor& factor, const Matrix& k) {
  Matrix half = equations.to_scaled(lambda, over_design(equations.model(), k));
  factor.solve_lower(half);
  return residual * (half.transpose() * half);
}

Matrix error_columns(const MixedModelEquations& equations, const Factors& lambda, double residual,
                     const linalg::CholeskyFactor& factor, const Matrix& k) {
  Matrix solutions = equations.to_scaled(lambda, over_design(equations.model(), k));
  factor.solve(solutions);
  return residual * over_effects(equations.model(), equations.to_unscaled(lambda, solutions));
}

Vector error_variances(const MixedModelEquations& equations, const Factors& lambda, double residual,
                       const linalg::CholeskyFactor& factor, const Eigen::SparseMatrix<double>& k) {
  Vector variances(k.cols());
  for (Index first = 0; first < k.cols(); first += kColumnsAtATime) {
    const Index n_columns = std::min<Index>(kColumnsAtATime, k.cols() - first);
    const Matrix columns = k.middleCols(first, n_columns);
    Matrix half = equations.to_scaled(lambda, over_design(equations.model(), columns));
    factor.solve_lower(half);
    variances.segment(first, n_columns) = residual * half.colwise().squaredNorm().transpose();
  }
  return variances;
}

std::vector<Matrix> error_blocks(const MixedModelEquations& equations, const Factors& lambda,
                                 double residual, const linalg::CholeskyFactor& factor,
                                 const Eigen::SparseMatrix<double>& k,
                                 const std::vector<Index>& first) {
  if (first.empty() || first.back() != k.cols())
    throw DimensionMismatch("columns of K", k.cols(), first.empty() ? 0 : first.back());
  std::vector<Matrix> blocks;
  blocks.reserve(first.size() - 1);
  for (std::size_t g = 0; g + 1 < first.size();) {
    std::size_t end = g + 1;
    while (end + 1 < first.size() && first[end + 1] - first[g] <= kColumnsAtATime) ++end;
    const Matrix columns = k.middleCols(first[g], first[end] - first[g]);
    Matrix half = equations.to_scaled(lambda, over_design(equations.model(), columns));
    factor.solve_lower(half);
    for (const Index begin = first[g]; g < end; ++g) {
      const Matrix own = half.middleCols(first[g] - begin, first[g + 1] - first[g]);
      blocks.push_back(residual * (own.transpose() * own));
    }
  }
  return blocks;
}

Matrix fixed_covariance(const MixedModelEquations& equations, double residual,
                        const linalg::CholeskyFactor& factor) {
  const Model& model = equations.model();
  const SmallIndex rank = model.rank();
  const Matrix covariance = fixed_block(equations, factor, rank);
  const double unit = residual * model.response_unit * model.response_unit;
  const Matrix kept = unit * transformed(model.fixed, 0.5 * (covariance + covariance.transpose()));
  Matrix all = Matrix::Constant(model.fixed.n_original, model.fixed.n_original, kNaN);
  for (SmallIndex j = 0; j < rank; ++j) {
    for (SmallIndex i = 0; i < rank; ++i)
      all(model.fixed.kept[i], model.fixed.kept[j]) = kept(i, j);
  }
  return all;
}

Vector fixed_standard_errors(MixedModelEquations& equations, double residual,
                             linalg::CholeskyFactor&& factor, Callbacks& callbacks) {
  const Model& model = equations.model();
  const model::FixedBasis& fixed = model.fixed;
  const Matrix dense = fixed.dense_transform * fixed_block(equations, factor, fixed.n_dense) *
                       fixed.dense_transform.transpose();
  linalg::SelectedInverse inverse = whole_inverse(equations, std::move(factor), callbacks);
  const SmallIndex first_fixed = model.cross_products.nodes.count() - fixed.rank();
  const double unit = std::sqrt(residual) * model.response_unit;
  Vector errors = Vector::Constant(fixed.n_original, kNaN);
  for_each_diagonal_block(
      equations.pattern(), model.cross_products, [&](SmallIndex node, const Index* position) {
        const SmallIndex j = node - first_fixed;
        if (j < 0) return;
        const double error = j < fixed.n_dense ? std::sqrt(dense(j, j))
                                               : std::sqrt(inverse[*position]) *
                                                     fixed.sparse_scale[j - fixed.n_dense];
        errors[fixed.kept[j]] = unit * error;
      });
  equations.give_back(std::move(inverse).release());
  return errors;
}

std::vector<Matrix> prediction_errors(MixedModelEquations& equations, const Factors& lambda,
                                      double residual, linalg::CholeskyFactor&& factor,
                                      Callbacks& callbacks) {
  const Model& model = equations.model();
  std::vector<Matrix> errors;
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t) {
    const Index n_coef = model.n_coef_of_term[t];
    errors.push_back(Matrix::Constant(n_coef, n_coef * model.n_levels_of_term[t], kNaN));
  }
  for (const RandomBlock& block : model.blocks) {
    if (block.levels->combination() != nullptr)
      combined_errors(equations, lambda, residual, factor, block, errors[block.term]);
  }
  linalg::SelectedInverse inverse = whole_inverse(equations, std::move(factor), callbacks);
  Matrix d;
  for_each_diagonal_block(
      equations.pattern(), model.cross_products, [&](SmallIndex node, const Index* position) {
        const auto b = static_cast<std::size_t>(equations.pattern().block_of_node[node]);
        if (b >= model.blocks.size()) return;
        const RandomBlock& block = model.blocks[b];
        if (block.levels->combination() != nullptr) return;
        const Index m = block.structure->n_columns();
        d.resize(m, m);
        for (Index q = 0; q < m; ++q) {
          for (Index r = q; r < m; ++r) d(r, q) = d(q, r) = inverse[*position++];
        }
        const Matrix scale = block.coef_transform * lambda[b];
        const Index first =
            static_cast<Index>(node - block.first_node) * model.n_coef_of_term[block.term];
        errors[block.term].block(block.first_coef, first + block.first_coef, block.n_coef,
                                 block.n_coef) = residual * scale * d * scale.transpose();
      });
  equations.give_back(std::move(inverse).release());
  return errors;
}

}  // namespace henderson::equations
