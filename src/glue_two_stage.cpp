// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/anova/subject_regressions.h"
#include "glue_callbacks.h"
#include "glue_convert.h"

// [[Rcpp::export]]
Rcpp::List subject_regressions_cpp(Rcpp::NumericMatrix z, Rcpp::NumericVector y,
                                   Rcpp::IntegerVector subject, int n_subjects) {
  using namespace henderson;
  return guarded([&] {
    RCallbacks callbacks;
    checked_int("n_subjects", Rcpp::wrap(n_subjects), 0);
    const anova::SubjectRegressions found =
        anova::subject_regressions(Eigen::Map<const Matrix>(z.begin(), z.nrow(), z.ncol()),
                                   as_vector(y), as_zero_based(subject), n_subjects, callbacks);
    return Rcpp::List::create(Rcpp::Named("coefficients") = to_r(found.coefficients),
                              Rcpp::Named("roots") = to_r(found.roots),
                              Rcpp::Named("residual_ss") = to_r(found.residual_ss),
                              Rcpp::Named("records") = Rcpp::wrap(found.records),
                              Rcpp::Named("rank") = Rcpp::wrap(found.rank));
  });
}
