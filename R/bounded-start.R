# Bounds that cut off the place where a search begins: entries of a matrix that must be far from the
# default ones, next to others that are not. Where the first search does not begin, or does not end,
# another begins at the estimates without bounds, brought between them.

begun_between <- function(est, parameters, spec, control) {
  bounds <- control$constraints[c("lower", "upper")]
  ended <- !inherits(est, "condition") && est$convergence$status == "converged"
  if (ended || !any(is.finite(unlist(bounds)))) return(est)
  wide <- control
  wide$constraints$lower[] <- -Inf
  wide$constraints$upper[] <- Inf
  free <- tryCatch(by_likelihood(spec, wide), error = function(e) NULL)
  if (is.null(free)) return(est)
  control$start <- ifelse(control$hold, control$start,
    definite_between(free$parameters, parameters, control$constraints))
  second <- tryCatch(by_likelihood(spec, control), error = function(e) NULL)
  if (is.null(second)) return(est)
  if (inherits(est, "condition")) return(second)
  better <- second$minus2loglik < est$minus2loglik
  if (second$convergence$status == "converged" || better) second else est
}

# The estimates brought between the bounds, with larger variances in terms whose matrix would not be
# definite: those that are singular, and those where a bound takes a covariance away from zero.
definite_between <- function(found, parameters, constraints) {
  values <- found$estimate
  is_covariance <- parameters$kind == "covariance"
  stopped <- parameter_status[found$status + 1L] == "at boundary" & is_covariance
  growth <- abs(between(values, constraints) / values)
  grown <- which(is_covariance & (stopped | growth > 1))
  for (k in grown) {
    own <- parameters$kind == "variance" & parameters$index == parameters$index[k]
    values[own] <- values[own] * max(growth[k], 1, na.rm = TRUE) * (1 + off_boundary_share)
  }
  between(values, constraints)
}
off_boundary_share <- 0.02

# The bounds are those of the leads of ties.
between <- function(values, constraints) {
  leads <- pmin(pmax(values, constraints$lower), constraints$upper)
  leads[constraints$lead] * constraints$ratio
}
