// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of W = [Z_1, Z_2, ..., X~] from the parts that make them.
#pragma once

#include "core/covariance/registry.h"
#include "core/model/columns.h"

namespace henderson::model {

// The coefficient columns of one incidence of a random term, still without levels.
struct CoefficientRows {
  SmallIndex term = 0;
  SmallIndex first_coef = 0;
  const std::vector<SmallIndex>* level_of_record = nullptr;
  SparseRows rows;
  const Vector* row_counts = nullptr;  // records that each row stands for; null: one
};

struct SeenCells;

// Where a coefficient stands in W: its level l in column first_column + l * stride; or, of a block
// that has seen cells alone, in that of its cell.
struct CoefficientPlace {
  SmallIndex first_column = 0;
  SmallIndex stride = 1;
  const Coding* combination = nullptr;  // of the levels of W, where the term's are others
  const SeenCells* seen = nullptr;
  SmallIndex coef = 0;  // of the block, among the seen ones
};

// Of each coefficient of a term one place, or several where blocks share it. The coefficients are
// those of Z basis, so that u of the user = basis x u.
struct CoefficientPlaces {
  std::vector<std::vector<CoefficientPlace>> of_coef;
  Matrix basis;
};

// An upper triangular T for which the columns of Z T, pooled over levels, are orthogonal with a
// weighted mean square of 1 over their nonzero values: an origin of time far from the data, or any
// unit, disappears. With `diagonal` only the units, with `scalar` nothing. Source: Cholesky QR done
// twice (Yamamoto et al. 2015, ETNA 44:306).
Matrix coefficient_basis(const std::vector<CoefficientRows>& incidences, SmallIndex term,
                         SmallIndex n_coef, covariance::CoefficientChange change,
                         const Vector& weights);

// The columns of X~ begin at first_fixed_column. Cost: the entries of W.
SparseRows design_rows(const SparseRows& x, SmallIndex first_fixed_column,
                       const std::vector<CoefficientRows>& incidences,
                       const std::vector<CoefficientPlaces>& places);

}  // namespace henderson::model
