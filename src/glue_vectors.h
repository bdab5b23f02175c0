// SPDX-License-Identifier: GPL-3.0-or-later
// R's vectors copied; numbering changes from 1 to 0 here only.
#pragma once

#include <RcppEigen.h>

#include "core/base/types.h"

namespace henderson {

inline Vector as_vector(SEXP x) {
  const Rcpp::NumericVector values(x);
  return Eigen::Map<const Vector>(values.begin(), values.size());
}

inline std::vector<SmallIndex> as_zero_based(SEXP x) {
  const Rcpp::IntegerVector values(x);
  std::vector<SmallIndex> zero_based(values.size());
  for (R_xlen_t i = 0; i < values.size(); ++i) {
    zero_based[i] = values[i] == NA_INTEGER ? kNone : values[i] - 1;
  }
  return zero_based;
}

}  // namespace henderson
