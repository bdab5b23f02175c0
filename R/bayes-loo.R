# Leave-one-out and leave-group-out predictive densities of a fit by Bayes, and WAIC. Given the
# variance parameters they are exact (bayes-left-out.R). Only the parameters, of which there are
# few, keep what they know of what is left out; Pareto smoothed importance sampling takes that out.

#' Predictive densities of records or groups without them
#'
#' `loo::loo()` of a fit by `method = "Bayes"`: the expected log predictive density of each record,
#' or of each group of records, given all others (`elpd_loo`), its standard error and Pareto's k, as
#' `loo::loo_compare()` takes them. Effects are integrated out, which leaves far less to the
#' importance weights than the likelihoods of records given their effects would, and makes a whole
#' group as easy to leave out as a record. Differences of `marginal_likelihood()` with and without a
#' record or a group are the same densities.
#'
#' `loo::waic()` is the information criterion of Watanabe from the densities of the records given
#' their effects, averaged over the effects without drawing them.
#'
#' @param x A fit by [lmmfit()] with `method = "Bayes"`. Residuals of records (of groups) that are
#'   left out must not be correlated with those of others.
#' @param group What is left out together: `NULL` for single records, a formula of variables of the
#'   fit as `~ Subject`, the label of a random term, or a vector with a value for each record.
#' @param draws So many draws of the variance parameters are used, the first of each sequence or
#'   evenly of each chain. Each costs a factorisation and a solution for each record.
#' @param ... Nothing more.
#' @return `loo()`: a list of class `psis_loo`, see [loo::loo()]; its `pointwise` has a row for each
#'   record or group. `waic()`: a list of class `waic`, see [loo::waic()].
#' @references Vehtari, Gelman & Gabry (2017) Statistics and Computing 27:1413. Vehtari, Mononen,
#'   Tolvanen, Sivula & Winther (2016) J. Machine Learning Research 17(103), for effects integrated
#'   out. Merkle, Furr & Rabe-Hesketh (2019) Psychometrika 84:802, for groups. Watanabe (2010) J.
#'   Machine Learning Research 11:3571.
#' @examplesIf all(vapply(c("qrng", "loo", "posterior"), requireNamespace, NA, quietly = TRUE))
#' fit <- lmmfit(Yield ~ (1 | Batch), lme4::Dyestuff, method = "Bayes", draws = 500, seed = 1)
#' loo::loo(fit)
#' loo::loo(fit, group = ~ Batch)$pointwise
#' loo::waic(fit)
#' @exportS3Method loo::loo
loo.lmmfit_bayes <- function(x, group = NULL, draws = 1000, ...) {
  check_unused(...)
  at <- check_left_out(x, draws)
  groups <- left_out_groups(x, group)
  if (is.null(groups) && !has_independent_residual(x)) {
    abort_bayes_question("`loo()` where the residuals of records are correlated",
      "Leave out groups by {.arg group}, or compare models by {.fn marginal_likelihood}.")
  }
  density <- left_out_densities(x, at, groups)
  loo_table(density, chosen_draws(x$posterior, at))
}

most_left_out <- 1e8

check_left_out <- function(fit, draws) {
  draws <- check_count(draws, "draws", least = 100)
  if (as.double(draws) * fit$n > most_left_out) {
    abort_size("The matrix of densities", as.double(draws) * fit$n, most_left_out,
      "Ask for fewer by {.arg draws}.", "numbers")
  }
  some_draws(fit$posterior, draws)
}

has_independent_residual <- function(fit) {
  has_iid_residual(fit) ||
    all(vapply(residual_covariances(fit), function(sigma) all(sigma[upper.tri(sigma)] == 0), NA))
}

# The numbers of n draws: the first points of each sequence, which are such draws themselves, or
# evenly from each chain.
some_draws <- function(draws, n) {
  total <- length(draws$weight)
  if (n >= total) return(seq_len(total))
  if (!is_chain(draws)) return(seq_len(n))
  round(seq(1, total, length.out = n))
}

chosen_draws <- function(draws, at) {
  weight <- draws$weight[at]
  list(weight = weight / sum(weight), part = draws$part[at], sampler = draws$sampler)
}

