#' Confidence intervals
#'
#' Intervals for fixed effects, variance parameters and functions of them.
#'
#' * `"Wald"`: fixed effects with t quantiles at the degrees of freedom of `ddf` (see [contest()]);
#'   variances on the log scale, correlations on that of Fisher's z, others as they are, with normal
#'   quantiles. A parameter that was held or is at a boundary has `NA`.
#' * `"profile"`: where the signed root of the likelihood ratio, \eqn{\zeta}{zeta}, passes the
#'   normal quantile. Variance parameters are profiled by the criterion of the fit, fixed effects by
#'   maximum likelihood (REML likelihoods with different fixed effects do not compare). Where a
#'   boundary is within reach it is the limit: a variance of 0, a correlation of 1, an infinite
#'   range. What has no profile (held, dropped) has `NA`, with the reason in print and in the
#'   attribute `reasons`. See [profile()][profile.lmmfit].
#' * `"boot"`: parametric bootstrap. New responses by [simulate()][simulate.lmmfit], refitted by the
#'   engine from the estimates, without formulas. All responses are drawn first, so that the result
#'   depends on `seed` alone. Samples whose search fails or does not converge are left out, with a
#'   warning that says why.
#'
#' Profiles and bootstrap samples are computed in parallel where `future::plan()` has workers and
#' future.apply is installed, in this machine's sessions or as jobs of a batch system (as Slurm, by
#' future.batchtools). The bar of workers needs progressr.
#'
#' @param object A fit by [lmmfit()].
#' @param parm Names of fixed effects or variance parameters, numbers of fixed effects, or
#'   `"fixed"`, `"variance"`, `"all"`. By default the fixed effects (Wald) or all.
#' @param level Confidence level.
#' @param method `"Wald"`, `"profile"` or `"boot"`.
#' @param functions A formula or a list of formulas as for [vpredict()].
#' @param ddf,information See [contest()].
#' @param nsim,seed Number of bootstrap samples, and a number for [set.seed()].
#' @param type Bootstrap interval: `"percentile"` or `"basic"`.
#' @param progress `TRUE` shows a bar of the profiles or the bootstrap; by default in an interactive
#'   session.
#' @param directory A directory in which finished profiles and bootstrap samples are kept: after an
#'   interrupt the same call, with the same `seed`, goes on where it stood.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A matrix with a row for each parameter and two columns: fixed effects, then variance
#'   parameters, of which some may have the name of a fixed effect, then functions. Of the
#'   bootstrap, the attribute `samples` has all estimates, and `failed` a row for each sample that
#'   has none: `sample` and `reason`.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' confint(fit)
#' confint(fit, "variance")
#' confint(fit, "Subject", method = "profile")
#' confint(fit, "variance", method = "boot", nsim = 20, seed = 1,
#'   functions = r ~ Subject / (Subject + residual))
#' @method confint lmmfit
#' @export
confint.lmmfit <- function(object, parm, level = 0.95, method = c("Wald", "profile", "boot"),
                           functions = NULL, ddf = NULL, information = NULL, nsim = 500,
                           seed = NULL, type = c("percentile", "basic"),
                           progress = someone_waits(), directory = NULL, ...) {
  check_unused(...)
  level <- check_level(level)
  method <- check_choice(method, c("Wald", "profile", "boot"), "method", c(delta = "Wald"))
  if (method != "Wald") check_has_factor(object)
  type <- check_choice(type, c("percentile", "basic"), "type")
  if (inherits(functions, "formula")) functions <- list(functions)
  if (!is.null(functions) && !is.list(functions)) {
    abort_argument("functions", functions, "formulas of variance parameters")
  }
  if (!is.null(information)) check_choice(information, information_choices, "information")
  parm <- interval_parameters(object, if (!missing(parm)) parm, method, functions)
  check_flag(progress, "progress")
  directory <- check_directory(directory)
  switch(method,
    Wald = wald_intervals(object, parm, level, functions, ddf, information),
    profile = profile_intervals(object, parm, level, parsed_functions(object, functions), progress,
      directory),
    boot = bootstrap_intervals(object, parm, level, functions, check_count(nsim, "nsim", 2), seed,
      type, progress, directory)
  )
}

wald_intervals <- function(fit, parm, level, functions, ddf, information) {
  fixed <- if (length(parm$fixed) > 0L) fixed_limits(fit, parm$fixed, level, ddf, information)
  variance <- variance_limits(fit, parm$variance, level, information)
  made <- if (!is.null(functions)) {
    table <- vpredict(fit, functions, information = information %||% "average", level = level)
    as.matrix(table[c("lower", "upper")])
  }
  limits <- rbind(fixed, variance, made)
  colnames(limits) <- limit_names(level)
  limits
}

