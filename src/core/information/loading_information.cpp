// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/loading_information.h"

#include <cmath>

#include "core/information/residual_information.h"
#include "core/linalg/triangular.h"

namespace henderson::information {
namespace {

using equations::MixedModelEquations;
using likelihood::Evaluation;
using model::Model;
using model::RandomBlock;

constexpr Index kMostColumns = 400;
constexpr double kMostProducts = 1e8;

// One entry of dLambda_b / dtheta_parameter. Parameters after all theta are those that multiply
// the Lambda of a block: V changes by Z(Lambda Lambda' x I)Z'.
struct Entry {
  Index parameter, row, column;
  double value;
};

struct BlockEntries {
  const RandomBlock* block = nullptr;
  Matrix lambda;  // not relative
  std::vector<Entry> entries;
};

void add_entries(const Matrix& derivative, double scale, Index parameter, BlockEntries& of_block) {
  for (Index c = 0; c < derivative.cols(); ++c) {
    for (Index r = 0; r < derivative.rows(); ++r) {
      if (derivative(r, c) != 0.0)
        of_block.entries.push_back({parameter, r, c, scale * derivative(r, c)});
    }
  }
}

std::vector<BlockEntries> all_entries(const Model& model, const Evaluation& evaluation) {
  std::vector<BlockEntries> found;
  for (std::size_t b = 0; b < model.blocks.size(); ++b) {
    const RandomBlock& block = model.blocks[b];
    BlockEntries of_block{&block, evaluation.parameters.residual_sd() * evaluation.lambda()[b], {}};
    if (!block.held) {
      const std::vector<Matrix> derivatives =
          block.structure->derivatives(evaluation.parameters.of(block));
      for (std::size_t i = 0; i < derivatives.size(); ++i)
        add_entries(derivatives[i], 1.0, block.first_theta + static_cast<Index>(i), of_block);
    }
    add_entries(of_block.lambda, 0.5, model.n_theta + static_cast<Index>(b), of_block);
    found.push_back(std::move(of_block));
  }
  return found;
}

double cost(const std::vector<BlockEntries>& blocks) {
  double sum = 0.0;
  for (const BlockEntries& a : blocks) {
    for (const BlockEntries& b : blocks) {
      sum += static_cast<double>(a.entries.size()) * a.block->n_levels * b.block->n_levels *
             static_cast<double>(b.lambda.size());
    }
  }
  return sum;
}

// T sigma^2 = H'W'W H + b'B b, a sum of squares, with C b = W_s'Z and H = Z - W_s b in the columns
// of W.
Matrix projected_products(const Evaluation& evaluation) {
  const MixedModelEquations& equations = evaluation.equations();
  const Model& model = equations.model();
  const Index n = model.n_random_columns, n_all = evaluation.solution().unscaled.size();
  Matrix h = Matrix::Zero(n_all, n);
  h.topRows(n).setIdentity();
  Matrix cross = model.cross_products.leading_columns(n);
  Matrix b = equations.to_scaled(evaluation.lambda(), cross);
  evaluation.factor().solve(b);
  h -= equations.to_unscaled(evaluation.lambda(), b);
  cross.setZero();
  model.cross_products.multiply_add(h, cross);
  return (linalg::product(h.transpose(), cross) + equations.prior_products(b)) /
         evaluation.parameters.residual();
}

// What the Lambda_b' of a parameter is multiplied with for its information with parameter j of
// block a. The pairs of levels are the columns of each matrix, so sums over them are products.
class Pairs {
 public:
  Pairs(const Matrix& t, const BlockEntries& a, const BlockEntries& b)
      : of_row_(a.lambda.rows()), of_column_(a.lambda.cols()) {
    const Index n = static_cast<Index>(a.block->n_levels) * b.block->n_levels;
    for (Both& both : of_row_) both = {Matrix(b.lambda.rows(), n), Matrix(b.lambda.cols(), n)};
    for (Both& both : of_column_) both = {Matrix(b.lambda.rows(), n), Matrix(b.lambda.cols(), n)};
    Index k = 0;
    for (Index l = 0; l < b.block->n_levels; ++l) {
      for (Index m = 0; m < a.block->n_levels; ++m, ++k) {
        const Matrix t_lm = t.block(first(b, l), first(a, m), b.block->n_coef, a.block->n_coef);
        const Matrix left = b.lambda.transpose() * t_lm;  // R_ml'
        const Matrix right = t_lm * a.lambda;             // R_lm
        const Matrix both = left * a.lambda;              // Q_lm
        for (std::size_t r = 0; r < of_row_.size(); ++r) {
          of_row_[r].plain.col(k) = t_lm.col(static_cast<Index>(r));
          of_row_[r].turned.col(k) = left.col(static_cast<Index>(r));
        }
        for (std::size_t c = 0; c < of_column_.size(); ++c) {
          of_column_[c].plain.col(k) = right.col(static_cast<Index>(c));
          of_column_[c].turned.col(k) = both.col(static_cast<Index>(c));
        }
      }
    }
  }

