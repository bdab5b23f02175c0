# The answers of a fit of this package in the shape of helper-peers.R.
our_answers <- function(fit) {
  effects <- if (length(fit$random) > 0L) lapply(unclass(ranef(fit)), as.matrix) else list()
  list(
    minus2loglik = -2 * as.numeric(stats::logLik(fit)),
    variances = canonical_names(our_variances(fit)),
    fixef = fixef(fit), se = sqrt(diag(as.matrix(stats::vcov(fit)))),
    ranef = if (length(effects)) canonical_effects(effects)
  )
}

# By the coefficients as R and lme4 name them: `Worker.MachineA`.
our_variances <- function(fit) {
  names <- fit$parameters$name
  for (k in seq_along(fit$random)) {
    term <- fit$random[[k]]
    names[fit$parameters$index == k] <- parameter_names(term$structure, term$label, term$coef_names)
  }
  stats::setNames(fit$parameters$estimate, names)
}

has_converged <- function(fit) identical(fit$convergence$status, "converged")

# Fits; a failure to converge is a failure of the test, not a warning that scrolls by.
fit_ours <- function(formula, data, method = "REML", ..., must_converge = TRUE) {
  fit <- suppressWarnings(lmmfit(formula, data = data, method = method, ...))
  if (must_converge) {
    expect(has_converged(fit), sprintf(
      "%s, %s: ended with status %s", deparse1(formula), method, fit$convergence$status
    ))
  }
  fit
}
