# Draws in the formats of posterior (and so of bayesplot and tidybayes) and of coda. Registered when
# these are loaded (zzz.R).

# A data frame: variance parameters, fixed effects, and on request all random effects.
draw_frame <- function(fit, random = FALSE) {
  check_flag(random, "random")
  draws <- fit$posterior
  values <- draws$values
  p <- length(fit$fixed$names)
  if (random) {
    effects <- t(all_effect_draws(fit))
    names <- unlist(lapply(fit$random, effect_names))
    beta <- effects[, draws$kept, drop = FALSE]
    u <- effects[, p + seq_along(names), drop = FALSE]
    colnames(u) <- names
  } else {
    beta <- fixed_draws(fit)
    u <- NULL
  }
  colnames(beta) <- fit$fixed$names[draws$kept]
  if (nrow(values) == 1L) values <- values[rep(1L, nrow(beta)), , drop = FALSE]
  as.data.frame(cbind(values, beta, u), optional = TRUE)
}

# `equal`: as many draws that count alike, for functions that know no weights.
as_draws_df.lmmfit_bayes <- function(x, random = FALSE, equal = FALSE, ...) {
  check_unused(...)
  check_flag(equal, "equal")
  draws <- x$posterior
  frame <- draw_frame(x, random)
  if (is_chain(draws)) {
    frame$.chain <- draws$part
    return(posterior::as_draws_df(frame))
  }
  if (equal) return(posterior::as_draws_df(frame[equal_draws(draws, nrow(frame)), , drop = FALSE]))
  log_weight <- pmax(draws$log_weight, max(draws$log_weight) - 700)
  posterior::weight_draws(posterior::as_draws_df(frame), log_weight, log = TRUE)
}

as_draws.lmmfit_bayes <- function(x, ...) as_draws_df.lmmfit_bayes(x, ...)
as_draws_matrix.lmmfit_bayes <- function(x, ...) {
  posterior::as_draws_matrix(as_draws_df.lmmfit_bayes(x, ...))
}
as_draws_array.lmmfit_bayes <- function(x, ...) {
  posterior::as_draws_array(as_draws_df.lmmfit_bayes(x, ...))
}
as_draws_list.lmmfit_bayes <- function(x, ...) {
  posterior::as_draws_list(as_draws_df.lmmfit_bayes(x, ...))
}
as_draws_rvars.lmmfit_bayes <- function(x, ...) {
  posterior::as_draws_rvars(as_draws_df.lmmfit_bayes(x, ...))
}

# What spread_draws(fit, ...) and its like read. tidybayes knows no weights, so draws are equal
# ones; effects are named `Subject[308,Days]`, for spread_draws(tidy_draws(fit, random = TRUE),
# Subject[level, coefficient]).
tidy_draws.lmmfit_bayes <- function(model, random = FALSE, ...) {
  check_unused(...)
  draws <- as_draws_df.lmmfit_bayes(model, random, equal = TRUE)
  if (random) {
    at <- match(unlist(lapply(model$random, effect_names)), names(draws))
    names(draws)[at] <- unlist(lapply(model$random, effect_indices))
  }
  getExportedValue("tidybayes", "tidy_draws")(draws)
}

effect_indices <- function(term) {
  level <- rep(term$levels, each = term$n_coef)
  coef <- if (term$n_coef > 1L) paste0(",", rep.int(term$coef_names, term$n_levels))
  paste0(term$label, "[", level, coef, "]")
}

# The numbers of n draws that count alike: systematic resampling, in random order.
equal_draws <- function(draws, n) {
  with_stream(draws$seed, sample(resampled(draws$weight, n)))
}

# coda knows no weights: equal draws, or the chains.
as.mcmc.lmmfit_bayes <- function(x, random = FALSE, ...) {
  check_unused(...)
  draws <- x$posterior
  frame <- as.matrix(draw_frame(x, random))
  if (is_chain(draws)) {
    chains <- split(seq_len(nrow(frame)), draws$part)
    return(coda::mcmc.list(lapply(chains, function(own) coda::mcmc(frame[own, , drop = FALSE]))))
  }
  coda::mcmc(frame[equal_draws(draws, nrow(frame)), , drop = FALSE])
}

as.mcmc.list.lmmfit_bayes <- function(x, ...) {
  found <- as.mcmc.lmmfit_bayes(x, ...)
  if (inherits(found, "mcmc.list")) found else coda::mcmc.list(found)
}

# Estimated marginal means: the posterior covariance, and draws for emmeans' own summaries.
emm_basis.lmmfit_bayes <- function(object, trms, xlev, grid, ...) {
  basis <- emm_basis.lmmfit(object, trms, xlev, grid, ddf = "none")
  kept <- object$posterior$kept
  basis$V <- stats::vcov(object)[kept, kept, drop = FALSE]
  draws <- fixed_draws(object)
  basis$post.beta <- unname(draws[equal_draws(object$posterior, nrow(draws)), , drop = FALSE])
  basis$dffun <- function(k, dfargs) Inf
  basis$dfargs <- list()
  basis
}
