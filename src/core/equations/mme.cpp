// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/mme.h"

#include "core/base/error.h"
#include "core/equations/sandwich.h"

namespace henderson::equations {
namespace {

using model::BlockSymmetric;
using model::RandomBlock;

// Below this share of y'y, y'Py has lost more than four digits to cancellation.
constexpr double kCancelled = 1e-4;

// Adds the lower triangle (diagonal) or the whole (off the diagonal) of a block to C; advances
// `position`.
void scatter(const Matrix& block, bool diagonal, const Index*& position, double* values) {
  for (Index q = 0; q < block.cols(); ++q) {
    for (Index r = diagonal ? q : 0; r < block.rows(); ++r) {
      const Index at = *position++;
      if (at != kNone) values[at] += block(r, q);
    }
  }
}

// out += (K^-1 x I_m) x for one vector. A column of K^-1 is read once for both triangles.
void add_precision_product(const model::Relationship& precision, Index m, const double* x,
                           double* out) {
  const Index n_levels = static_cast<Index>(precision.start.size()) - 1;
  for (Index l = 0; l < n_levels; ++l)
    for (Index c = 0; c < m; ++c) {
      const Index diagonal = precision.start[l];
      const double x_l = x[m * l + c];
      double sum = precision.value[diagonal] * x_l;
      for (Index k = diagonal + 1; k < precision.start[l + 1]; ++k) {
        const Index i = m * precision.row[k] + c;
        out[i] += precision.value[k] * x_l;
        sum += precision.value[k] * x[i];
      }
      out[m * l + c] += sum;
    }
}

}  // namespace

MixedModelEquations::MixedModelEquations(const model::Model& model, FixedPlace place, int threads,
                                         BlockEntries entries)
    : model_(model),
      place_(place),
      threads_(threads),
      entries_(entries),
      pattern_(make_pattern(model, place == FixedPlace::last, entries)),
      panels_(std::in_place, pattern_.symbolic) {
  if (model.has_structured_residual()) records_.emplace(model);
  if (place != FixedPlace::apart) return;
  random_model_ = std::make_unique<const model::Model>(model::random_part(model));
  random_part_ =
      std::make_unique<MixedModelEquations>(*random_model_, FixedPlace::anywhere, threads, entries);
}

void MixedModelEquations::give_back(Solved&& solved) {
  give_back(std::move(solved.factor).release());
  if (solved.random_factor) random_part_->give_back(std::move(*solved.random_factor).release());
}

// Lambda_i' M_ij Lambda_j for every block, then I x K^-1.
void MixedModelEquations::assemble(const Factors& lambda, double* values) const {
  const BlockSymmetric& cross = cross_products();
  const Matrix one = Matrix::Identity(1, 1);
  const auto lambda_of = [&](SmallIndex node) -> const Matrix& {
    const auto b = static_cast<std::size_t>(pattern_.block_of_node[node]);
    return b < lambda.size() ? lambda[b] : one;
  };
  const Index* position = pattern_.cross_positions.data();
  Matrix block;
  Sandwich sandwich;
  for (SmallIndex j = 0; j < cross.nodes.count(); ++j) {
    const Matrix& lambda_j = lambda_of(j);
    const SmallIndex nj = cross.nodes.size(j);
    for (Index k = cross.start[j]; k < cross.start[j + 1]; ++k) {
      const SmallIndex i = cross.node[k];
      const SmallIndex ni = cross.nodes.size(i);
      const Matrix& lambda_i = lambda_of(i);
      const double* m = cross.value.data() + cross.first_value[k];
      if (ni == 1 && nj == 1) {
        values[*position++] += lambda_i(0, 0) * *m * lambda_j(0, 0);
        continue;
      }
      sandwich.multiply(lambda_i, BlockView(m, ni, nj), lambda_j, block);
      scatter(block, i == j, position, values);
    }
  }
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const std::vector<Index>& positions = pattern_.precision_positions[b];
    const model::LevelCovariance& levels = *model_.blocks[b].levels;
    const Index n_columns = model_.blocks[b].structure->n_columns();
    for (std::size_t k = 0; k < positions.size(); ++k) {
      values[positions[k]] +=
          levels.is_identity() ? 1.0 : levels.relationship().value[k / n_columns];
    }
  }
}

std::optional<linalg::CholeskyFactor> MixedModelEquations::factorize(const Factors& lambda,
                                                                     Callbacks& callbacks) {
  if (!panels_) throw Error("the storage of the equations is still in use");
  linalg::Panels panels = std::move(*panels_);
  panels_.reset();
  panels.set_zero();
  assemble(lambda, panels.data());
  auto result = linalg::factorize(std::move(panels), linalg::FactorOptions{threads_}, callbacks);
  if (auto* failure = std::get_if<linalg::NotPositiveDefinite>(&result)) {
    give_back(std::move(failure->storage));
    return std::nullopt;
  }
  return std::get<linalg::CholeskyFactor>(std::move(result));
}

