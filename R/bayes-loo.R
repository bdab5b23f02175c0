# Leave-one-out predictive densities of a fit by Bayes. Given the variance parameters they are
# exact: the effects are integrated out, and the record is taken out of the normal distribution of
# its mean. Only the parameters, of which there are few, keep what they know of the record; Pareto
# smoothed importance sampling takes that out.

#' Predictive density of each record without it
#'
#' `loo::loo()` of a fit by `method = "Bayes"`: the expected log predictive density of a new record
#' (`elpd_loo`), its standard error, and Pareto's k of each record, as `loo::loo_compare()` takes
#' them. Effects are integrated out, which leaves far less to the importance weights than the
#' likelihoods of records given their effects would. Differences of `marginal_likelihood()` with and
#' without a record are the same densities.
#'
#' @param x A fit by [lmmfit()] with `method = "Bayes"` whose residuals are independent.
#' @param draws So many draws of the variance parameters are used, spread evenly over the posterior.
#'   Each costs a factorisation and a solution for each record.
#' @param ... Nothing more.
#' @return A list of class `psis_loo`, see [loo::loo()].
#' @references Vehtari, Gelman & Gabry (2017) Statistics and Computing 27:1413. Vehtari, Mononen,
#'   Tolvanen, Sivula & Winther (2016) J. Machine Learning Research 17(103), for effects integrated
#'   out.
#' @examplesIf all(vapply(c("qrng", "loo", "posterior"), requireNamespace, NA, quietly = TRUE))
#' fit <- lmmfit(Yield ~ (1 | Batch), lme4::Dyestuff, method = "Bayes", draws = 500, seed = 1)
#' loo::loo(fit)
#' @exportS3Method loo::loo
loo.lmmfit_bayes <- function(x, draws = 1000, ...) {
  check_unused(...)
  draws <- check_count(draws, "draws", least = 100)
  if (!has_independent_residual(x)) {
    abort_bayes_question("`loo()` where the residuals of records are correlated",
      "Compare models by {.fn marginal_likelihood}.")
  }
  if (as.double(draws) * x$n > most_left_out) {
    abort_size("The matrix of densities", as.double(draws) * x$n, most_left_out,
      "Ask for fewer by {.arg draws}.", "numbers")
  }
  loo::loo(left_out_densities(x, draws), r_eff = rep.int(1, x$n))
}

most_left_out <- 1e8

has_independent_residual <- function(fit) {
  has_iid_residual(fit) ||
    all(vapply(residual_covariances(fit), function(sigma) all(sigma[upper.tri(sigma)] == 0), NA))
}

# log p(y_i | y_-i, theta), draws x records. Of its mean eta_i a record has m and v, given all; with
# its own variance r, what the others say of eta_i has the precision 1 / v - 1 / r, and the mean
# that makes m of it and y_i.
left_out_densities <- function(fit, draws) {
  some <- fit
  at <- resampled(fit$posterior$weight, draws)
  some$posterior$values <- fit$posterior$values[at, , drop = FALSE]
  some$posterior$weight <- rep.int(1 / length(at), length(at))
  rows <- fitted_rows(some)
  y <- frame_response(some$frame)
  own <- row_moments(some, rows, seq_along(some$random), "confidence")
  r <- record_variances(some, rows, some$n)
  precision <- 1 / own$variance - 1 / r
  mean <- (own$mean / own$variance - rep(y, each = nrow(r)) / r) / precision
  density <- stats::dnorm(rep(y, each = nrow(r)), mean, sqrt(r + 1 / precision), log = TRUE)
  density <- matrix(density, nrow(r))
  if (!all(is.finite(density))) {
    record <- which(colSums(!is.finite(density)) > 0)[1L]
    abort_bayes_question(paste0("`loo()` of a record that alone tells an effect (record ", record,
      ")"), "Compare models by {.fn marginal_likelihood}.")
  }
  density
}
