// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of the engine as R keeps them.
#pragma once

#include "core/answers/mean_covariance.h"
#include "core/answers/residual_whitening.h"
#include "core/information/variance_information.h"
#include "glue_convert.h"

namespace henderson {

inline Rcpp::List to_r(const answers::MeanCovariance& found) {
  Rcpp::List gradients;
  for (const Matrix& gradient : found.gradients) gradients.push_back(to_r(gradient));
  return Rcpp::List::create(Rcpp::Named("covariance") = to_r(found.covariance),
                            Rcpp::Named("gradients") = gradients,
                            Rcpp::Named("adjusted") = to_r(found.adjusted));
}

inline Rcpp::List to_r(const information::VarianceInformation& found) {
  return Rcpp::List::create(Rcpp::Named("jacobian") = to_r(found.jacobian),
                            Rcpp::Named("average") = to_r(found.average),
                            Rcpp::Named("observed") = to_r(found.observed),
                            Rcpp::Named("expected") = to_r(found.expected),
                            Rcpp::Named("has_expected") = found.has_expected);
}

// The record of each row counts from 1; NA where there is none.
inline Rcpp::List to_r(const answers::ResidualWhitening& found) {
  Rcpp::IntegerVector record(found.record_of_row.size());
  for (R_xlen_t r = 0; r < record.size(); ++r) {
    const SmallIndex own = found.record_of_row[static_cast<std::size_t>(r)];
    record[r] = own == kNone ? NA_INTEGER : static_cast<int>(own) + 1;
  }
  return Rcpp::List::create(Rcpp::Named("transform") = Rcpp::wrap(found.transform),
                            Rcpp::Named("record") = record);
}

inline Rcpp::List to_r(const std::vector<Matrix>& found) {
  Rcpp::List matrices(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) matrices[i] = to_r(found[i]);
  return matrices;
}

}  // namespace henderson