fixed_limits <- function(fit, at, level, ddf, information) {
  table <- fixed_table(fit, ddf, information, at)[at, ]
  half <- stats::qt(1 - (1 - level) / 2, table$df) * table$se
  limits <- cbind(table$estimate - half, table$estimate + half)
  rownames(limits) <- fit$fixed$names[at]
  limits
}

variance_limits <- function(fit, at, level, information) {
  covariance <- parameter_covariance(fit, information %||% "average")
  limits <- vapply(at, function(i) {
    if (!is_estimated(fit)[i]) return(c(NA_real_, NA_real_))
    scale <- interval_scale(fit$parameters$kind[i])
    x <- fit$parameters$estimate[i]
    half <- normal_quantile(level) * sqrt(covariance[i, i]) * scale$slope(x)
    scale$from(scale$to(x) + c(-half, half))
  }, numeric(2L))
  limits <- t(limits)
  rownames(limits) <- fit$parameters$name[at]
  limits
}

# Bootstrap ----------------------------------------------------------------------------------------

bootstrap_intervals <- function(fit, parm, level, functions, nsim, seed, type, progress,
                                directory) {
  drawn <- bootstrap_samples(fit, functions, nsim, seed, progress, directory)
  samples <- drawn$samples
  estimate <- bootstrap_statistics(fit, fit$fixed$estimate, fit$parameters$estimate,
    parsed_functions(fit, functions))
  n_fixed <- length(fit$fixed$names)
  n_known <- n_fixed + length(fit$parameters$name)
  wanted <- c(parm$fixed, n_fixed + parm$variance, seq_along(estimate)[-seq_len(n_known)])
  tail <- (1 - level) / 2
  limits <- t(apply(samples[, wanted, drop = FALSE], 2L, stats::quantile,
    probs = c(tail, 1 - tail), na.rm = TRUE))
  if (type == "basic") limits <- 2 * estimate[wanted] - limits[, 2:1, drop = FALSE]
  dimnames(limits) <- list(names(estimate)[wanted], limit_names(level))
  structure(limits, samples = samples, failed = drawn$failed,
    class = c("lmmfit_intervals", class(limits)))
}

#' @method print lmmfit_intervals
#' @export
print.lmmfit_intervals <- function(x, ...) {
  reasons <- attr(x, "reasons")
  attr(x, "samples") <- attr(x, "failed") <- attr(x, "reasons") <- NULL
  print(unclass(x), ...)
  for (reason in reasons) cat("NA: ", reason, "\n", sep = "")
  invisible(x)
}

# list(samples, failed): a row per converged refit of fixed effects, variance parameters, functions;
# and why others have none.
bootstrap_samples <- function(fit, functions, nsim, seed, progress = FALSE, directory = NULL) {
  parsed <- parsed_functions(fit, functions)
  responses <- as.matrix(stats::simulate(fit, nsim, seed = seed)) -
    (frame_offset(fit$frame) %||% 0)
  spec <- fit_spec(fit)
  tasks <- lapply(seq_len(nsim), function(i) unname(responses[, i]))
  key <- if (!is.null(directory)) list("bootstrap", search_code(fit, spec), function_texts(parsed))
  found <- sharing_rotation(map_over(tasks, refitter(fit, spec, parsed), progress, directory, key))
  failed <- which(vapply(found, is.character, NA))
  if (length(failed) > 0L) warn_bootstrap(unlist(found[failed]), nsim)
  list(samples = do.call(rbind, found[setdiff(seq_len(nsim), failed)]),
    failed = data.frame(sample = failed, reason = as.character(unlist(found[failed]))))
}

# What a task needs and no more: workers get it whole.
refitter <- function(fit, spec, parsed) {
  force(fit)
  force(spec)
  force(parsed)
  function(y) {
    spec$response <- y
    est <- tryCatch(refit_held(fit, spec, numeric()), error = reason_of)
    if (is.character(est)) return(est)
    if (est$convergence$status != "converged") return("not converged")
    bootstrap_statistics(fit, est$fixed$estimate, est$parameters$estimate, parsed)
  }
}

bootstrap_statistics <- function(fit, beta, variance, parsed) {
  statistics <- c(stats::setNames(beta, fit$fixed$names),
    stats::setNames(variance, fit$parameters$name))
  if (is.null(parsed)) return(statistics)
  at <- stats::setNames(as.list(variance), fit$parameters$name)
  made <- vapply(parsed$expressions, function(expression) {
    as.double(eval(expression, at, baseenv_with_stats()))
  }, 0)
  c(statistics, stats::setNames(made, parsed$names))
}
