// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/errors.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "core/answers/effect_functions.h"
#include "core/answers/halves.h"
#include "core/base/error.h"

namespace henderson::answers {
namespace {

using likelihood::Evaluation;
using model::Model;
using model::RandomBlock;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr SmallIndex kColumnsAtATime = 64;
constexpr Index kMostEntries = 64;  // of a row of K on average that is taken as a sparse one

// first[t]: the row of K at which term t begins.
std::vector<Index> first_rows(const Model& model) {
  std::vector<Index> first{model.fixed.n_original};
  for (std::size_t t = 0; t < model.n_coef_of_term.size(); ++t) {
    first.push_back(first.back() +
                    static_cast<Index>(model.n_coef_of_term[t]) * model.n_levels_of_term[t]);
  }
  return first;
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

// The rows of K, where they meet fewer columns of C than there are rows: L^-1 of those serves all.
std::optional<ScaledRowList> shared_rows(const Evaluation& at, const EffectFunctions& functions,
                                         const Eigen::SparseMatrix<double>& k) {
  if (k.rows() != functions.n_effects() || functions.has_rest() ||
      k.nonZeros() > kMostEntries * k.cols())
    return std::nullopt;
  std::vector<char> is_met(static_cast<std::size_t>(at.factor().size()), 0);
  ScaledRowList rows(static_cast<std::size_t>(k.cols()));
  for (Index j = 0; j < k.cols(); ++j) {
    functions.row(k, j, rows[static_cast<std::size_t>(j)]);
    for (const ScaledEntry& entry : rows[static_cast<std::size_t>(j)]) is_met[entry.column] = 1;
  }
  if (std::count(is_met.begin(), is_met.end(), 1) > k.cols()) return std::nullopt;
  return rows;
}

template <class Visit>
void for_each_shared_half(const Evaluation& at, const ScaledRowList& rows,
                          const std::vector<Index>& first, Visit visit) {
  Halves halves(at.factor());
  Matrix half;
  ScaledRowList block;
  const auto n_blocks = static_cast<Index>(first.size()) - 1;
  for (Index g = 0; g < n_blocks;) {
    Index end = g;
    for (Index n_numbers = 0; end < n_blocks && n_numbers < kMostHalves; ++end)
      for (Index j = first[end]; j < first[end + 1]; ++j) n_numbers = halves.note(rows[j]);
    halves.prepare();
    for (; g < end; ++g) {
      block.assign(rows.begin() + first[g], rows.begin() + first[g + 1]);
      halves.of(block, half);
      visit(g, half);
    }
  }
}

// Calls visit(g, L^-1 P of the columns first[g], ..., first[g + 1] - 1 of K), or some rows of it
// outside which it is zero.
template <class Visit>
void for_each_half(const Evaluation& at, const EffectFunctions& functions,
                   const Eigen::SparseMatrix<double>& k, const std::vector<Index>& first,
                   Visit visit) {
  const std::optional<ScaledRowList> rows = shared_rows(at, functions, k);
  if (rows) return for_each_shared_half(at, *rows, first, visit);
  for (std::size_t g = 0; g + 1 < first.size();) {
    std::size_t end = g + 1;
    while (end + 1 < first.size() && first[end + 1] - first[g] <= kColumnsAtATime) ++end;
    Matrix half = functions.columns(k.middleCols(first[g], first[end] - first[g]));
    at.factor().solve_lower(half, at.equations().threads());
    for (const Index begin = first[g]; g < end; ++g)
      visit(static_cast<Index>(g), half.middleCols(first[g] - begin, first[g + 1] - first[g]));
  }
}

}  // namespace

Matrix over_design(const Model& model, const Matrix& k) {
  const std::vector<Index> first = first_rows(model);
  const bool fixed_only = k.rows() == model.fixed.n_original;
  if (!fixed_only && k.rows() != first.back())
    throw DimensionMismatch("rows of K", k.rows(), first.back());
  Matrix combinations = Matrix::Zero(model.n_random_columns + model.rank(), k.cols());
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

Matrix error_covariance(const Evaluation& at, const Eigen::SparseMatrix<double>& k) {
  const EffectFunctions functions(at);
  Matrix half = functions.columns(k);
  at.factor().solve_lower(half, at.equations().threads());
  return at.residual() * (half.transpose() * half) + functions.rest_covariance(k);
}

Matrix error_columns(const Evaluation& at, const Eigen::SparseMatrix<double>& k) {
  const EffectFunctions functions(at);
  Matrix solutions = functions.columns(k);
  at.factor().solve(solutions, at.equations().threads());
  Matrix found = at.residual() * functions.effects(solutions);
  functions.add_rest(k, found);
  return found;
}

Vector error_variances(const Evaluation& at, const Eigen::SparseMatrix<double>& k) {
  const EffectFunctions functions(at);
  Vector variances = functions.rest_variances(k);
  std::vector<Index> first(static_cast<std::size_t>(k.cols()) + 1);
  std::iota(first.begin(), first.end(), Index{0});
  for_each_half(at, functions, k, first, [&](Index j, const ConstMatrixRef& half) {
    variances[j] += at.residual() * half.squaredNorm();
  });
  return variances;
}

std::vector<Matrix> error_blocks(const Evaluation& at, const Eigen::SparseMatrix<double>& k,
                                 const std::vector<Index>& first) {
  if (first.empty() || first.back() != k.cols())
    throw DimensionMismatch("columns of K", k.cols(), first.empty() ? 0 : first.back());
  const EffectFunctions functions(at);
  std::vector<Matrix> blocks;
  blocks.reserve(first.size() - 1);
  for_each_half(at, functions, k, first, [&](Index g, const ConstMatrixRef& half) {
    Matrix& block = blocks.emplace_back(at.residual() * (half.transpose() * half));
    if (functions.has_rest())
      block += functions.rest_covariance(k.middleCols(first[g], first[g + 1] - first[g]));
  });
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
