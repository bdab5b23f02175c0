# A residual variance that goes to zero beside random terms that leave it nothing, as with
# `ar1(visit | id)` in data without measurement error. The equations divide by it, and lose digits
# long before it is gone. The search is then repeated with a least value that the likelihood cannot
# tell from zero, and the estimate is reported at the boundary.

# As shares of the least-squares variance: below the first it is on its way to zero. At the second
# the equations still have the digits that the search needs.
vanishing_residual <- 1e-5
residual_floor <- 1e-6
# What -2 log-likelihood may lose by it: less than it tells.
floor_loss <- 1e-3

# The estimates, or those above the floor with their constraints.
above_residual_floor <- function(est, spec, control) {
  if (!may_vanish(spec, control)) return(est)
  n <- length(est$parameters$estimate)
  estimate <- est$parameters$estimate[n]
  if (!(estimate < vanishing_residual * variance_around(est, spec))) return(est)
  variance <- least_squares_variance(spec)
  if (!(estimate < vanishing_residual * variance)) return(est)
  control$constraints <- list(lead = seq_len(n), ratio = rep.int(1, n),
    lower = replace(rep.int(-Inf, n), n, residual_floor * variance), upper = rep.int(Inf, n))
  # The first search has nearly been there.
  control$start <- est$parameters$estimate
  control$start[n] <- residual_floor * variance
  found <- tryCatch(by_likelihood(spec, control), error = function(e) NULL)
  at_bound <- match("at bound", parameter_status) - 1L
  if (is.null(found) || found$convergence$status != "converged" ||
        found$parameters$status[n] != at_bound ||
        found$minus2loglik > est$minus2loglik + floor_loss) {
    return(est)
  }
  found$parameters$status[n] <- match("at boundary", parameter_status) - 1L
  found$constraints <- control$constraints
  found$convergence <- both_searches(est$convergence, found$convergence)
  found
}

both_searches <- function(first, second) {
  second$iterations <- first$iterations + second$iterations
  second$evaluations <- first$evaluations + second$evaluations
  second$history <- rbind(first$history, second$history)
  second
}

may_vanish <- function(spec, control) {
  spec$method != "ANOVA" && is_iid(spec$residual) && length(spec$random) > 0L &&
    !control$hold[length(control$hold)] && is.null(control$constraints)
}

# Around the fitted fixed part: no less than that of least squares, and at hand.
variance_around <- function(est, spec) {
  e <- spec$response - est$fitted_fixed
  weights <- if (length(spec$weights) > 0L) spec$weights else 1
  sum(weights * e^2) / (est$n - est$rank)
}

least_squares_variance <- function(spec) {
  spec$random <- list()
  by_likelihood(spec, list(max_iterations = 1L, tolerance = 1, trace = FALSE, threads = 1L,
    hold = FALSE, start = NA_real_))$parameters$estimate
}
