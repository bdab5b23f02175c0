// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/anova/henderson3.h"
#include "glue_callbacks.h"
#include "glue_convert.h"

namespace henderson {
namespace {

Rcpp::List fitting_constants(const Rcpp::List& list, double max_flops, int threads) {
  RCallbacks callbacks;
  const model::ModelSpec spec = as_spec(list);
  const model::Model model = model::build_model(spec, nothing_held(spec), callbacks);
  const anova::MethodThree found =
      anova::method_three(model, {max_flops, available_threads(threads)}, callbacks);
  return Rcpp::List::create(Rcpp::Named("sums_of_squares") = to_r(found.sums_of_squares),
                            Rcpp::Named("df") = to_r(found.df),
                            Rcpp::Named("expected") = to_r(found.expected),
                            Rcpp::Named("variances") = to_r(found.variances),
                            Rcpp::Named("covariance") = to_r(found.covariance),
                            Rcpp::Named("flops") = found.flops, Rcpp::Named("rank") = model.rank());
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
Rcpp::List fitting_constants_cpp(Rcpp::List spec, double max_flops, int threads) {
  return henderson::guarded([&] { return henderson::fitting_constants(spec, max_flops, threads); });
}
