#' Fits by Bayes
#'
#' With `method = "Bayes"`, [lmmfit()] draws from the posterior distribution of the variance
#' parameters under the priors of [lmm_prior()]. The fixed and random effects are integrated out:
#' given the variance parameters they are normal, with the solution of the mixed model equations as
#' mean and their inverse as covariance, so what is reported of them is the mixture of these
#' distributions and has no error but that of the draws of the variance parameters.
#'
#' # Samplers
#'
#' * `"importance"`: weighted draws around the mode, from randomised quasi-Monte Carlo points; for
#'   up to 12 parameters. Pareto k-hat above 0.7 tells that the weights are not to be trusted, and
#'   so does an effective size below 5 % of the draws: then the next sampler takes over, unless this
#'   one was asked for.
#' * `"hmc"`: Markov chains with the exact score, preconditioned at the mode; for more parameters.
#' * `"gibbs"`: Gibbs sampling of effects and variances in turn: for more than 60 parameters, if
#'   all have a conditional distribution, and on request. They have one where structures are `us`,
#'   `diag` or (of terms) `id`, and priors inverse gamma, half-t, half-Cauchy and, of matrices,
#'   inverse Wishart, expanded or not.
#'
#' A covariance matrix that is nearly singular though the data tell all of it, as that of residuals
#' of visits that nearly give each other, is drawn relative to its estimate by REML, by any sampler.
#'
#' The choice is printed with its reason. The same seed gives the same draws on any number of
#' threads. Each chain has a stream of random numbers of its own, and chains run on the workers of
#' `future::plan()` where there is a plan and future.apply is installed, with the same draws on any
#' number of them; without a plan, and where a prior or a structure is a function of yours, all
#' chains step together, on the threads of `lmm_control()`.
#'
#' `draws = 4000` makes so many. `draws = c(ess = 4000, mc_error = 0.01, most = 65536)` makes 1024,
#' then twice as many, and so on, until the effective size is `ess` (of weighted draws by their
#' weights, of chains the smallest of bulk and tails) and the Monte Carlo error of the posterior
#' mean of each variance parameter is `mc_error` posterior standard deviations. One of the two is
#' enough; `most` ends it with a warning. More draws are those of fewer and new ones.
#'
#' # What a fit answers
#'
#' `estimate` is the posterior mean and `se` the posterior standard deviation, in [varcomp()],
#' [summary()][summary.lmmfit], [vpredict()], [contest()]; intervals are those between posterior
#' quantiles. `ranef(se = TRUE)` has the posterior variances of the random effects, [predict()]
#' credible (`"credible"` or `"confidence"`) and predictive intervals, `simulate()` draws from the
#' posterior predictive distribution, `mme()` the equations at the posterior mean. `-2
#' log-likelihood` is that of REML at the posterior mean. Tests that have no meaning here
#' (`anova()`, profiles) are errors.
#'
#' `posterior::as_draws_df()` has the draws of variances and fixed effects, with `random = TRUE`
#' those of all effects; those of importance sampling are weighted, in `.log_weight`. For functions
#' that know no weights, as of bayesplot, `equal = TRUE` makes as many equal ones of them by
#' systematic resampling. `coda::as.mcmc()` does so itself, and tidybayes:
#' `spread_draws(fit, Days)`, of effects
#' `spread_draws(tidy_draws(fit, random = TRUE), Subject[level, coef])`.
#' `posterior::resample_draws()` does so with `method = "simple"`: its default, `"stratified"`,
#' takes draws whose weight is zero, too.
#'
#' @param object,x,fit A fit by `lmmfit(method = "Bayes")`.
#' @param level Level of the intervals.
#' @param ... Not used.
#' @return `varcomp()`: a data frame with `term`, `parameter`, `estimate`, `se`, `status`, `lower`,
#'   `median` and `upper`, the Monte Carlo error `mcse` of the mean, the effective number of draws
#'   `ess` and, of chains, `rhat` and `ess_tail`. `marginal_likelihood()`: the logarithm of the
#'   density of the data with its Monte Carlo error; the fixed effects with a flat prior count with
#'   density 1, so it compares models with the same fixed effects.
#' @references Harville, D. A. (1974) Biometrika 61, 383-385. Norton, R. A., Christen, J. A. and
#'   Fox, C. (2016) arXiv 1610.06632. Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and
#'   Buerkner, P.-C. (2021) Bayesian Analysis 16, 667-718.
#' @examplesIf requireNamespace("qrng", quietly = TRUE) && requireNamespace("loo", quietly = TRUE)
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, method = "Bayes", draws = 1000,
#'   seed = 1)
#' fit
#' varcomp(fit)
#' vpredict(fit, icc ~ Subject / (Subject + residual))
#' marginal_likelihood(fit)
#' @name bayes
NULL

