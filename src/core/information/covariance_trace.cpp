// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/covariance_trace.h"

#include <algorithm>
#include <numeric>

namespace henderson::information {
namespace {

using equations::FixedPlace;
using equations::MixedModelEquations;
using likelihood::Evaluation;
using model::RandomBlock;

// Right-hand sides that are solved in wide blocks.
constexpr Index kColumnsAtATime = 192;

struct Cell {
  Index column;  // of W
  SmallIndex coef, level;
};

// Coefficient by coefficient: solves for the cells of one stay within fewer columns of C.
std::vector<Cell> cells_of(const RandomBlock& block) {
  std::vector<Cell> cells;
  if (block.seen) {
    block.seen->visit([&](Index k, SmallIndex coef, SmallIndex level) {
      cells.push_back({block.first_column + k, coef, level});
    });
  } else {
    for (SmallIndex l = 0; l < block.n_levels; ++l)
      for (SmallIndex c = 0; c < block.n_coef; ++c)
        cells.push_back({block.first_column + Index{l} * block.n_coef + c, c, l});
  }
  std::stable_sort(cells.begin(), cells.end(),
                   [](const Cell& a, const Cell& b) { return a.coef < b.coef; });
  return cells;
}

// C^-1 b, or for ML C_vv^-1 of its random part.
void solve(const Evaluation& at, Matrix& b) {
  const MixedModelEquations& equations = at.equations();
  const Index n_fixed = at.model().rank();
  if (at.model().reml) return at.factor().solve(b, equations.threads());
  if (at.solved.random_factor) {
    at.solved.random_factor->solve(b.topRows(b.rows() - n_fixed), equations.threads());
    b.bottomRows(n_fixed).setZero();
    return;
  }
  // With the fixed effects last, C_vv has the factor of C without them.
  at.factor().solve_lower(b, equations.threads());
  b.bottomRows(n_fixed).setZero();
  at.factor().solve_upper(b, equations.threads());
  b.bottomRows(n_fixed).setZero();
}

// W'P W_J sigma^2 for some columns J of W.
Matrix projected(const Evaluation& at, const Cell* cells, Index n) {
  const MixedModelEquations& equations = at.equations();
  const model::BlockSymmetric& products = at.records().cross_products();
  Matrix h = Matrix::Zero(at.solution().unscaled.size(), n);
  for (Index j = 0; j < n; ++j) h(cells[j].column, j) = 1.0;
  Matrix cross = Matrix::Zero(h.rows(), n);
  products.multiply_add(h, cross);
  Matrix b = equations.to_scaled(at.lambda(), cross);
  solve(at, b);
  h -= equations.to_unscaled(at.lambda(), b);
  cross.setZero();
  products.multiply_add(h, cross);
  return cross;
}

// K of some levels with all.
Matrix related(const RandomBlock& block, const Cell* cells, Index n) {
  Matrix k = Matrix::Zero(block.n_levels, n);
  for (Index j = 0; j < n; ++j) k(cells[j].level, j) = 1.0;
  block.levels->multiply(k);
  return k;
}

}  // namespace

bool leaves_open(const RandomBlock& block) {
  return !block.held && block.n_theta() > 0 &&
         block.structure->n_columns() < block.structure->n_coef();
}

Matrix covariance_trace(const Evaluation& at, const RandomBlock& block, Callbacks& callbacks) {
  const std::vector<Cell> cells = cells_of(block);
  const auto n = static_cast<Index>(cells.size());
  Matrix trace = Matrix::Zero(block.n_coef, block.n_coef);
  for (Index first = 0; first < n; first += kColumnsAtATime) {
    callbacks.stop_if_interrupted();
    const Cell* own = cells.data() + first;
    const Index n_own = std::min(kColumnsAtATime, n - first);
    const Matrix found = projected(at, own, n_own), k = related(block, own, n_own);
    for (Index j = 0; j < n_own; ++j)
      trace.col(own[j].coef) += block.over_levels(found.col(j)) * k.col(j);
  }
  return (0.5 / at.residual()) * (trace + trace.transpose());
}

Matrix covariance_score(const Evaluation& at, const RandomBlock& block, Callbacks& callbacks) {
  const Matrix s = block.over_levels(at.score()) / at.residual();
  Matrix related_s = s.transpose();
  block.levels->multiply(related_s);
  return covariance_trace(at, block, callbacks) - s * related_s;
}

}  // namespace henderson::information
