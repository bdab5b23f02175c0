# The engine again for a changed spec or a new response, without going through formulas.

# A fit to another spec with its own parameters: nothing held but what was held and still exists.
# gone: the random term whose parameters are others, or none.
refit_spec <- function(fit, spec, gone) {
  n <- vapply(spec$random, function(term) spec_parameters(term), 0)
  residual <- which(is_residual_parameter(fit$parameters))
  total <- sum(n) + length(residual)
  same <- total == length(fit$parameters$name)
  hold <- if (same) fit$parameters$status == "held" else
    c(rep(FALSE, sum(n)), fit$parameters$status[residual] == "held")
  start <- if (same) fit$parameters$estimate else
    c(rep(NA_real_, sum(n)), held_values(fit, residual))
  kept <- kept_parameters(fit, total, gone)
  search_again(fit, spec, hold, start, kept_constraints(fit$constraints, kept))
}

# With the settings of the fit, silently. rotation: see rotation_wish().
search_again <- function(fit, spec, hold, start, constraints, rotation = NULL) {
  check_has_factor(fit)
  control <- fit$control
  control$trace <- FALSE
  control <- search_control(control, hold, start, constraints)
  control$rotation <- rotation
  if (is.null(control$constraints)) return(by_likelihood(spec, control))
  est <- tryCatch(by_likelihood(spec, control), error = identity)
  found_or_stop(at_active_bounds(est, spec, control))
}

# The parameters of the fit that the smaller model has, NA for those of the term that changed.
kept_parameters <- function(fit, total, gone) {
  index <- fit$parameters$index
  others <- which(index != gone)
  before <- sum(index[others] < gone & !is_residual_parameter(fit$parameters)[others])
  append(others, rep(NA_integer_, total - length(others)), before)
}

held_values <- function(fit, which) {
  ifelse(fit$parameters$status[which] == "held", fit$parameters$estimate[which], NA)
}

spec_parameters <- function(term) n_parameters(term$structure, term$n_coef)

# The engine at other held values, started at the estimates of the rest. Estimates at zero start a
# little above: zero is a stationary point.
refit_held <- function(fit, spec, held) {
  values <- fit$parameters$estimate
  start <- warm_start(fit)
  start[fit$parameters$status == "held"] <- values[fit$parameters$status == "held"]
  at <- match(names(held), fit$parameters$name)
  # With another variance the covariances of its term need not form a covariance matrix.
  random <- !is_residual_parameter(fit$parameters)
  own <- fit$parameters$index %in% fit$parameters$index[at] & random
  start[own & fit$parameters$status != "held"] <- NA
  start[at] <- held
  for (i in at[fit$parameters$kind[at] == "covariance" & random[at]]) {
    start <- room_for_covariance(fit, i, start)
  }
  held_now <- fit$parameters$status == "held" | seq_along(values) %in% at
  is_turned <- isTRUE(fit$equations$rotated)
  if (is_turned) spec <- with_shared_covariances(spec)
  fit_from <- function(start) {
    search_again(fit, spec, held_now, start, fit$constraints, if (is_turned) "kept")
  }
  # Nor need those of a residual: then it starts from the data.
  tryCatch(fit_from(start), error = function(e) {
    start[fit$parameters$index %in% fit$parameters$index[at] & !held_now] <- NA
    fit_from(start)
  })
}

# A function that maximises where f, with c(value, gradient) of the values, is `target`; NULL where
# the engine cannot.
surface_refit <- function(fit) {
  spec <- fit_spec(fit)
  control <- fit_control(fit)
  function(f, target, start) {
    control$start <- start
    tryCatch(profile_at_cpp(spec, control, f, target), error = function(e) NULL)
  }
}

# Starting variances that leave the held covariance i inside.
room_for_covariance <- function(fit, i, start) {
  parameters <- fit$parameters
  own <- which(parameters$index == parameters$index[i] & parameters$kind == "variance" &
    parameters$row %in% c(parameters$row[i], parameters$col[i]) & parameters$status != "held")
  size <- sqrt(prod(parameters$estimate[own]))
  stretch <- max(1, 1.2 * abs(start[i]) / max(size, .Machine$double.xmin))
  start[own] <- stretch * parameters$estimate[own]
  start
}

# Estimates as starting values: none (the engine's own) where a term is at a boundary.
warm_start <- function(fit) {
  start <- fit$parameters$estimate
  stopped <- unique(fit$parameters$index[fit$parameters$status == "at boundary"])
  start[fit$parameters$index %in% stopped] <- NA
  start
}

# What decides the result of a search from a fit, in plain values.
search_code <- function(fit, spec = fit_spec(fit)) {
  settings <- unclass(fit$control)[c("max_iterations", "tolerance")]
  content_code(list(spec, fit$parameters, fit$constraints, settings))
}
