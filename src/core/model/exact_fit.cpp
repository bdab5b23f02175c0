// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/exact_fit.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

namespace henderson::model {
namespace {

constexpr Index kMostRecords = 500;
// Of the response, in units of its least-squares residual.
constexpr double kNothing = 1e-8;
// Columns of length one with a part smaller than this count as dependent.
constexpr double kDependent = 1e-9;
// Terms of which each subset is tried.
constexpr std::size_t kMostPieces = 5;

Matrix dense_columns(const SparseRows& w, Index first, Index n) {
  Matrix found = Matrix::Zero(w.n_rows(), n);
  for (Index r = 0; r < w.n_rows(); ++r) {
    for (Index k = w.start[r]; k < w.start[r + 1]; ++k) {
      const Index column = w.column[k] - first;
      if (column >= 0 && column < n) found(r, column) = w.value[k];
    }
  }
  return found;
}

Matrix whole(const Model& model, const RandomBlock& block) {
  return dense_columns(model.w, block.first_column, block.n_design_columns());
}

// A direction in which Sigma can be of rank one: any, or that of one number for all.
std::optional<Vector> direction_of(const RandomBlock& block) {
  Vector w(block.n_coef);
  for (Index i = 0; i < w.size(); ++i) w[i] = std::cos(1.0 + 2.0 * static_cast<double>(i));
  if (block.structure->reaches_direction(w)) return w;
  w.setOnes();
  if (block.structure->reaches_direction(w)) return w;
  return std::nullopt;
}

// The columns of Z for u = w x (one number for each level), or all.
Matrix smallest(const Model& model, const RandomBlock& block) {
  Matrix z = whole(model, block);
  if (block.held || block.n_coef == 1) return z;
  const std::optional<Vector> w = direction_of(block);
  if (!w) return z;
  Matrix found(z.rows(), block.n_levels);
  Vector row = Vector::Zero(block.first_column + z.cols());
  for (Index r = 0; r < z.rows(); ++r) {
    row.tail(z.cols()) = z.row(r);
    found.row(r) = w->transpose() * block.over_levels(row);
  }
  return found;
}

Matrix beside(const Matrix& left, const Matrix& right) {
  Matrix both(left.rows(), left.cols() + right.cols());
  both << left, right;
  return both;
}

Eigen::ColPivHouseholderQR<Matrix> qr_of(const Matrix& x) {
  Eigen::ColPivHouseholderQR<Matrix> qr;
  qr.setThreshold(kDependent);
  qr.compute(x);
  return qr;
}

bool falls_without_end(const Matrix& x, const Matrix& z, const Vector& response) {
  const Index n = z.rows();
  if (x.cols() + z.cols() < n || (z.cols() >= n && qr_of(z).rank() >= n)) return false;
  const Matrix both = beside(x, z);
  const Vector rest = response - both * qr_of(both).solve(response);
  return rest.norm() < kNothing * response.norm();
}

// Each set of a few pieces, else those with fewest columns first: visit(set) tells whether to stop.
template <class Visit>
bool any_set(const Matrix& always, const std::vector<Matrix>& pieces, const Visit& visit) {
  const std::size_t n = pieces.size();
  std::vector<std::size_t> sets;
  for (std::size_t set = 1; n <= kMostPieces && set < std::size_t{1} << n; ++set)
    sets.push_back(set);
  for (std::size_t k = 1; n > kMostPieces && k <= n; ++k) sets.push_back((std::size_t{1} << k) - 1);
  return std::any_of(sets.begin(), sets.end(), [&](std::size_t set) {
    Matrix some = always;
    for (std::size_t k = 0; k < n; ++k) {
      if ((set >> k & 1U) != 0) some = beside(some, pieces[k]);
    }
    return visit(some);
  });
}

bool has_held_part(const Model& model) {
  if (model.residual_held) return true;
  return std::any_of(model.residual.blocks.begin(), model.residual.blocks.end(),
                     [](const ResidualBlock& block) {
                       return block.held || !block.structure->can_be_rescaled() ||
                              block.structure->n_theta() < block.structure->n_values();
                     });
}

}  // namespace

bool is_unbounded(const Model& model) {
  if (model.reml || model.blocks.empty() || model.n_missing > 0) return false;
  if (model.pure_error.sum_of_squares > 0.0) return false;
  if (model.n_records > kMostRecords || has_held_part(model) || !model.constraints.empty())
    return false;
  if (model.rank() + model.n_random_columns < model.n_records) return false;
  const Matrix x = dense_columns(model.w, model.n_random_columns, model.rank());
  Matrix all(model.n_records, 0), some(model.n_records, 0);
  std::vector<Matrix> pieces;
  for (const RandomBlock& block : model.blocks) {
    all = beside(all, whole(model, block));
    if (block.held)
      some = beside(some, whole(model, block));
    else
      pieces.push_back(smallest(model, block));
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Matrix& a, const Matrix& b) { return a.cols() < b.cols(); });
  return any_set(some, pieces,
                 [&](const Matrix& z) { return falls_without_end(x, z, model.response); }) ||
         falls_without_end(x, all, model.response);
}

}  // namespace henderson::model
