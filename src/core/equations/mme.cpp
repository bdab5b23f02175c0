// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/equations/mme.h"

#include "core/equations/row_limit.h"
#include "core/equations/square_root.h"
#include "core/linalg/dense.h"
#include "core/linalg/row_factor.h"

namespace henderson::equations {
namespace {

using model::RandomBlock;

// Below this share of y'y, y'Py has lost more than four digits to cancellation.
constexpr double kCancelled = 1e-4;
// C has then lost so many digits that -2l is off by 1e-8 or more; and by 1e-6, where rows are dear.
constexpr double kMostLost = 1e7;
constexpr double kMostLostDear = 1e9;
// A loss from which columns may together depend on each other more than any pivot says, and the
// condition that counts as such a loss.
constexpr double kSomeLost = 1e3;
constexpr double kMostCondition = 1e8;

bool has_lost(const linalg::CholeskyFactor& factor, double most) {
  const double loss = factor.largest_loss();
  return loss >= most ||
         (loss >= kSomeLost && factor.scaled_condition() >= kMostCondition / kMostLost * most);
}

// Nothing where the pattern of C decides.
std::optional<bool> decided_rows(const model::Model& model) {
  if (takes_rows(model)) return true;
  return may_have_rows(model) ? std::nullopt : std::optional<bool>(false);
}

}  // namespace

MixedModelEquations::MixedModelEquations(const model::Model& model, FixedPlace place, int threads,
                                         BlockEntries entries)
    : model_(model),
      place_(place),
      threads_(threads),
      entries_(entries),
      columns_(make_columns(model)),
      take_rows_(decided_rows(model)),
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

const Vector& Solved::score() const {
  if (solution.score.size() > 0) return solution.score;
  Matrix product = Matrix::Zero(records.rhs().size(), 1);
  records.cross_products().multiply_add(solution.unscaled, product);
  solution.score = records.rhs() - product.col(0);
  return solution.score;
}

// A variance of 1e8 residual ones, or weights as far apart, leave half of the digits of W_s'W_s + B
// where columns of W depend on each other. It is then factorised from its rows, where that is not
// dear.
std::optional<linalg::CholeskyFactor> MixedModelEquations::factorize(FactorSolver& solver,
                                                                     const Factors& lambda,
                                                                     const Records& records,
                                                                     Callbacks& callbacks) const {
  std::optional<linalg::CholeskyFactor> factor =
      solver.factorize(lambda, records.cross_products(), callbacks);
  if (take_rows_ == false) return factor;
  const double most = takes_rows(model_) ? kMostLost : kMostLostDear;
  if (factor && !has_lost(*factor, most)) return factor;
  const linalg::SymbolicFactor& symbolic = *solver.pattern().symbolic;
  const linalg::SparseRows rows = square_root(model_, columns_, symbolic, lambda, records);
  if (!take_rows_) take_rows_ = linalg::row_flops(symbolic, rows) <= kMostRowFlops;
  if (take_rows_ == false) return factor;
  factor.reset();
  return solver.factorize_rows(rows);
}

Solution MixedModelEquations::solution(const Factors& lambda, const Records& records,
                                       const linalg::CholeskyFactor& factor) const {
  const Vector& rhs = records.rhs();
  Solution found;
  Matrix b = to_scaled(lambda, rhs);
  factor.solve(b);
  found.scaled = b;
  found.unscaled = to_unscaled(lambda, b);
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
    const Matrix turned = lambda[b].transpose();
    for (Index c = 0; c < x.cols(); ++c) {
      Eigen::Map<Matrix> v(scaled.col(c).data() + first, block.structure->n_columns(),
                           block.n_levels);
      if (block.seen) {
        v.setZero();
        const double* u = x.col(c).data() + block.first_column;
        block.seen->visit([&](Index k, SmallIndex coef, SmallIndex level) {
          v.col(level) += u[k] * turned.col(coef);
        });
        continue;
      }
      const Eigen::Map<const Matrix> u(x.col(c).data() + block.first_column, block.n_coef,
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
    const Matrix turned = lambda[b].transpose();
    for (Index c = 0; c < x.cols(); ++c) {
      const Eigen::Map<const Matrix> v(x.col(c).data() + first, block.structure->n_columns(),
                                       block.n_levels);
      double* own = unscaled.col(c).data() + block.first_column;
      if (block.seen) {
        block.seen->visit([&](Index k, SmallIndex coef, SmallIndex level) {
          own[k] = turned.col(coef).dot(v.col(level));
        });
        continue;
      }
      Eigen::Map<Matrix> u(own, block.n_coef, block.n_levels);
      u.noalias() = lambda[b].lazyProduct(v);
    }
  }
  unscaled.bottomRows(model_.n_free_columns()) = x.bottomRows(model_.n_free_columns());
  return unscaled;
}

// The columns of Lambda side by side: products with a dense K^-1 are those of matrices.
void MixedModelEquations::add_dense_prior(const RandomBlock& block, const ConstMatrixRef& x,
                                          Matrix& precision_x) const {
  const Index m = block.structure->n_columns();
  const Index first = columns_.nodes.first_column[block.first_node];
  const Eigen::InnerStride<> apart(m);
  Matrix own(block.n_levels, m * x.cols());
  const auto each = [&](auto visit) {
    for (Index c = 0; c < x.cols(); ++c)
      for (Index q = 0; q < m; ++q) visit(c, first + q, m * c + q);
  };
  each([&](Index c, Index at, Index to) {
    own.col(to) = Eigen::Map<const Vector, 0, Eigen::InnerStride<>>(x.col(c).data() + at,
                                                                    block.n_levels, apart);
  });
  own = block.levels->precision_times(own, threads_);
  each([&](Index c, Index at, Index to) {
    Eigen::Map<Vector, 0, Eigen::InnerStride<>>(precision_x.col(c).data() + at, block.n_levels,
                                                apart) = own.col(to);
  });
}

Matrix MixedModelEquations::prior_times(const ConstMatrixRef& x) const {
  Matrix precision_x = Matrix::Zero(x.rows(), x.cols());
  for (const RandomBlock& block : model_.blocks) {
    if (block.levels->is_dense() && x.cols() > 1) {
      add_dense_prior(block, x, precision_x);
      continue;
    }
    const Index first = columns_.nodes.first_column[block.first_node];
    for (Index c = 0; c < x.cols(); ++c)
      block.levels->add_precision_times(block.structure->n_columns(), x.col(c).data() + first,
                                        precision_x.col(c).data() + first);
  }
  return precision_x;
}

Matrix MixedModelEquations::prior_products(const ConstMatrixRef& x) const {
  return linalg::symmetric_product(x, prior_times(x), threads_);
}

}  // namespace henderson::equations
