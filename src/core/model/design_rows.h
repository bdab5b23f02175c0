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

// Where coefficient c of a term stands in W: column first_column[c] + level * stride[c]. The
// coefficients are those of Z basis, so that u of the user = basis x u.
struct CoefficientPlaces {
  std::vector<SmallIndex> first_column;
  std::vector<SmallIndex> stride;
  Matrix basis;
  const Coding* combination = nullptr;  // of the levels of W, where the term's are others
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
