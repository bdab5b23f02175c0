# Independent residuals whose variance goes to zero beside random terms with a singular Sigma: where
# these leave out directions of the records in which the effects fit y exactly, -2l falls by log(10)
# for each direction with each tenth of the variance, and has no bound. Which Sigma that is may have
# to be chosen, so it is not known before the search, and the search goes along a valley that
# becomes narrower with the variance, until no step succeeds.

# A search that did not converge, or came to the least residual variance, is followed down from its
# end: as it is, which may be narrower than what is found with a larger variance, and with the best
# values at each variance. Where these have a limit it is the end of a search that had none.
at_vanishing_residual <- function(est, sections, parameters, spec, control) {
  own <- which(is_residual_parameter(parameters))
  if (inherits(est, "condition") || !may_vanish(est, own, sections, spec, control)) return(est)
  scale <- mean((spec$response - est$fitted_fixed)^2)
  share <- est$parameters$estimate[own] / scale
  # A maximum below the last of the shares is one like any other.
  done <- est$convergence$status == "converged"
  if ((done && share < min(vanishing_shares)) || share > vanishing_share) return(est)
  falls <- if (!done) falls_at_end(est, own, spec)
  if (falls_for_ever(falls)) abort_residual_vanishes(round(min(falls) / log(10)))
  way <- along_residual(est, own, vanishing_shares * scale, spec, control)
  falls <- -diff(way$values)[-seq_len(unsteady_falls)]
  if (falls_for_ever(falls)) abort_residual_vanishes(round(min(falls) / log(10)))
  if (done) return(est)
  at_limit_of_residual(est, way, own, scale, spec, control)
}

may_vanish <- function(est, own, sections, spec, control) {
  length(sections) == 0L && spec$method %in% c("REML", "ML") && length(spec$random) > 0L &&
    !control$hold[own] && all(is.finite(est$parameters$estimate)) &&
    (est$convergence$status != "converged" || length(spec$response) <= few_for_edges)
}

# -2l between tenths of the residual variance at these values of the others.
falls_at_end <- function(est, own, spec) {
  values <- est$parameters$estimate
  -diff(vapply(10^(4:-1), function(share) {
    at <- replace(values, own, share * values[own])
    tryCatch(likelihood_at(spec, at), error = function(e) NA_real_)
  }, 0))
}

# list(values, last): -2l of the maxima at residual variances that are held, each begun at the one
# before, and the last of them.
along_residual <- function(est, own, variances, spec, control) {
  control$hold[own] <- TRUE
  values <- rep.int(NA_real_, length(variances))
  for (k in seq_along(variances)) {
    control$start[own] <- variances[k]
    nearer <- nearer_search(spec, control, est, NULL, most_vanishing_iterations)
    if (is.null(nearer)) break
    est <- nearer
    values[k] <- est$minus2loglik
  }
  list(values = values, last = est)
}

# With so little variance the likelihood is linear in it: it falls by a tenth each time, until what
# is left are its last digits.
has_limit_below <- function(values) {
  last <- utils::tail(-diff(values), 2L)
  all(is.finite(values)) && abs(last[2L]) < max(limit_digits, limit_ratio * last[1L]) &&
    last[2L] < limit_fall
}
limit_fall <- 1e-3
limit_ratio <- 0.2
limit_digits <- 1e-4
last_shares <- 10^-(7:12)

# From the last maximum with a variance that was held: the search again, which may still have no
# digits for the way of so small a variance, or else the maximum at the variance where it ended, or
# at the last one.
at_limit_of_residual <- function(est, way, own, scale, spec, control) {
  # The way from a larger variance may lead to another maximum, and be too short for this one.
  is_above <- !isTRUE(way$last$minus2loglik <= est$minus2loglik + edge_loss)
  if (is_above || !has_limit_below(way$values)) {
    way <- along_residual(est, own, last_shares * scale, spec, control)
    falls <- -diff(way$values)
    if (falls_for_ever(falls)) abort_residual_vanishes(round(min(falls) / log(10)))
  }
  if (!has_limit_below(way$values)) return(est)
  last <- way$last
  last$parameters$estimate[own] <- est$parameters$estimate[own]
  found <- nearer_search(spec, control, last, NULL)
  if (!is_end(found, est)) {
    control$hold[own] <- TRUE
    control$start[own] <- est$parameters$estimate[own]
    found <- nearer_search(spec, control, last, NULL)
    if (!is_end(found, est)) found <- way$last
    if (!is_end(found, est)) return(est)
    found$parameters$status[own] <- match("at boundary", parameter_status) - 1L
  }
  after(est, found)
}

# By log(10) for each direction, or more where the search meets further ones on the way.
falls_for_ever <- function(falls) {
  if (length(falls) == 0L || !all(is.finite(falls)) || any(falls < log(10) - fall_miss)) {
    return(FALSE)
  }
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