#' @rdname bayes
#' @method varcomp lmmfit_bayes
#' @export
varcomp.lmmfit_bayes <- function(object, level = 0.95, ...) {
  parameters <- object$parameters
  table <- draw_table(object$posterior$values, object$posterior, check_level(level))
  held <- parameters$status == "held"
  table[held, setdiff(names(table), "estimate")] <- NA
  cbind(data.frame(term = parameters$term, parameter = parameters$name),
    table[c("estimate", "se")], status = parameters$status,
    table[setdiff(names(table), c("estimate", "se"))])
}

#' @rdname bayes
#' @method summary lmmfit_bayes
#' @export
summary.lmmfit_bayes <- function(object, level = 0.95, ...) {
  level <- check_level(level)
  structure(
    list(coefficients = fixed_posterior(object, level), varcomp = varcomp(object, level),
      marginal = object$posterior$marginal, level = level, fit = object),
    class = "summary.lmmfit_bayes"
  )
}

#' @rdname bayes
#' @method print summary.lmmfit_bayes
#' @export
print.summary.lmmfit_bayes <- function(x, ...) {
  fit <- x$fit
  print_header(fit)
  cat(counts_text(fit), "\n", sep = "")
  print_sampler(fit$posterior)
  ends <- paste0(format(100 * c((1 - x$level) / 2, (1 + x$level) / 2)), "%")
  cat("\nVariance parameters\n")
  print_table(posterior_columns(x$varcomp, x$varcomp$parameter, ends, "Parameter"))
  if (nrow(x$coefficients) > 0L) {
    cat("\nFixed effects\n")
    shown <- utils::head(x$coefficients, 40L)
    print_table(posterior_columns(shown, row.names(shown), ends, " "))
  }
  print_priors(fit)
  print_posterior_notes(fit)
  invisible(x)
}

posterior_columns <- function(table, names, ends, first) {
  columns <- list(names, format_numbers(table$estimate), format_numbers(table$se, 4L),
    format_numbers(table$lower, 4L), format_numbers(table$median, 4L),
    format_numbers(table$upper, 4L), format_numbers(table$mcse, 2L))
  columns <- stats::setNames(columns, c(first, "Mean", "SD", ends[1L], "Median", ends[2L], "MCSE"))
  size <- function(ess) ifelse(is.na(ess), "", round(ess))
  if (is.null(table$rhat)) {
    if (!is.null(table$ess)) columns$ESS <- size(table$ess)
    return(columns)
  }
  c(columns, list(ESS = size(table$ess), `tail ESS` = size(table$ess_tail),
    `R-hat` = decimals_text(table$rhat, 3L)))
}

print_sampler <- function(draws) {
  lines <- strsplit(sampler_text(draws), "\n", fixed = TRUE)[[1L]]
  cat(strwrap(lines, getOption("width"), exdent = 2L), sep = "\n")
}

sampler_text <- function(draws) {
  n <- format(length(draws$weight), big.mark = ",")
  if (draws$sampler == "known") {
    return("All variances are held: the posterior of the effects is exact")
  }
  if (draws$sampler == "importance") {
    return(paste0("Posterior: ", n, " weighted draws by importance sampling, as many as ",
      format(round(kish_size(draws$weight)), big.mark = ","), " by their weights; k-hat ",
      formatC(draws$khat, format = "f", digits = 2L), "; seed ", draws$seed))
  }
  paste0("Posterior: ", n, " draws in ", max(draws$part), " chains by ",
    if (draws$sampler == "hmc") "Hamiltonian Monte Carlo" else "Gibbs sampling", "; seed ",
    draws$seed, if (!is.null(draws$reason)) paste0("\nChains, as ", draws$reason))
}

print_priors <- function(fit, most = 20L) {
  lines <- prior_lines(fit$posterior$prior, fit$parameters$name, fit$fixed$names)
  if (length(lines) > most) {
    lines <- c(utils::head(lines, most), paste("and", length(lines) - most, "more"))
  }
  cat("\nPriors (of standard deviations, correlations)\n")
  cat(paste0("  ", lines), sep = "\n")
}

prior_lines <- function(prior, names, fixed) {
  shared <- unlist(lapply(prior$shares, `[[`, "at"))
  blocks <- unlist(lapply(prior$blocks, function(block) {
    if (block$type == "region") return(region_lines(block, names))
    if (block$type == "loadings") return(loadings_line(block))
    if (!is.null(block$whole)) return(paste0(block$label, ": ", prior_text(block$whole)))
    own <- number_places(block)
    c(paste0(names[own], ": ", vapply(number_priors(block), prior_text, ""))[!own %in% shared],
      if (block$type == "matrix") paste0(block$label, ".cor: ", prior_text(block$cor)))
  }))
  c(blocks, vapply(prior$shares, function(share) {
    paste0(prior_text(share$prior), ", total ", prior_text(share$prior$total))
  }, ""), paste0(fixed[prior$beta$at], rep(": normal(", length(prior$beta$at)), prior$beta$mean,
    rep(", ", length(prior$beta$at)), prior$beta$sd, rep(")", length(prior$beta$at))),
  if (length(prior$beta$at) < length(fixed)) {
    paste0(if (length(prior$beta$at) > 0L) "other ", "fixed effects: flat")
  })
}

