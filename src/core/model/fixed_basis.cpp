// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/fixed_basis.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "core/model/dependence.h"

namespace henderson::model {
namespace {

// A column with a larger share of nonzeros than this counts as dense.
constexpr double kDenseShare = 0.25;
// More dense columns than this are treated as sparse: their products would cost more than they
// save.
constexpr std::size_t kMaxDense = 200;
// lm's tolerance for a dependent column: the length that is left after projection, relative to its
// own.
constexpr double kDependentLength = 1e-7;

// A column of which less than this share of its squared length is left beside another is nearly a
// multiple of it; and where the product of these shares, for several columns, is below that, sums
// of products lose digits.
constexpr double kNearlyMultiple = 0.01;
constexpr double kLeftTogether = 1e-6;
// Entries of such columns that are not too many to be taken as dense.
constexpr double kMaxMultiples = 2e6;

struct ColumnSizes {
  std::vector<Index> nonzeros;
  Vector length;  // weighted
};

ColumnSizes column_sizes(const SparseRows& x, const Vector& weights) {
  ColumnSizes sizes{std::vector<Index>(x.n_columns, 0), Vector::Zero(x.n_columns)};
  for (Index r = 0; r < x.n_rows(); ++r) {
    const double w = weights.size() > 0 ? weights[r] : 1.0;
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k) {
      ++sizes.nonzeros[x.column[k]];
      sizes.length[x.column[k]] += w * x.value[k] * x.value[k];
    }
  }
  sizes.length = sizes.length.cwiseSqrt();
  return sizes;
}

bool is_filled(const SparseRows& x, Index nonzeros) {
  return nonzeros > kDenseShare * static_cast<double>(x.n_rows());
}

// leader[c]: the first column with nonzeros in the same rows as c.
std::vector<SmallIndex> leaders(const SparseRows& x) {
  std::vector<std::pair<std::uint64_t, Index>> rows_of(x.n_columns, {0, 0});
  for (Index r = 0; r < x.n_rows(); ++r) {
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k) {
      auto& [hash, count] = rows_of[x.column[k]];
      hash = hash * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(r) + 1;
      ++count;
    }
  }
  std::map<std::pair<std::uint64_t, Index>, SmallIndex> first;
  std::vector<SmallIndex> leader(x.n_columns);
  for (SmallIndex c = 0; c < x.n_columns; ++c)
    leader[c] = first.try_emplace(rows_of[c], c).first->second;
  return leader;
}

// Of a factor by a covariate far from its origin, the columns of each level: nearly multiples of
// each other, of which X~'X~ would leave no digits. True for all of these, where they are few, and
// where not all columns are dense anyway.
std::vector<bool> near_multiples(const SparseRows& x, const Vector& weights,
                                 const ColumnSizes& sizes) {
  std::vector<bool> found(x.n_columns, false);
  if (std::all_of(sizes.nonzeros.begin(), sizes.nonzeros.end(),
                  [&](Index nonzeros) { return is_filled(x, nonzeros); }))
    return found;
  const std::vector<SmallIndex> leader = leaders(x);
  Vector product = Vector::Zero(x.n_columns), of_leader(x.n_columns);
  for (Index r = 0; r < x.n_rows(); ++r) {
    const double w = weights.size() > 0 ? weights[r] : 1.0;
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k)
      if (leader[x.column[k]] == x.column[k]) of_leader[x.column[k]] = w * x.value[k];
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k)
      product[x.column[k]] += of_leader[leader[x.column[k]]] * x.value[k];
  }
  Vector left = Vector::Ones(x.n_columns);
  for (SmallIndex c = 0; c < x.n_columns; ++c) {
    const SmallIndex own = leader[c];
    if (own == c || sizes.length[c] == 0.0) continue;
    const double cosine = product[c] / (sizes.length[c] * sizes.length[own]);
    const double own_left = 1.0 - cosine * cosine;
    if (own_left < kNearlyMultiple) left[own] *= std::max(own_left, 0.0);
  }
  for (SmallIndex c = 0; c < x.n_columns; ++c) found[c] = left[leader[c]] < kLeftTogether;
  const auto n_found = std::count(found.begin(), found.end(), true);
  if (n_found > static_cast<Index>(kMaxDense) ||
      static_cast<double>(n_found) * static_cast<double>(x.n_rows()) > kMaxMultiples)
    found.assign(found.size(), false);
  return found;
}

