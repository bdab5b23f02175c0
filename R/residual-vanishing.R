# Independent residuals whose variance goes to zero beside random terms with a singular Sigma: where
# these leave out directions of the records in which the effects fit y exactly, -2l falls by log(10)
# for each direction with each tenth of the variance, and has no bound. Which Sigma that is may have
# to be chosen, so it is not known before the search, and the search goes along a valley that
# becomes narrower with the variance, until no step succeeds.

# A search that did not converge, or came to the least residual variance, is followed down from its
# end.
at_vanishing_residual <- function(est, sections, parameters, spec, control) {
  own <- which(is_residual_parameter(parameters))
  if (inherits(est, "condition") || !may_vanish(est, own, sections, spec, control)) return(est)
  scale <- mean((spec$response - est$fitted_fixed)^2)
  share <- est$parameters$estimate[own] / scale
  # A maximum below the last of the shares is one like any other.
  is_maximum <- est$convergence$status == "converged" && share < min(vanishing_shares)
  if (is_maximum || share > vanishing_share) return(est)
  falls <- falls_with_residual(est, own, scale, spec, control)
  if (falls_for_ever(falls)) abort_residual_vanishes(round(min(falls) / log(10)))
  est
}

may_vanish <- function(est, own, sections, spec, control) {
  length(sections) == 0L && spec$method %in% c("REML", "ML") && length(spec$random) > 0L &&
    !control$hold[own] && all(is.finite(est$parameters$estimate)) &&
    (est$convergence$status != "converged" || length(spec$response) <= few_for_edges)
}

# -2l between the maxima at residual variances that are held, each begun at the one before.
falls_with_residual <- function(est, own, scale, spec, control) {
  control$hold[own] <- TRUE
  values <- rep.int(NA_real_, length(vanishing_shares))
  for (k in seq_along(vanishing_shares)) {
    control$start[own] <- vanishing_shares[k] * scale
    nearer <- nearer_search(spec, control, est, NULL, most_vanishing_iterations)
    if (is.null(nearer)) break
    est <- nearer
    values[k] <- est$minus2loglik
  }
  -diff(values)[-seq_len(unsteady_falls)]
}

# By log(10) for each direction, or more where the search meets further ones on the way.
falls_for_ever <- function(falls) {
  if (!all(is.finite(falls)) || any(falls < log(10) - fall_miss)) return(FALSE)
  near <- rle(abs(falls - round(falls / log(10)) * log(10)) < fall_miss)
  any(near$lengths[near$values] >= least_in_a_row)
}

vanishing_share <- 1e-4
# Of the mean square of y about the fixed effects: the search finds the valley by the first, and
# below the last the equations have few digits left.
vanishing_shares <- 10^-(3:10)
unsteady_falls <- 2L
least_in_a_row <- 2L
fall_miss <- 0.05
most_vanishing_iterations <- 100L
