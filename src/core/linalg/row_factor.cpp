// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/linalg/row_factor.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace henderson::linalg {
namespace {

// Where the rows of A stand in the factor.
struct RowPlaces {
  std::vector<std::vector<Index>> rows_of;  // rows_of[s]: those whose first column, in the order of
                                            // elimination, is in supernode s
  bool fits = true;  // each has all its entries in the columns of that supernode's panel
};

// The row of a supernode's panel that is this one of L, from those of its square on; kNone: it is
// not there.
SmallIndex row_in_panel(const SymbolicFactor& symbolic, SmallIndex s, SmallIndex place) {
  const SmallIndex width = symbolic.width(s), own = place - symbolic.first_column(s);
  if (own < width) return own;
  const SmallIndex *first = symbolic.rows(s), *end = first + symbolic.below(s);
  const SmallIndex* at = std::lower_bound(first, end, place);
  return at != end && *at == place ? width + static_cast<SmallIndex>(at - first) : kNone;
}

RowPlaces places(const SymbolicFactor& symbolic, const SparseRows& rows) {
  const std::vector<SmallIndex>& place = symbolic.new_of_old();
  RowPlaces found;
  found.rows_of.resize(static_cast<std::size_t>(symbolic.n_supernodes()));
  for (Index i = 0; i < rows.n_rows(); ++i) {
    SmallIndex first = symbolic.size();
    rows.visit(i, [&](const RowEntry& entry) { first = std::min(first, place[entry.column]); });
    if (first == symbolic.size()) continue;
    const SmallIndex s = symbolic.supernode(first);
    found.rows_of[s].push_back(i);
    rows.visit(i, [&](const RowEntry& entry) {
      found.fits = found.fits && row_in_panel(symbolic, s, place[entry.column]) != kNone;
    });
  }
  return found;
}

// Columns of a triangle R are those of L of a supernode, with positive pivots. Its row `first` is
// that of the supernode's first column, and column_of(r) its column for row r of the panel.
template <class ColumnOf>
void store(const SymbolicFactor& symbolic, SmallIndex s, const Matrix& upper, Index first,
           ColumnOf column_of, double* values) {
  const SmallIndex height = symbolic.height(s);
  for (SmallIndex c = 0; c < symbolic.width(s); ++c) {
    double* column = values + symbolic.panel(s) + c * static_cast<Index>(height);
    const double sign = upper(first + c, column_of(c)) < 0.0 ? -1.0 : 1.0;
    for (SmallIndex r = c; r < height; ++r) column[r] = sign * upper(first + c, column_of(r));
  }
}

// Rows from the largest to the smallest: each then keeps digits of its own, however unlike their
// sizes are. Source: Cox & Higham (1998), Stability of Householder QR factorization for weighted
// least squares problems, in Numerical Analysis 1997.
Matrix largest_first(const Matrix& rows) {
  const Vector size = rows.rowwise().lpNorm<Eigen::Infinity>();
  std::vector<Index> order(static_cast<std::size_t>(rows.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) { return size[i] > size[j]; });
  Matrix sorted(rows.rows(), rows.cols());
  for (Index i = 0; i < rows.rows(); ++i) sorted.row(i) = rows.row(order[i]);
  return sorted;
}

// The multifrontal triangularisation: the front of a supernode has the columns of its panel, and as
// rows its own of A and what its children left.
class RowFactorizer {
 public:
  RowFactorizer(const SymbolicFactor& symbolic, const SparseRows& rows,
                const std::vector<std::vector<Index>>& rows_of, double* values)
      : symbolic_(symbolic),
        rows_(rows),
        rows_of_(rows_of),
        values_(values),
        children_of_(rows_of.size()),
        left_(rows_of.size()) {
    for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s)
      if (symbolic.parent(s) != kNone) children_of_[symbolic.parent(s)].push_back(s);
  }

  // False where a supernode has fewer rows than columns of its own.
  bool run() {
    for (SmallIndex s = 0; s < symbolic_.n_supernodes(); ++s) {
      Matrix front = assembled(s);
      const Index width = symbolic_.width(s), rank = std::min(front.rows(), front.cols());
      if (rank < width) return false;
      const Eigen::HouseholderQR<Matrix> qr(std::move(front));
      const Matrix upper = qr.matrixQR().topRows(rank).triangularView<Eigen::Upper>();
      store(
          symbolic_, s, upper, 0, [](SmallIndex r) { return r; }, values_);
      left_[s] = upper.bottomRightCorner(rank - width, symbolic_.below(s));
    }
    return true;
  }

