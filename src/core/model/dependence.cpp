// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/dependence.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/model/cross_products.h"
#include "core/model/gram.h"

namespace henderson::model {
namespace {

// Pivots of X~'X~ below this share of their diagonal are candidates; what is left of a column in
// the space of the records decides. A pivot alone cannot: rounding leaves about 1e-16 times the
// squared coefficients of the dependence, and a covariate far from its origin makes these large.
constexpr double kCandidatePivot = 1e-8;
// A combination of columns of length one, none with a coefficient above one, is zero below this
// length: lm's tolerance.
constexpr double kDependentLength = 1e-7;
// A pivot below this is rounding: its column cannot be kept, whatever is left of it.
constexpr double kRounding = 1e-16;
// An entry of a null vector counts as zero below this share of the largest.
constexpr double kZeroEntry = 1e-5;

struct Candidates {
  Matrix null_vectors;    // one for each candidate, largest entry 1
  double shortest = 0.0;  // squared length of the shortest X~n that is not zero; 0 where all are
};

double squared_length(const Vector& x, const Vector& weights) {
  return weights.size() > 0 ? (x.array().square() * weights.array()).sum() : x.squaredNorm();
}

// n := n - (X'X)^-1 X'X n over the independent columns, until the squared length of X~n, which is
// returned, is zero or no longer falls.
double refine(const FixedBasis& basis, const Vector& weights,
              const linalg::SemidefiniteFactor& factor, VectorRef n) {
  n /= n.cwiseAbs().maxCoeff();
  Vector image = multiply(basis.rows, n);
  double left = squared_length(image, weights);
  for (double before = HUGE_VAL;
       left > kDependentLength * kDependentLength && left < 0.25 * before;) {
    before = left;
    Vector correction = weighted_cross_product(basis.rows, weights, image);
    factor.factor.solve(correction);
    for (const SmallIndex c : factor.dependent) correction[c] = 0.0;
    n -= correction;
    n /= n.cwiseAbs().maxCoeff();
    image = multiply(basis.rows, n);
    left = squared_length(image, weights);
  }
  return left;
}

Candidates checked_candidates(const FixedBasis& basis, const Vector& weights,
                              const linalg::SemidefiniteFactor& factor) {
  Candidates candidates{factor.null_vectors(), 0.0};
  for (Index v = 0; v < candidates.null_vectors.cols(); ++v) {
    const double left = refine(basis, weights, factor, candidates.null_vectors.col(v));
    if (left <= kDependentLength * kDependentLength) continue;
    candidates.shortest = candidates.shortest == 0.0 ? left : std::min(candidates.shortest, left);
  }
  return candidates;
}

// A basis of the null space of X~. Where a candidate turns out to be independent, it is kept in a
// new factor.
Matrix null_space(const FixedBasis& basis, const Vector& weights, Callbacks& callbacks) {
  double tolerance = kCandidatePivot;
  for (;;) {
    const linalg::SemidefiniteFactor factor = linalg::factorize_semidefinite(
        gram(basis.rows, weights), tolerance, linalg::FactorOptions{}, callbacks);
    if (factor.dependent.empty()) return Matrix(basis.rank(), 0);
    Candidates candidates = checked_candidates(basis, weights, factor);
    const bool last_try = tolerance < kRounding;
    if (candidates.shortest == 0.0 || last_try) return std::move(candidates.null_vectors);
    tolerance = std::min(0.1 * tolerance, 0.1 * candidates.shortest);
  }
}

// Null vectors in terms of the original columns, each scaled to length one. Rows are kept columns
// in the order of the formula.
Matrix null_vectors_by_formula(const FixedBasis& basis, const Matrix& null_vectors,
                               const Vector& length, const std::vector<SmallIndex>& order) {
  Matrix original = null_vectors;
  original.topRows(basis.n_dense) = basis.dense_transform * null_vectors.topRows(basis.n_dense);
  for (SmallIndex j = 0; j < basis.n_dense; ++j) original.row(j) *= length[basis.kept[j]];
  Matrix sorted(original.rows(), original.cols());
  for (std::size_t k = 0; k < order.size(); ++k)
    sorted.row(static_cast<Index>(k)) = original.row(order[k]);
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
      const double scale = null_vectors.col(v).head(r).size() > 0
                               ? null_vectors.col(v).head(r).cwiseAbs().maxCoeff()
                               : 0.0;
      if (scale > 0.0) null_vectors.col(v) /= scale;
    }
  }
  return rows;
}

}  // namespace

std::vector<SmallIndex> dependent_columns(const FixedBasis& basis, const Vector& weights,
                                          const Vector& length, Callbacks& callbacks) {
  const Matrix null_vectors = null_space(basis, weights, callbacks);
  if (null_vectors.cols() == 0) return {};
  std::vector<SmallIndex> order(basis.kept.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](SmallIndex a, SmallIndex b) { return basis.kept[a] < basis.kept[b]; });
  const Matrix by_formula = null_vectors_by_formula(basis, null_vectors, length, order);
  std::vector<SmallIndex> dependent;
  for (const Index row : last_rows(by_formula)) dependent.push_back(basis.kept[order[row]]);
  std::sort(dependent.begin(), dependent.end());
  return dependent;
}

}  // namespace henderson::model