# Uniform over a region, or LKJ, and what was named.
region_lines <- function(block, names) {
  own <- names[block$at]
  named <- lengths(block$prior) > 0L
  whole <- if (is.null(block$cor)) paste("uniform over", block$region$text) else
    prior_text(block$cor)
  shown <- if (length(own) <= 3L) toString(own) else paste(own[1L], "to", own[length(own)])
  c(paste0(shown, ": ", whole),
    sprintf("%s: times %s", own[named], vapply(block$prior[named], prior_text, "")))
}

loadings_line <- function(block) {
  sd <- unique(signif(block$sd, 4L))
  if (length(sd) > 3L) sd <- c(sd[1L], "...", sd[length(sd)])
  paste0(block$label, ".loadings: normal(0, ", if (length(sd) > 1L) paste0("c(", toString(sd), ")")
    else sd, "), the same in any rotation")
}

print_posterior_notes <- function(fit) {
  draws <- fit$posterior
  marginal <- draws$marginal
  if (!is.null(marginal)) {
    cat("\nlog p(y), flat fixed effects with density 1: ",
      formatC(marginal$value, format = "f", digits = 3L), " (Monte Carlo error ",
      format(signif(marginal$mcse, 2L)), ")\n", sep = "")
  }
  doubt <- reason_to_doubt(draws)
  if (!is.null(doubt)) cat("DO NOT TRUST these means:", doubt, "\n")
  dropped <- fit$fixed$names[is.na(fit$fixed$estimate)]
  if (length(dropped) > 0L) {
    cat("Dropped as dependent on other columns (NA):", toString(dropped), "\n")
  }
}

reason_to_doubt <- function(draws) {
  if (is_chain(draws)) {
    if (!is.null(unmixed_chains(draws))) "the chains have not mixed"
  } else if (draws$khat > most_khat) {
    paste("Pareto k-hat is above", most_khat)
  } else if (is_concentrated(draws$weight)) {
    "few draws have nearly all of the weight"
  }
}

#' @rdname bayes
#' @method print lmmfit_bayes
#' @export
print.lmmfit_bayes <- function(x, ...) {
  print_header(x)
  print_sampler(x$posterior)
  cat("\nVariance parameters (posterior means)\n")
  table <- varcomp(x)
  print_table(list(Parameter = table$parameter, Mean = format_numbers(table$estimate),
    SD = format_numbers(table$se, 4L), `2.5%` = format_numbers(table$lower, 4L),
    `97.5%` = format_numbers(table$upper, 4L),
    ` ` = ifelse(table$status == "free", "", table$status)))
  print_coefficients(x)
  cat("\n", counts_text(x), "\n", sep = "")
  print_priors(x, 6L)
  print_posterior_notes(x)
  invisible(x)
}

#' @rdname bayes
#' @export
marginal_likelihood <- function(fit, ...) {
  check_given(fit, ...)
  check_fit(fit, "fit")
  if (!is_bayes(fit)) abort_argument("fit", fit$method, "a fit by method = \"Bayes\"")
  marginal <- fit$posterior$marginal
  if (is.null(marginal)) {
    limits <- prior_limits(list(asked = list(constraints = fit$constraints)))
    abort_no_marginal(fit$posterior$sampler, is_cut_off(fit$posterior$prior) || !is.null(limits))
  }
  c(log_density = marginal$value, mcse = marginal$mcse)
}

#' @noRd
#' @exportS3Method print contest_bayes
print.contest_bayes <- function(x, ...) {
  table <- x$table
  cat("Posterior distributions\n")
  columns <- list(` ` = row.names(table), Mean = format_numbers(table$estimate, 5L),
    SD = format_numbers(table$se, 4L), `2.5%` = format_numbers(table$lower, 4L),
    `97.5%` = format_numbers(table$upper, 4L))
  above <- if (all(table$rhs == 0)) "P(> 0)" else "P(> rhs)"
  if (any(table$rhs != 0)) columns$rhs <- format_numbers(table$rhs, 5L)
  columns[[above]] <- decimals_text(table$above, 4L)
  print_table(lapply(columns, function(text) ifelse(is.na(text), "NA", text)))
  if (!all(table$estimable)) {
    cat("Not estimable: ", toString(row.names(table)[!table$estimable]), "\n", sep = "")
  }
  invisible(x)
}