 private:
  Matrix assembled(SmallIndex s) {
    const SmallIndex width = symbolic_.width(s), below = symbolic_.below(s);
    auto n_rows = static_cast<Index>(rows_of_[s].size());
    for (const SmallIndex child : children_of_[s]) n_rows += left_[child].rows();
    Matrix front = Matrix::Zero(n_rows, width + below);
    Index at = 0;
    for (const Index i : rows_of_[s]) {
      rows_.visit(i, [&](const RowEntry& entry) {
        const SmallIndex place = symbolic_.new_of_old()[entry.column];
        front(at, row_in_panel(symbolic_, s, place)) += entry.value;
      });
      ++at;
    }
    for (const SmallIndex child : children_of_[s]) {
      const Matrix left = std::exchange(left_[child], Matrix());
      for (SmallIndex k = 0; k < symbolic_.below(child); ++k)
        front.col(symbolic_.rows_in_parent(child)[k]).segment(at, left.rows()) = left.col(k);
      at += left.rows();
    }
    return largest_first(front);
  }

  const SymbolicFactor& symbolic_;
  const SparseRows& rows_;
  const std::vector<std::vector<Index>>& rows_of_;
  double* values_;
  std::vector<std::vector<SmallIndex>> children_of_;
  std::vector<Matrix> left_;  // rows of the triangle that a supernode leaves to its parent
};

// All rows and columns at once.
bool run_dense(const SymbolicFactor& symbolic, const SparseRows& rows, double* values) {
  const SmallIndex n = symbolic.size();
  if (rows.n_rows() < n) return false;
  Matrix permuted = Matrix::Zero(rows.n_rows(), n);
  for (Index i = 0; i < rows.n_rows(); ++i)
    rows.visit(i, [&](const RowEntry& entry) {
      permuted(i, symbolic.new_of_old()[entry.column]) += entry.value;
    });
  const Eigen::HouseholderQR<Matrix> qr(largest_first(permuted));
  const Matrix upper = qr.matrixQR().topRows(n);
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s) {
    const SmallIndex first = symbolic.first_column(s), width = symbolic.width(s);
    store(
        symbolic, s, upper, first,
        [&](SmallIndex r) { return r < width ? first + r : symbolic.rows(s)[r - width]; }, values);
  }
  return true;
}

}  // namespace

double row_flops(const SymbolicFactor& symbolic, const SparseRows& rows) {
  const RowPlaces where = places(symbolic, rows);
  const auto n = static_cast<double>(symbolic.size());
  if (!where.fits) return 2.0 * static_cast<double>(rows.n_rows()) * n * n;
  std::vector<double> n_rows(where.rows_of.size());
  double flops = 0.0;
  for (SmallIndex s = 0; s < symbolic.n_supernodes(); ++s) {
    const double height = symbolic.height(s);
    n_rows[s] += static_cast<double>(where.rows_of[s].size());
    const double rank = std::min(n_rows[s], height);
    flops += 2.0 * n_rows[s] * height * rank;
    if (symbolic.parent(s) != kNone)
      n_rows[symbolic.parent(s)] += std::max(rank - symbolic.width(s), 0.0);
  }
  return flops;
}

std::optional<CholeskyFactor> factorize_rows(Panels&& panels, const SparseRows& rows) {
  const SymbolicFactor& symbolic = panels.symbolic();
  const RowPlaces where = places(symbolic, rows);
  const bool is_done = where.fits
                           ? RowFactorizer(symbolic, rows, where.rows_of, panels.data()).run()
                           : run_dense(symbolic, rows, panels.data());
  if (!is_done) return std::nullopt;
  CholeskyFactor factor(std::move(panels));
  const double least = std::numeric_limits<double>::epsilon() * static_cast<double>(rows.n_rows());
  if (!(factor.largest_loss() < 1.0 / (least * least))) return std::nullopt;
  return factor;
}

}  // namespace henderson::linalg
