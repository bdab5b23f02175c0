// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/answers/left_out.h"
#include "core/answers/posterior_points.h"
#include "glue_answers.h"

namespace henderson {
namespace {

// The model of a sampler, for as long as it runs.
struct Posterior {
  Posterior(const Rcpp::List& list, int threads)
      : spec(as_spec(list)), surface(spec, nothing_held(spec), threads, callbacks) {}

  const model::ModelSpec spec;
  RCallbacks callbacks;
  bayes::Surface surface;
};

using Handle = Rcpp::XPtr<Posterior>;

SEXP to_r_sums(const std::optional<answers::EffectSums>& sums) {
  if (!sums) return R_NilValue;
  return Rcpp::List::create(Rcpp::Named("top") = sums->top, Rcpp::Named("total") = sums->total,
                            Rcpp::Named("sum") = Rcpp::wrap(sums->sum),
                            Rcpp::Named("products") = to_r(sums->products));
}

Rcpp::List points(Posterior& at, const Matrix& values, const Rcpp::List& wanted) {
  answers::PointRequest request;
  request.gradient = Rcpp::as<bool>(wanted["gradient"]);
  request.covariance = Rcpp::as<bool>(wanted["covariance"]);
  if (!Rf_isNull(wanted["log_weights"])) request.log_weights = as_vector(wanted["log_weights"]);
  request.weigh_by_likelihood = Rcpp::as<bool>(wanted["weigh_by_likelihood"]);
  if (!Rf_isNull(wanted["z"])) request.z = Rcpp::as<Matrix>(wanted["z"]);
  request.k = as_sparse("K", wanted["K"]);
  const answers::Points found = answers::read_points(at.surface, values, request, at.callbacks);
  return Rcpp::List::create(
      Rcpp::Named("minus2loglik") = Rcpp::wrap(found.minus2loglik),
      Rcpp::Named("gradient") = to_r(found.gradient), Rcpp::Named("mean") = to_r(found.mean),
      Rcpp::Named("covariance") = to_r(found.covariance), Rcpp::Named("draws") = to_r(found.draws),
      Rcpp::Named("sums") = to_r_sums(found.sums));
}

}  // namespace
}  // namespace henderson

// [[Rcpp::export]]
SEXP posterior_open_cpp(Rcpp::List spec, int threads) {
  using namespace henderson;
  return guarded([&] { return Handle(new Posterior(spec, available_threads(threads)), true); });
}

// [[Rcpp::export]]
Rcpp::List posterior_points_cpp(SEXP posterior, Rcpp::NumericMatrix values, Rcpp::List wanted) {
  using namespace henderson;
  Handle at(posterior);
  return guarded([&] { return points(*at, Rcpp::as<Matrix>(values), wanted); });
}

// [[Rcpp::export]]
int posterior_size_cpp(SEXP posterior) {
  henderson::Handle at(posterior);
  return static_cast<int>(henderson::answers::n_solved(at->surface.model()));
}

// [[Rcpp::export]]
Rcpp::NumericMatrix posterior_draws_cpp(SEXP posterior, Rcpp::NumericMatrix values,
                                        Rcpp::NumericMatrix z) {
  using namespace henderson;
  Handle at(posterior);
  return guarded([&] {
    return to_r(answers::draw_effects(at->surface, Rcpp::as<Matrix>(values), Rcpp::as<Matrix>(z),
                                      at->callbacks));
  });
}

// [[Rcpp::export]]
Rcpp::List posterior_functions_cpp(SEXP posterior, Rcpp::NumericMatrix values, Rcpp::S4 K) {
  using namespace henderson;
  Handle at(posterior);
  return guarded([&] {
    const answers::FunctionMoments found = answers::function_moments(
        at->surface, Rcpp::as<Matrix>(values), as_sparse("K", K), at->callbacks);
    return Rcpp::List::create(Rcpp::Named("mean") = to_r(found.mean),
                              Rcpp::Named("variance") = to_r(found.variance));
  });
}

// [[Rcpp::export]]
Rcpp::List posterior_errors_cpp(SEXP posterior, Rcpp::NumericMatrix values,
                                Rcpp::NumericVector weights) {
  using namespace henderson;
  Handle at(posterior);
  return guarded([&] {
    check_size("weights", weights.size(), values.ncol());
    const answers::MeanErrors found = answers::mean_errors(at->surface, Rcpp::as<Matrix>(values),
                                                           as_vector(weights), at->callbacks);
    return Rcpp::List::create(Rcpp::Named("beta") = to_r(found.beta),
                              Rcpp::Named("terms") = to_r(found.terms));
  });
}

// [[Rcpp::export]]
Rcpp::NumericMatrix posterior_left_out_cpp(SEXP posterior, Rcpp::NumericMatrix values,
                                           Rcpp::List groups, Rcpp::NumericMatrix residuals) {
  using namespace henderson;
  Handle at(posterior);
  return guarded([&] {
    const Rcpp::IntegerVector first = groups["first"];
    const answers::LeftOutGroups own{as_sparse("design", groups["design"]),
                                     as_vector(groups["response"]),
                                     {first.begin(), first.end()}};
    return to_r(answers::left_out_densities(at->surface, Rcpp::as<Matrix>(values), own,
                                            Rcpp::as<Matrix>(residuals), at->callbacks));
  });
}
