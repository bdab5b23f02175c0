// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/design_rows.h"

#include <algorithm>
#include <cmath>

#include "core/model/seen_cells.h"

namespace henderson::model {

namespace {

// A pivot of the cross-products below this share of its diagonal: the column is left as it is,
// scaled.
constexpr double kDependentPivot = 1e-14;
// One that passed, but has no more than this of its length where it is made from the records, is
// rounding: origins 1e7 spreads away, which leave as small a pivot, keep theirs.
constexpr double kRoundingLength = 1e-4;

struct CrossProducts {
  Matrix sums;   // T'Z'Z T pooled over levels
  Vector count;  // records with a nonzero value in each column of Z T
};

// Calls visit(coefficient, value) for the nonzero entries of row r of Z T.
template <class Visit>
void for_each_value(const CoefficientRows& incidence, Index r, const Matrix& basis, Vector& row,
                    Visit visit) {
  for (Index k = incidence.rows.start[r]; k < incidence.rows.start[r + 1]; ++k) {
    const Index c = incidence.first_coef + incidence.rows.column[k];
    for (Index j = c; j < basis.cols(); ++j) {
      if (basis(c, j) != 0.0) row[j] += incidence.rows.value[k] * basis(c, j);
    }
  }
  for (Index j = 0; j < row.size(); ++j) {
    if (row[j] == 0.0) continue;
    visit(j, row[j]);
    row[j] = 0.0;
  }
}

CrossProducts pooled_cross_products(const std::vector<CoefficientRows>& incidences, SmallIndex term,
                                    const Matrix& basis, const Vector& weights) {
  const Index n = basis.cols();
  CrossProducts products{Matrix::Zero(n, n), Vector::Zero(n)};
  Vector row = Vector::Zero(n);
  std::vector<std::pair<Index, double>> values;
  for (const CoefficientRows& incidence : incidences) {
    if (incidence.term != term) continue;
    for (Index r = 0; r < incidence.rows.n_rows(); ++r) {
      values.clear();
      for_each_value(incidence, r, basis, row,
                     [&](Index j, double value) { values.emplace_back(j, value); });
      const double weight = weights.size() > 0 ? weights[r] : 1.0;
      const double records = incidence.row_counts != nullptr ? (*incidence.row_counts)[r] : 1.0;
      for (const auto& [j, value] : values) {
        products.count[j] += records;
        for (const auto& [i, other] : values) products.sums(i, j) += weight * value * other;
      }
    }
  }
  return products;
}

// R^-1 of the Cholesky factor R'R of the cross-products; a dependent column takes part with its
// diagonal only, as do those that are known to be.
Matrix inverse_triangle(const Matrix& sums, const std::vector<char>& is_dependent) {
  const Index n = sums.rows();
  Matrix r = Matrix::Zero(n, n);
  for (Index c = 0; c < n; ++c) {
    const double pivot = sums(c, c) - r.col(c).head(c).squaredNorm();
    if (is_dependent[c] || !(pivot > kDependentPivot * sums(c, c))) {
      r.col(c).setZero();
      r(c, c) = sums(c, c) > 0.0 ? std::sqrt(sums(c, c)) : 1.0;
      continue;
    }
    r(c, c) = std::sqrt(pivot);
    for (Index j = c + 1; j < n; ++j) {
      r(c, j) = (sums(c, j) - r.col(c).head(c).dot(r.col(j).head(c))) / r(c, c);
    }
  }
  return r.triangularView<Eigen::Upper>().solve(Matrix::Identity(n, n));
}

// Columns that were made to have a length of one, and have none.
bool find_dependent(const CrossProducts& products, std::vector<char>& is_dependent) {
  bool any = false;
  for (Index j = 0; j < products.sums.cols(); ++j) {
    is_dependent[j] = products.count[j] > 0.0 && products.sums(j, j) < kRoundingLength;
    any = any || is_dependent[j];
  }
  return any;
}

SmallIndex column_of(const CoefficientPlace& place, SmallIndex level) {
  if (place.seen == nullptr) return place.first_column + level * place.stride;
  const auto begin = place.seen->coef.begin();
  const auto at = std::lower_bound(begin + place.seen->start[level],
                                   begin + place.seen->start[level + 1], place.coef);
  return place.first_column + static_cast<SmallIndex>(at - begin);
}

}  // namespace

Matrix coefficient_basis(const std::vector<CoefficientRows>& incidences, SmallIndex term,
                         SmallIndex n_coef, covariance::CoefficientChange change,
                         const Vector& weights) {
  Matrix basis = Matrix::Identity(n_coef, n_coef);
  if (change == covariance::CoefficientChange::scalar) return basis;
  const bool rotate = change == covariance::CoefficientChange::any;
  CrossProducts products = pooled_cross_products(incidences, term, basis, weights);
  std::vector<char> is_dependent(static_cast<std::size_t>(n_coef), false);
  for (int pass = 0; rotate && n_coef > 1 && pass < 2; ++pass) {
    basis = basis * inverse_triangle(products.sums, is_dependent);
    products = pooled_cross_products(incidences, term, basis, weights);
    if (pass == 0 && find_dependent(products, is_dependent)) {
      for (Index j = 0; j < n_coef; ++j)
        if (is_dependent[j]) basis.col(j) = Vector::Unit(n_coef, j);
      products = pooled_cross_products(incidences, term, basis, weights);
    }
  }
  for (Index j = 0; j < n_coef; ++j) {
    if (products.count[j] > 0.0) basis.col(j) *= std::sqrt(products.count[j] / products.sums(j, j));
  }
  return basis;
}

SparseRows design_rows(const SparseRows& x, SmallIndex first_fixed_column,
                       const std::vector<CoefficientRows>& incidences,
                       const std::vector<CoefficientPlaces>& places) {
  SparseRows w;
  w.n_columns = first_fixed_column + x.n_columns;
  std::size_t n_entries = x.column.size();
  for (const CoefficientRows& incidence : incidences) n_entries += incidence.rows.column.size();
  w.start.reserve(x.start.size());
  w.column.reserve(n_entries);
  w.value.reserve(n_entries);
  w.start.push_back(0);
  std::vector<Vector> workspace;
  for (const CoefficientPlaces& place : places)
    workspace.push_back(Vector::Zero(place.basis.cols()));
  for (Index r = 0; r < x.n_rows(); ++r) {
    for (Index k = x.start[r]; k < x.start[r + 1]; ++k) {
      w.column.push_back(first_fixed_column + x.column[k]);
      w.value.push_back(x.value[k]);
    }
    for (const CoefficientRows& incidence : incidences) {
      const CoefficientPlaces& place = places[incidence.term];
      const SmallIndex level = (*incidence.level_of_record)[r];
      for_each_value(incidence, r, place.basis, workspace[incidence.term],
                     [&](Index c, double value) {
                       for (const CoefficientPlace& own : place.of_coef[c])
                         for_each_part(own.combination, level, [&](SmallIndex l, double share) {
                           w.column.push_back(column_of(own, l));
                           w.value.push_back(value * share);
                         });
                     });
    }
    w.start.push_back(static_cast<Index>(w.column.size()));
  }
  return w;
}

}  // namespace henderson::model
