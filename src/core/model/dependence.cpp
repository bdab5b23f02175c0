// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/dependence.h"

#include <algorithm>
#include <numeric>

#include "core/model/gram.h"

namespace henderson::model {
namespace {

// A pivot of X~'X~ below this share of its diagonal is one of a dependent column. Rounding leaves some 1e-14 of an exact
// dependence; the square of lm's 1e-7 would be lost in it.
constexpr double kDependentPivot = 1e-11;
// An entry of a null vector counts as zero below this share of the largest: the error of a null vector is about the square root of
// the pivot that was called zero.
constexpr double kZeroEntry = 1e-5;

// Null vectors in terms of the original columns, each scaled to length one. Rows are kept columns in the order of the formula.
Matrix null_vectors_by_formula(const FixedBasis& basis, const Matrix& null_vectors, const Vector& length,
                               const std::vector<SmallIndex>& order) {
  Matrix original = null_vectors;
  original.topRows(basis.n_dense) = basis.dense_transform * null_vectors.topRows(basis.n_dense);
  for (SmallIndex j = 0; j < basis.n_dense; ++j) original.row(j) *= length[basis.kept[j]];
  Matrix sorted(original.rows(), original.cols());
  for (std::size_t k = 0; k < order.size(); ++k) sorted.row(static_cast<Index>(k)) = original.row(order[k]);
  for (Index v = 0; v < sorted.cols(); ++v) sorted.col(v) /= sorted.col(v).cwiseAbs().maxCoeff();
  return sorted;
}

// Rows at which the null space, read from the last row up, gains a dimension.
std::vector<Index> last_rows(Matrix null_vectors) {
  std::vector<Index> rows;
  Index n_left = null_vectors.cols();  // columns 0, ..., n_left - 1 still have no last row
  for (Index r = null_vectors.rows() - 1; r >= 0 && n_left > 0; --r) {
    Index pivot = 0;
    const double largest = null_vectors.row(r).head(n_left).cwiseAbs().maxCoeff(&pivot);
    if (!(largest > kZeroEntry)) continue;
    rows.push_back(r);
    --n_left;
    null_vectors.col(pivot).swap(null_vectors.col(n_left));
    for (Index v = 0; v < n_left; ++v) {
      const double factor = null_vectors(r, v) / null_vectors(r, n_left);
      if (factor == 0.0) continue;
      null_vectors.col(v).head(r + 1) -= factor * null_vectors.col(n_left).head(r + 1);
      const double scale = null_vectors.col(v).head(r).size() > 0 ? null_vectors.col(v).head(r).cwiseAbs().maxCoeff() : 0.0;
      if (scale > 0.0) null_vectors.col(v) /= scale;
    }
  }
  return rows;
}

}  // namespace

std::vector<SmallIndex> dependent_columns(const FixedBasis& basis, const Vector& weights, const Vector& length,
                                          Callbacks& callbacks) {
  const linalg::SemidefiniteFactor factor = linalg::factorize_semidefinite(
      gram(basis.rows, weights), kDependentPivot, linalg::FactorOptions{}, callbacks);
  if (factor.dependent.empty()) return {};
  std::vector<SmallIndex> order(basis.kept.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](SmallIndex a, SmallIndex b) { return basis.kept[a] < basis.kept[b]; });
  const Matrix by_formula = null_vectors_by_formula(basis, factor.null_vectors(), length, order);
  std::vector<SmallIndex> dependent;
  for (const Index row : last_rows(by_formula)) dependent.push_back(basis.kept[order[row]]);
  std::sort(dependent.begin(), dependent.end());
  return dependent;
}

}  // namespace henderson::model
