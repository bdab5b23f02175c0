// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of W = [Z_1, Z_2, ..., X~] from the parts that make them.
#pragma once

#include "core/model/columns.h"

namespace henderson::model {

// The coefficient columns of one incidence of a random term, still without levels.
struct CoefficientRows {
  SmallIndex term = 0;
  SmallIndex first_coef = 0;
  const std::vector<SmallIndex>* level_of_record = nullptr;
  SparseRows rows;
};

// Where coefficient c of a term stands in W: column first_column[c] + level * stride[c], its values divided by scale[c].
struct CoefficientPlaces {
  std::vector<SmallIndex> first_column;
  std::vector<SmallIndex> stride;
  std::vector<double> scale;
};

// Root mean square of the nonzero values of each coefficient, 1 where there is none.
std::vector<double> coefficient_scales(const std::vector<CoefficientRows>& incidences, SmallIndex term, SmallIndex n_coef);

// The columns of X~ begin at first_fixed_column. Cost: the entries of W.
SparseRows design_rows(const SparseRows& x, SmallIndex first_fixed_column,
                       const std::vector<CoefficientRows>& incidences,
                       const std::vector<CoefficientPlaces>& places);

}  // namespace henderson::model