Matrix gather(const SparseRows& x, const std::vector<SmallIndex>& columns) {
  std::vector<SmallIndex> place(x.n_columns, kNone);
  for (std::size_t j = 0; j < columns.size(); ++j) place[columns[j]] = static_cast<SmallIndex>(j);
  Matrix dense = Matrix::Zero(x.n_rows(), static_cast<Index>(columns.size()));
  for (Index r = 0; r < x.n_rows(); ++r) {
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k) {
      const SmallIndex j = place[x.column[k]];
      if (j != kNone) dense(r, j) += x.value[k];
    }
  }
  return dense;
}

// Q = A T of the columns of A that do not depend on earlier ones, in their order.
struct Orthonormal {
  Matrix q;
  Matrix transform;
  std::vector<SmallIndex> independent;
};

double weighted_dot(const Matrix& q, Index a, Index b, const Vector& weights) {
  if (weights.size() == 0) return q.col(a).dot(q.col(b));
  return (q.col(a).array() * q.col(b).array() * weights.array()).sum();
}

// Gram-Schmidt in place, each column projected twice (Giraud, Langou & Rozloznik 2005): A T = Q,
// with T built column by column.
Orthonormal orthonormalise(Matrix a, const Vector& weights) {
  Orthonormal basis;
  const Index n_columns = a.cols();
  Matrix transform = Matrix::Zero(n_columns, n_columns);
  Index rank = 0;
  for (Index c = 0; c < n_columns; ++c) {
    if (c != rank) a.col(rank) = a.col(c);
    const double length = std::sqrt(weighted_dot(a, rank, rank, weights));
    Vector combination = Vector::Zero(n_columns);
    combination[rank] = 1.0;
    for (int pass = 0; pass < 2; ++pass) {
      for (Index k = 0; k < rank; ++k) {
        const double projection = weighted_dot(a, k, rank, weights);
        a.col(rank) -= projection * a.col(k);
        combination -= projection * transform.col(k);
      }
    }
    const double left = std::sqrt(weighted_dot(a, rank, rank, weights));
    if (!(left > kDependentLength * length)) continue;
    a.col(rank) /= left;
    transform.col(rank) = combination / left;
    basis.independent.push_back(static_cast<SmallIndex>(c));
    ++rank;
  }
  a.conservativeResize(Eigen::NoChange, rank);
  basis.q = std::move(a);
  basis.transform = transform.topLeftCorner(rank, rank);
  return basis;
}

SparseRows transformed_rows(const SparseRows& x, const Matrix& q,
                            const std::vector<SmallIndex>& sparse, const Vector& sparse_scale) {
  const auto n_dense = static_cast<SmallIndex>(q.cols());
  std::vector<SmallIndex> place(x.n_columns, kNone);
  for (std::size_t j = 0; j < sparse.size(); ++j) place[sparse[j]] = static_cast<SmallIndex>(j);
  SparseRows rows;
  rows.n_columns = n_dense + static_cast<Index>(sparse.size());
  rows.start.reserve(x.n_rows() + 1);
  rows.start.push_back(0);
  rows.column.reserve(x.column.size());
  rows.value.reserve(x.column.size());
  for (Index r = 0; r < x.n_rows(); ++r) {
    for (SmallIndex j = 0; j < n_dense; ++j) {
      rows.column.push_back(j);
      rows.value.push_back(q(r, j));
    }
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k) {
      const SmallIndex j = place[x.column[k]];
      if (j == kNone) continue;
      rows.column.push_back(n_dense + j);
      rows.value.push_back(x.value[k] * sparse_scale[j]);
    }
    rows.start.push_back(static_cast<Index>(rows.column.size()));
  }
  return rows;
}

