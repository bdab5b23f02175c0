// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/cell_errors.h"

#include <algorithm>
#include <optional>

#include "core/linalg/top_inverse.h"

namespace henderson::answers {
namespace {

using likelihood::Evaluation;
using linalg::TopInverse;
using model::Model;
using model::RandomBlock;

constexpr Index kCellsAtATime = 768;
constexpr SmallIndex kLevelsAtATime = 192;  // they are solved in wide blocks
// Columns at the top of a factor from which on its inverse is made, and up to which it has a place.
constexpr Index kLeastTop = 2000, kMostTop = 20000;

// Levels first, first + 1, ... of one coefficient.
Eigen::SparseMatrix<double> cells_of(const EffectFunctions& functions, SmallIndex term,
                                     Index n_coef, Index coef, SmallIndex first, Index n) {
  Eigen::SparseMatrix<double> k(functions.n_effects(), n);
  k.reserve(Eigen::VectorXi::Constant(static_cast<int>(n), 1));
  for (Index l = 0; l < n; ++l)
    k.insert(functions.first_effect(term) + (first + l) * n_coef + coef, l) = 1.0;
  k.makeCompressed();
  return k;
}

Vector forms(const Evaluation& at, const std::optional<TopInverse>& top, Matrix x) {
  if (top) return top->quadratic_forms(x);
  at.factor().solve_lower(x, at.equations().threads());
  return x.colwise().squaredNorm().transpose();
}

}  // namespace

std::vector<bool> terms_by_cells(const Model& model) {
  std::vector<bool> by_cells(model.n_coef_of_term.size(), false);
  for (const RandomBlock& block : model.blocks)
    if (block.seen || block.levels->has_some())
      by_cells[static_cast<std::size_t>(block.term)] = true;
  return by_cells;
}

Matrix cell_errors(const Evaluation& at, const EffectFunctions& functions, SmallIndex term,
                   Callbacks& callbacks) {
  const Model& model = at.model();
  const Index n_coef = model.n_coef_of_term[term];
  const SmallIndex n_levels = model.n_levels_of_term[term];
  const auto at_a_time = static_cast<SmallIndex>(std::max<Index>(1, kCellsAtATime / n_coef));
  Matrix errors(n_coef, n_coef * n_levels);
  for (SmallIndex level = 0; level < n_levels; level += at_a_time) {
    callbacks.stop_if_interrupted();
    const Index n = std::min(at_a_time, n_levels - level);
    // One coefficient after the other: the levels of each stand together.
    Eigen::SparseMatrix<double> k(functions.n_effects(), n * n_coef);
    for (Index c = 0; c < n_coef; ++c)
      k.middleCols(c * n, n) = cells_of(functions, term, n_coef, c, level, n);
    Matrix half = functions.columns(k);
    at.factor().solve_lower(half, at.equations().threads());
    const Vector rest = functions.rest_variances(k);
    for (Index l = 0; l < n; ++l) {
      const Eigen::Map<const Matrix, 0, Eigen::OuterStride<>> own(
          half.col(l).data(), half.rows(), n_coef, Eigen::OuterStride<>(n * half.rows()));
      auto block = errors.middleCols((level + l) * n_coef, n_coef);
      block = at.residual() * own.transpose() * own;
      for (Index c = 0; c < n_coef; ++c) block(c, c) += rest[c * n + l];
    }
  }
  return errors;
}

std::vector<Matrix> cell_variances(const Evaluation& at, Callbacks& callbacks) {
  const Model& model = at.model();
  const EffectFunctions functions(at);
  const std::vector<bool> by_cells = terms_by_cells(model);
  const Index size = TopInverse::top_size(at.factor());
  std::optional<TopInverse> top;
  if (size >= kLeastTop && size <= kMostTop) top.emplace(at.factor(), at.equations().threads());
  std::vector<Matrix> found(by_cells.size());
  for (std::size_t t = 0; t < by_cells.size(); ++t) {
    if (!by_cells[t]) continue;
    const auto term = static_cast<SmallIndex>(t);
    const SmallIndex n_coef = model.n_coef_of_term[t], n_levels = model.n_levels_of_term[t];
    found[t].resize(n_coef, n_levels);
    for (SmallIndex c = 0; c < n_coef; ++c) {
      for (SmallIndex first = 0; first < n_levels; first += kLevelsAtATime) {
        callbacks.stop_if_interrupted();
        const Index n = std::min(kLevelsAtATime, n_levels - first);
        const auto k = cells_of(functions, term, n_coef, c, first, n);
        found[t].row(c).segment(first, n) =
            (at.residual() * forms(at, top, functions.columns(k)) + functions.rest_variances(k))
                .transpose();
      }
    }
  }
  return found;
}

}  // namespace henderson::answers
