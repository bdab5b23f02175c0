// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/mme.h"

#include <Eigen/Cholesky>

#include "core/equations/row_limit.h"

namespace henderson::equations {
namespace {

using model::RandomBlock;

// Below this share of y'y, y'Py has lost more than four digits to cancellation.
constexpr double kCancelled = 1e-4;
// C has then lost so many digits that -2l is off by 1e-8 or more.
constexpr double kMostLost = 1e7;
// What a factor from rows may cost.
constexpr double kMostFlops = 3e7;

// F x I_m, F'F = K^-1.
void add_prior_root(const RandomBlock& block, MatrixRef root) {
  const Index m = block.structure->n_columns();
  if (block.levels->is_identity()) {
    root.setIdentity();
    return;
  }
  const model::Relationship& precision = block.levels->relationship();
  Matrix dense = Matrix::Zero(block.n_levels, block.n_levels);
  for (Index l = 0; l < block.n_levels; ++l)
    for (Index k = precision.start[l]; k < precision.start[l + 1]; ++k)
      dense(precision.row[k], l) = precision.value[k];
  const Matrix upper = dense.selfadjointView<Eigen::Lower>().llt().matrixU();
  for (Index j = 0; j < block.n_levels; ++j)
    for (Index i = 0; i <= j; ++i)
      for (Index c = 0; c < m; ++c) root(m * i + c, m * j + c) = upper(i, j);
}

}  // namespace

// 2 m n^2 flops of an orthogonal triangularisation of the records and the prior.
bool takes_rows(const model::Model& model) {
  auto n = static_cast<double>(model.n_free_columns());
  for (const RandomBlock& block : model.blocks)
    n += static_cast<double>(block.n_levels) * static_cast<double>(block.structure->n_columns());
  const auto n_rows = static_cast<double>(model.has_structured_residual() ? model.residual.n_rows()
                                                                          : model.n_records);
  return 2.0 * (n_rows + n) * n * n <= kMostFlops;
}

MixedModelEquations::MixedModelEquations(const model::Model& model, FixedPlace place, int threads,
                                         BlockEntries entries)
    : model_(model),
      place_(place),
      threads_(threads),
      entries_(entries),
      columns_(make_columns(model)),
      may_take_rows_(takes_rows(model)),
      source_(model) {}

FactorSolver& MixedModelEquations::solver() const {
  if (!solver_) {
    const Part part = place_ == FixedPlace::last ? Part::fixed_last : Part::whole;
    solver_ = std::make_unique<FactorSolver>(model_, columns_, part, entries_, threads_);
  }
  return *solver_;
}

FactorSolver& MixedModelEquations::random_solver() const {
  if (!random_solver_) {
    random_solver_ =
        std::make_unique<FactorSolver>(model_, columns_, Part::random, entries_, threads_);
  }
  return *random_solver_;
}

std::optional<Solved> MixedModelEquations::solve(Factors lambda, Records records,
                                                 Callbacks& callbacks) const {
  std::optional<linalg::CholeskyFactor> factor = factorize(solver(), lambda, records, callbacks);
  if (!factor) return std::nullopt;
  Solution found = solution(lambda, records, *factor);
  std::optional<linalg::CholeskyFactor> random_factor;
  if (place_ == FixedPlace::apart) {
    random_factor = factorize(random_solver(), lambda, records, callbacks);
    if (!random_factor) return std::nullopt;
    found.log_det_random = random_factor->log_determinant();
  }
  return Solved{this,
                std::move(lambda),
                std::move(records),
                std::move(*factor),
                std::move(random_factor),
                std::move(found)};
}

// A with A'A = C: the records R^-1/2 W_s above, the prior B^1/2 below.
Matrix MixedModelEquations::square_root(const Factors& lambda, const Records& records) const {
  const Matrix above = to_scaled(lambda, records.dense().transpose());
  const Index n = above.rows(), n_random = n - model_.n_free_columns();
  Matrix a = Matrix::Zero(above.cols() + n_random, n);
  a.topRows(above.cols()) = above.transpose();
  for (const RandomBlock& block : model_.blocks) {
    const Index first = columns_.nodes.first_column[block.first_node];
    add_prior_root(
        block, a.block(above.cols() + first, first, block.n_levels * block.structure->n_columns(),
                       block.n_levels * block.structure->n_columns()));
  }
  return a;
}

// A variance of 1e8 residual ones leaves half of the digits of W_s'W_s + B where columns of W
// depend on each other. Small equations are then factorised from their rows.
std::optional<linalg::CholeskyFactor> MixedModelEquations::factorize(FactorSolver& solver,
                                                                     const Factors& lambda,
                                                                     const Records& records,
                                                                     Callbacks& callbacks) const {
  std::optional<linalg::CholeskyFactor> factor =
      solver.factorize(lambda, records.cross_products(), callbacks);
  if (!may_take_rows_ || (factor && factor->largest_loss() < kMostLost)) return factor;
  factor.reset();
  const Matrix a = square_root(lambda, records);
  return solver.factorize_rows(a.leftCols(solver.pattern().symbolic->size()));
}

Solution MixedModelEquations::solution(const Factors& lambda, const Records& records,
                                       const linalg::CholeskyFactor& factor) const {
  const Vector& rhs = records.rhs();
  Solution found;
  Matrix b = to_scaled(lambda, rhs);
  factor.solve(b);
  found.scaled = b;
  found.unscaled = to_unscaled(lambda, b);
  Matrix product = Matrix::Zero(rhs.size(), 1);
  records.cross_products().multiply_add(found.unscaled, product);
  found.score = rhs - product.col(0);
  found.quadratic = records.weighted_ss() - rhs.dot(found.unscaled);  // y'R^-1 y - b'W_s'R^-1 y
  if (found.quadratic < kCancelled * records.weighted_ss())
    refine_on_records(lambda, records, factor, found);
  found.log_det = factor.log_determinant();
  if (place_ == FixedPlace::last)
    found.log_det_random = found.log_det - factor.log_determinant_last();
  return found;
}

// Where the random effects explain nearly all of y, y'y - b'W_s'y and W'y - W'W u are differences
// of large numbers, and what they leave of y is small beside the rounding of b. Then b is refined
// by what it leaves of the equations, W_s'e - Bb with e = y - W u from the records, and y'Py
// sigma^2 = e'e + b'Bb, least at the solution: an error of b counts with its square. Source: Higham
// (2002), Accuracy and Stability of Numerical Algorithms, ch. 12.
void MixedModelEquations::refine_on_records(const Factors& lambda, const Records& records,
                                            const linalg::CholeskyFactor& factor,
                                            Solution& solution) const {
  RecordErrors errors = records.errors(solution.unscaled);
  Matrix step = to_scaled(lambda, errors.cross) - prior_times(solution.scaled);
  factor.solve(step);
  solution.scaled += step;
  solution.unscaled = to_unscaled(lambda, solution.scaled);
  errors = records.errors(solution.unscaled);
  solution.score = std::move(errors.cross);
  solution.quadratic = errors.squares + solution.scaled.dot(prior_times(solution.scaled).col(0));
}

Matrix MixedModelEquations::to_scaled(const Factors& lambda, const ConstMatrixRef& x) const {
  Matrix scaled(columns_.nodes.n_columns(), x.cols());
  for (std::size_t b = 0; b < model_.blocks.size(); ++b) {
    const RandomBlock& block = model_.blocks[b];
    const SmallIndex first = columns_.nodes.first_column[block.first_node];
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
    const SmallIndex first = columns_.nodes.first_column[block.first_node];
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

Matrix MixedModelEquations::prior_times(const ConstMatrixRef& x) const {
  Matrix precision_x = Matrix::Zero(x.rows(), x.cols());
  for (const RandomBlock& block : model_.blocks) {
    const Index first = columns_.nodes.first_column[block.first_node];
    for (Index c = 0; c < x.cols(); ++c)
      block.levels->add_precision_times(block.structure->n_columns(), x.col(c).data() + first,
                                        precision_x.col(c).data() + first);
  }
  return precision_x;
}

}  // namespace henderson::equations