# From log p(y_i | y_-i, theta), draws x groups: p(y_i | y_-i) is the mean of it over draws of theta
# without y_i, whose weights have 1 / p(y_i | y_-i, theta) besides.
loo_table <- function(density, draws) {
  ratios <- log(draws$weight) - density
  ratios[draws$weight == 0, ] <- min(ratios[is.finite(ratios)])
  smoothed <- loo::psis(ratios, r_eff = rep.int(1, ncol(density)))
  weight <- stats::weights(smoothed, log = FALSE)
  weight[draws$weight == 0, ] <- 0
  top <- apply(density, 2L, max)
  p <- exp(sweep(density, 2L, top))
  mean <- colSums(weight * p) / colSums(weight)
  elpd <- log(mean) + top
  lpd <- log(colSums(draws$weight * p)) + top
  error <- vapply(seq_along(mean), function(g) {
    ratio_error(p[, g], weight[, g], draws) / mean[g]
  }, 0)
  pointwise <- cbind(elpd_loo = elpd, mcse_elpd_loo = error, p_loo = lpd - elpd, looic = -2 * elpd,
    influence_pareto_k = smoothed$diagnostics$pareto_k)
  criterion_table(pointwise, c("elpd_loo", "p_loo", "looic"), dim(density),
    list(diagnostics = smoothed$diagnostics, psis_object = NULL),
    c("psis_loo", "importance_sampling_loo", "loo"))
}

# The Monte Carlo error of a mean with weights of its own: over the sequences, by the weights for
# chains.
ratio_error <- function(x, weight, draws) {
  if (is_chain(draws)) return(sqrt(sum(weight^2 * (x - sum(weight * x))^2)))
  parts <- split(seq_along(x), draws$part)
  means <- vapply(parts, function(own) sum(weight[own] * x[own]) / sum(weight[own]), 0)
  stats::sd(means) / sqrt(length(parts))
}

# An object of package loo: sums with their standard errors, before what else it has.
criterion_table <- function(pointwise, names, dims, more, class) {
  own <- pointwise[, names, drop = FALSE]
  estimates <- cbind(Estimate = colSums(own), SE = sqrt(nrow(own) * apply(own, 2L, stats::var)))
  single <- c(as.list(estimates[, 1L]), stats::setNames(as.list(estimates[, 2L]),
    paste0("se_", names)))
  structure(c(list(estimates = estimates, pointwise = pointwise), more, single), dims = dims,
    class = class)
}

#' @rdname loo.lmmfit_bayes
#' @exportS3Method loo::waic
waic.lmmfit_bayes <- function(x, draws = 1000, ...) {
  check_unused(...)
  at <- check_left_out(x, draws)
  if (!has_independent_residual(x)) {
    abort_bayes_question("`waic()` where the residuals of records are correlated",
      "Use {.fn loo::loo} with {.arg group}, or {.fn marginal_likelihood}.")
  }
  x$posterior$values <- x$posterior$values[at, , drop = FALSE]
  weight <- chosen_draws(x$posterior, at)$weight
  rows <- fitted_rows(x)
  own <- row_moments(x, rows, seq_along(x$random), "confidence")
  r <- record_variances(x, rows, x$n)
  error <- rep(frame_response(x$frame) - rows$offset, each = length(at)) - own$mean
  # log N(y; eta, r) of eta ~ N(m, v): its density at the mean of eta, its mean and its variance.
  marginal <- stats::dnorm(error, 0, sqrt(r + own$variance), log = TRUE)
  top <- apply(marginal, 2L, max)
  lpd <- log(colSums(weight * exp(sweep(marginal, 2L, top)))) + top
  mean <- -(log(2 * pi * r) + (error^2 + own$variance) / r) / 2
  within <- (2 * own$variance^2 + 4 * own$variance * error^2) / (4 * r^2)
  p <- weighted_mean(within, weight) + weighted_sd(mean, weight)^2
  elpd <- lpd - p
  criterion_table(cbind(elpd_waic = elpd, p_waic = p, waic = -2 * elpd),
    c("elpd_waic", "p_waic", "waic"), c(length(at), x$n), list(), c("waic", "loo"))
}
