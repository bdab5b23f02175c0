// SPDX-License-Identifier: GPL-3.0-or-later
// What comes from R may be a fit that was altered, or a call of an export by hand: shapes, indices
// and slots are looked at once, where R's objects become the engine's, in time linear in their
// size. What is wrong is an error that names it; the engine then counts on it.
#pragma once

#include <RcppEigen.h>

#include "core/base/error.h"
#include "core/covariance/recipe.h"
#include "core/model/columns.h"

namespace henderson {

inline void check_size(const std::string& what, Index found, Index needed) {
  if (found != needed) throw DimensionMismatch(what, found, needed);
}

// lower <= x <= upper; NA of R is below every lower end that there is.
inline int checked_int(const std::string& what, SEXP x, int lower, int upper = INT32_MAX - 1) {
  const int value = Rcpp::as<int>(x);
  if (value < lower || value > upper)
    throw InvalidSpec(what, "is " + std::to_string(value) + ", not in " + std::to_string(lower) +
                                " to " + std::to_string(upper));
  return value;
}

// Indices from `first` on, 0 or kNone, that are below n.
inline void check_indices(const std::string& what, const std::vector<SmallIndex>& indices, Index n,
                          SmallIndex first = 0) {
  for (const SmallIndex i : indices) {
    if (i < first || i >= n) throw InvalidSpec(what, "an index is out of range");
  }
}

inline void check_square(const std::string& what, const Rcpp::NumericMatrix& matrix) {
  check_size(what + ", columns", matrix.ncol(), matrix.nrow());
}

inline Rcpp::IntegerVector checked_dim(const std::string& what, SEXP dim) {
  const Rcpp::IntegerVector found(dim);
  check_size(what + ", dimensions", found.size(), 2);
  if (found[0] < 0 || found[1] < 0) throw InvalidSpec(what, "a dimension is negative");
  return found;
}

// The slots of a matrix of packages Matrix, with columns of entries start[j] <= k < start[j + 1].
struct SparseSlots {
  Rcpp::IntegerVector dim, start, row;
  Rcpp::NumericVector value;
};

inline SparseSlots sparse_slots(const std::string& what, const Rcpp::S4& matrix) {
  SparseSlots slots{checked_dim(what, matrix.slot("Dim")), matrix.slot("p"), matrix.slot("i"),
                    matrix.slot("x")};
  check_size(what + ", slot p", slots.start.size(), static_cast<Index>(slots.dim[1]) + 1);
  if (slots.start[0] != 0) throw InvalidSpec(what, "slot p does not start at 0");
  for (R_xlen_t j = 1; j < slots.start.size(); ++j) {
    if (slots.start[j] < slots.start[j - 1]) throw InvalidSpec(what, "slot p decreases");
  }
  const Index n = slots.start[slots.start.size() - 1];
  check_size(what + ", slot i", slots.row.size(), n);
  check_size(what + ", slot x", slots.value.size(), n);
  for (const int i : slots.row) {
    if (i < 0 || i >= slots.dim[0]) throw InvalidSpec(what, "slot i is out of range");
  }
  return slots;
}

inline Eigen::SparseMatrix<double> as_sparse(const std::string& what, const Rcpp::S4& matrix) {
  sparse_slots(what, matrix);
  return Rcpp::as<Eigen::SparseMatrix<double>>(matrix);
}

inline void check_recipe(const covariance::Recipe& recipe) {
  const std::string& what = recipe.name;
  if (recipe.n_coef < 1) throw InvalidSpec(what, "has no coefficients");
  if (recipe.order < 0 || recipe.order > recipe.n_coef)
    throw InvalidSpec(what, "its order is out of range");
  if (recipe.coordinates.size() > 0) {
    check_size(what + ", rows of coordinates", recipe.coordinates.rows(), recipe.n_coef);
    if (!recipe.coordinates.allFinite()) throw InvalidSpec(what, "a coordinate is not finite");
  }
  if (recipe.factors.empty()) return;
  Index n = 1;
  for (const covariance::Recipe& factor : recipe.factors) n *= factor.n_coef;
  check_size(what + ", positions of the factors", n, recipe.n_coef);
}

// A term of n_records records, that has the columns which it says.
inline void check_term(const model::RandomTerm& term, Index n_records) {
  const std::string& what = term.label;
  if (static_cast<Index>(term.n_coef) * term.n_levels > INT32_MAX)
    throw InvalidSpec(what, "has more than 2^31 effects");
  for (const model::Incidence& incidence : term.incidence) {
    check_size(what + ", levels", static_cast<Index>(incidence.level_of_record.size()), n_records);
    check_indices(what + ", levels", incidence.level_of_record, term.n_levels);
    const Index end = static_cast<Index>(incidence.first_coef) + n_columns(incidence.terms);
    if (incidence.first_coef < 0 || end > term.n_coef)
      throw InvalidSpec(what, "has more coefficients than its structure");
  }
  const model::Relationship& levels = term.relationship;
  if (levels.is_identity) return;
  const Index n_own = levels.n_own();
  if (!levels.is_combined()) return check_size(what + ", precision", n_own, term.n_levels);
  check_size(what + ", precision", n_own, levels.combination.n_columns);
  check_size(what + ", combination", static_cast<Index>(levels.combination.start.size()) - 1,
             term.n_levels);
}

}  // namespace henderson