  // S_j for the entries of one parameter, column by column of Lambda_j'.
  Matrix product(const Entry* begin, const Entry* end) const {
    Matrix s = Matrix::Zero(of_row_[0].plain.rows(), of_row_[0].turned.rows());
    while (begin != end) {
      const Both& column = of_column_[static_cast<std::size_t>(begin->column)];
      Matrix plain = Matrix::Zero(of_row_[0].plain.rows(), of_row_[0].plain.cols());
      Matrix turned = Matrix::Zero(of_row_[0].turned.rows(), of_row_[0].plain.cols());
      const Index c = begin->column;
      for (; begin != end && begin->column == c; ++begin) {
        const Both& row = of_row_[static_cast<std::size_t>(begin->row)];
        plain += begin->value * row.plain;
        turned += begin->value * row.turned;
      }
      s.noalias() += plain * column.turned.transpose();
      s.noalias() += column.plain * turned.transpose();
    }
    return s;
  }

 private:
  struct Both {
    Matrix plain;   // of T_lm, or of R_lm
    Matrix turned;  // the same with Lambda_b' before it
  };

  static Index first(const BlockEntries& of, Index level) {
    return of.block->first_column + level * of.block->n_coef;
  }

  std::vector<Both> of_row_;     // column r of each T_lm
  std::vector<Both> of_column_;  // column c of each T_lm Lambda_a
};

// tr(P V_i P V_j) / 2 over all theta and, after them, one parameter for each block.
Matrix information_of_entries(const Matrix& t, const std::vector<BlockEntries>& blocks,
                              Index size) {
  Matrix found = Matrix::Zero(size, size);
  for (const BlockEntries& a : blocks) {
    for (const BlockEntries& b : blocks) {
      const Pairs pairs(t, a, b);
      const Entry* const end = a.entries.data() + a.entries.size();
      for (const Entry* begin = a.entries.data(); begin != end;) {
        const Index j = begin->parameter;
        const Entry* next = begin;
        while (next != end && next->parameter == j) ++next;
        const Matrix s = pairs.product(begin, next);
        for (const Entry& i : b.entries) found(i.parameter, j) += i.value * s(i.row, i.column);
        begin = next;
      }
    }
  }
  return found;
}

Matrix sum_of_levels(const Matrix& t, const RandomBlock& block) {
  Matrix sum = Matrix::Zero(block.n_coef, block.n_coef);
  for (Index l = 0; l < block.n_levels; ++l) {
    const Index first = block.first_column + l * block.n_coef;
    sum += t.block(first, first, block.n_coef, block.n_coef);
  }
  return sum;
}

// tr(P V_i) over all theta and then all blocks.
Vector traces_of(const Matrix& t, const std::vector<BlockEntries>& blocks, Index size) {
  Vector trace = Vector::Zero(size);
  for (const BlockEntries& of : blocks) {
    const Matrix product = 2.0 * sum_of_levels(t, *of.block) * of.lambda;
    for (const Entry& e : of.entries) trace[e.parameter] += e.value * product(e.row, e.column);
  }
  return trace;
}

bool is_in_reach(const Model& model) {
  if (model.has_structured_residual() || !model.reml) return false;
  if (model.n_random_columns > kMostColumns) return false;
  for (const RandomBlock& block : model.blocks) {
    if (!block.levels->is_identity()) return false;
  }
  return true;
}

}  // namespace

std::optional<ExactParts> loading_information(const Evaluation& evaluation) {
  const Model& model = evaluation.model();
  if (!is_in_reach(model)) return std::nullopt;
  const std::vector<BlockEntries> blocks = all_entries(model, evaluation);
  if (cost(blocks) > kMostProducts) return std::nullopt;
  const Matrix t = projected_products(evaluation);
  const auto n_blocks = static_cast<Index>(blocks.size());
  const Index size = model.n_theta + n_blocks;
  const Index n = model.n_theta + 1;
  ExactParts parts{
      with_residual_information(information_of_entries(t, blocks, size), traces_of(t, blocks, size),
                                model.n_theta, model.error_df()),
      Matrix::Zero(n, n)};
  const Vector& score = evaluation.score();
  const double residual = evaluation.parameters.residual();
  for (const RandomBlock& block : model.blocks) {
    if (block.held) continue;
    const Eigen::Map<const Matrix> s(score.data() + block.first_column, block.n_coef,
                                     block.n_levels);
    const Matrix g = sum_of_levels(t, block) - s * s.transpose() / (residual * residual);
    const Index n_theta = block.structure->n_theta();
    parts.curvature.block(block.first_theta, block.first_theta, n_theta, n_theta) =
        block.structure->curvature(evaluation.parameters.of(block), g);
  }
  return parts;
}

}  // namespace henderson::information