// The basis of given dense and sparse columns; dense ones that depend on earlier dense ones are
// left out.
FixedBasis basis_of(const SparseRows& x, const Vector& weights,
                    const std::vector<SmallIndex>& dense, const std::vector<SmallIndex>& sparse,
                    const ColumnSizes& sizes) {
  Orthonormal orthonormal = orthonormalise(gather(x, dense), weights);
  FixedBasis basis;
  basis.n_original = static_cast<SmallIndex>(x.n_columns);
  basis.n_dense = static_cast<SmallIndex>(orthonormal.independent.size());
  for (const SmallIndex j : orthonormal.independent) basis.kept.push_back(dense[j]);
  basis.dense_transform = std::move(orthonormal.transform);
  basis.sparse_scale.resize(static_cast<Index>(sparse.size()));
  for (std::size_t j = 0; j < sparse.size(); ++j) {
    basis.sparse_scale[j] = 1.0 / sizes.length[sparse[j]];
    basis.kept.push_back(sparse[j]);
  }
  basis.log_det_transform = basis.dense_transform.diagonal().array().abs().log().sum() +
                            basis.sparse_scale.array().log().sum();
  basis.rows = transformed_rows(x, orthonormal.q, sparse, basis.sparse_scale);
  return basis;
}

// Needs: `dropped` sorted.
void remove(std::vector<SmallIndex>& columns, const std::vector<SmallIndex>& dropped) {
  const auto is_dropped = [&](SmallIndex c) {
    return std::binary_search(dropped.begin(), dropped.end(), c);
  };
  columns.erase(std::remove_if(columns.begin(), columns.end(), is_dropped), columns.end());
}

}  // namespace

Vector FixedBasis::beta(const ConstVectorRef& b, double missing) const {
  Vector beta = Vector::Constant(n_original, missing);
  const Vector dense = dense_transform * b.head(n_dense);
  for (SmallIndex j = 0; j < n_dense; ++j) beta[kept[j]] = dense[j];
  for (SmallIndex j = n_dense; j < rank(); ++j) beta[kept[j]] = b[j] * sparse_scale[j - n_dense];
  return beta;
}

Vector FixedBasis::transposed(const ConstVectorRef& k) const {
  Vector kept_part(rank());
  for (SmallIndex j = 0; j < rank(); ++j) kept_part[j] = k[kept[j]];
  const Vector dense = dense_transform.transpose() * kept_part.head(n_dense);
  kept_part.head(n_dense) = dense;
  kept_part.tail(rank() - n_dense).array() *= sparse_scale.array();
  return kept_part;
}

FixedBasis make_fixed_basis(const SparseRows& x, const Vector& weights, Callbacks& callbacks) {
  const ColumnSizes sizes = column_sizes(x, weights);
  const std::vector<bool> multiples = near_multiples(x, weights, sizes);
  std::vector<SmallIndex> dense, sparse;
  for (SmallIndex c = 0; c < x.n_columns; ++c) {
    if (sizes.length[c] == 0.0) continue;  // an empty cell
    const bool is_dense = multiples[c] || is_filled(x, sizes.nonzeros[c]);
    (is_dense && dense.size() < kMaxDense ? dense : sparse).push_back(c);
  }
  FixedBasis basis = basis_of(x, weights, dense, sparse, sizes);
  if (sparse.empty()) return basis;
  const std::vector<SmallIndex> dropped =
      dependent_columns(basis, weights, sizes.length, callbacks);
  if (dropped.empty()) return basis;
  dense.assign(basis.kept.begin(), basis.kept.begin() + basis.n_dense);
  remove(dense, dropped);
  remove(sparse, dropped);
  return basis_of(x, weights, dense, sparse, sizes);
}

}  // namespace henderson::model