std::optional<Solved> MixedModelEquations::solve(const Factors& lambda, Callbacks& callbacks) {
  std::optional<linalg::CholeskyFactor> factor = factorize(lambda, callbacks);
  if (!factor) return std::nullopt;
  Solution found = solution(lambda, *factor);
  Solved solved{std::move(*factor), std::nullopt, std::move(found)};
  if (!random_part_) return solved;
  solved.random_factor = random_part_->factorize(lambda, callbacks);
  if (!solved.random_factor) {
    give_back(std::move(solved));
    return std::nullopt;
  }
  solved.solution.log_det_random = solved.random_factor->log_determinant();
  return solved;
}

Solution MixedModelEquations::solution(const Factors& lambda,
                                       const linalg::CholeskyFactor& factor) const {
  Solution found;
  Matrix b = to_scaled(lambda, rhs());
  factor.solve(b);
  found.scaled = b;
  found.unscaled = to_unscaled(lambda, b);
  Matrix product = Matrix::Zero(rhs().size(), 1);
  cross_products().multiply_add(found.unscaled, product);
  found.score = rhs() - product.col(0);
  found.quadratic = weighted_ss() - rhs().dot(found.unscaled);  // y'R^-1 y - b'W_s'R^-1 y
  if (found.quadratic < kCancelled * weighted_ss()) refine_on_records(found);
  found.log_det = factor.log_determinant();
  if (place_ == FixedPlace::last)
    found.log_det_random = found.log_det - factor.log_determinant_last();
  return found;
}

// Where the random effects explain nearly all of y, y'y - b'W_s'y and W'y - W'W u are differences
// of large numbers. Then they are made from e = y - W u itself: y'Py sigma^2 = e'e + v'Bv, and Bv =
// Lambda'W'e.
void MixedModelEquations::refine_on_records(Solution& solution) const {
  if (model_.response.size() == 0) return;
  const Index n_random = model_.n_random_columns;
  double e_e = 0.0;  // e'R^-1 e
  if (records_) {
    const Vector e = records_->residual(solution.unscaled);
    solution.score = records_->cross(e);
    e_e = e.squaredNorm();
  } else {
    const Vector e = model_.response - model::multiply(model_.w, solution.unscaled);
    solution.score = model::weighted_cross_product(model_.w, model_.weights, e);
    e_e = model_.weights.size() > 0 ? (e.array().square() * model_.weights.array()).sum()
                                    : e.squaredNorm();
  }
  solution.quadratic = e_e + solution.unscaled.head(n_random).dot(solution.score.head(n_random));
}

Matrix MixedModelEquations::to_scaled(const Factors& lambda, const ConstMatrixRef& x) const {
  Matrix scaled(pattern_.nodes.n_columns(), x.cols());
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const RandomBlock& block = model_.blocks[b];
    const SmallIndex first = pattern_.nodes.first_column[block.first_node];
    for (Index c = 0; c < x.cols(); ++c) {
      const Eigen::Map<const Matrix> u(x.col(c).data() + block.first_column, block.n_coef,
                                       block.n_levels);
      Eigen::Map<Matrix> v(scaled.col(c).data() + first, block.structure->n_columns(),
                           block.n_levels);
      v.noalias() = lambda[b].transpose().lazyProduct(u);
    }
  }
  scaled.bottomRows(model_.n_free_columns()) = x.bottomRows(model_.n_free_columns());
  return scaled;
}

Matrix MixedModelEquations::to_unscaled(const Factors& lambda, const ConstMatrixRef& x) const {
  Matrix unscaled(model_.cross_products.nodes.n_columns(), x.cols());
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const RandomBlock& block = model_.blocks[b];
    const SmallIndex first = pattern_.nodes.first_column[block.first_node];
    for (Index c = 0; c < x.cols(); ++c) {
      const Eigen::Map<const Matrix> v(x.col(c).data() + first, block.structure->n_columns(),
                                       block.n_levels);
      Eigen::Map<Matrix> u(unscaled.col(c).data() + block.first_column, block.n_coef,
                           block.n_levels);
      u.noalias() = lambda[b].lazyProduct(v);
    }
  }
  unscaled.bottomRows(model_.n_free_columns()) = x.bottomRows(model_.n_free_columns());
  return unscaled;
}

Matrix MixedModelEquations::prior_products(const ConstMatrixRef& x) const {
  Matrix precision_x = Matrix::Zero(x.rows(), x.cols());
  for (const RandomBlock& block : model_.blocks) {
    const Index first = pattern_.nodes.first_column[block.first_node];
    const Index m = block.structure->n_columns();
    if (block.levels->is_identity())
      precision_x.middleRows(first, m * block.n_levels) = x.middleRows(first, m * block.n_levels);
    else
      for (Index c = 0; c < x.cols(); ++c)
        add_precision_product(block.levels->relationship(), m, x.col(c).data() + first,
                              precision_x.col(c).data() + first);
  }
  return x.transpose() * precision_x;
}

}  // namespace henderson::equations
