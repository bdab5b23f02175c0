# Bounds that the engine does not get to. Entries of a matrix that are bounded one by one are
# searched for as they are, among definite matrices: it may not begin, where a bound is far from the
# default start, nor end, where the best matrix is singular. Held entries have neither limit. So the
# bounds that are active are found and held.

# `est`: the estimates of the search inside the bounds, or its error.
at_active_bounds <- function(est, spec, control) {
  bounds <- unlist(control$constraints[c("lower", "upper")])
  if (!any(is.finite(bounds)) || is_ended(est)) return(est)
  found <- without_idle(found_active(spec, control, rep(NA_real_, length(control$hold))), spec,
    control)
  if (is.null(found)) return(est)
  failed <- inherits(est, "condition")
  if (!failed && !is_ended(found$est) && est$minus2loglik <= found$est$minus2loglik) return(est)
  at <- !is.na(found$value)
  found$est$parameters$status[at] <- match("at bound", parameter_status) - 1L
  found$est
}

# It converged, or will never.
is_ended <- function(est) {
  !inherits(est, "condition") && (est$convergence$status %||% "converged") == "converged"
}

# From the values that are held at bounds (NA: the others): what leaves its bounds is held there
# too, until all are inside. NULL where a search fails.
found_active <- function(spec, control, value) {
  for (attempt in 0:length(value)) {
    est <- with_held(spec, control, value)
    if (is.null(est)) return(NULL)
    found <- est$parameters$estimate
    inside <- between(found, control$constraints)
    out <- is.na(value) & !control$hold & abs(found - inside) > on_bound * abs(inside)
    if (!any(out)) return(list(est = est, value = value))
    value[out] <- inside[out]
  }
}
on_bound <- 1e-9

with_held <- function(spec, control, value) {
  at <- !is.na(value)
  control$start[at] <- value[at]
  tryCatch(by_likelihood(spec, held_at_bounds(control, at)), error = function(e) NULL)
}

# Without bounds, but with the starting values of those parameters held.
held_at_bounds <- function(control, at) {
  control$hold <- control$hold | at
  control$constraints$lower[] <- -Inf
  control$constraints$upper[] <- Inf
  control$constraints$lead[at] <- which(at)
  control$constraints$ratio[at] <- 1
  control
}

# Of several bounds that were held together some may not be active once the others are.
without_idle <- function(found, spec, control) {
  leads <- unique(control$constraints$lead[!is.na(found$value)])
  if (length(leads) < 2L) return(found)
  for (k in leads) {
    value <- replace(found$value, control$constraints$lead == k, NA)
    other <- found_active(spec, control, value)
    if (!is.null(other) && other$est$minus2loglik < found$est$minus2loglik) found <- other
  }
  found
}

# The bounds are those of the leads of ties.
between <- function(values, constraints) {
  leads <- pmin(pmax(values, constraints$lower), constraints$upper)
  leads[constraints$lead] * constraints$ratio
}
