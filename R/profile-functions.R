# Profiles of functions of the variance parameters: the likelihood maximised where the function has
# a value, by the engine (reml/constrained.h).

function_profiler <- function(fit, parsed) {
  if (!is.null(fit$constraints) && has_bounds(fit$constraints)) abort_profile_bounds()
  if (fit$method == "ANOVA") abort_profile("functions", "estimated without a likelihood")
  se <- sqrt(pmax(diag(functions_at(fit, parsed)$covariance), 0))
  function(k) function_target(fit, parsed$expressions[[k]], parsed$names[k], se[k])
}

has_bounds <- function(constraints) any(is.finite(c(constraints$lower, constraints$upper)))

# See profile-points.R.
function_target <- function(fit, expression, name, se) {
  estimate <- function_gradient(expression, name, fit$parameters)$value
  rise <- surface_rise(fit, expression, name)
  list(
    estimate = estimate, se = if (is.finite(se) && se > 0) se else 0.1 * max(abs(estimate), 0.1),
    scale = interval_scale("none"), ends = function_ends(fit, expression, name),
    rise = function(value) rise(value, otherwise = Inf)
  )
}

# A function of (value, otherwise): criterion(value) - criterion(estimate); `otherwise` where no
# maximum is found. Each search starts from the nearest one that was found.
surface_rise <- function(fit, expression, name) {
  refit <- surface_refit(fit)
  estimate <- function_gradient(expression, name, fit$parameters)$value
  known <- list(list(value = estimate, values = fit$parameters$estimate))
  evaluate <- function(values) {
    at <- fit$parameters
    at$estimate <- values
    found <- tryCatch(function_gradient(expression, name, at), error = function(e) NULL)
    if (is.null(found)) rep(NA_real_, 1L + length(values)) else c(found$value, found$gradient)
  }
  function(value, otherwise) {
    near <- which.min(abs(vapply(known, `[[`, 0, "value") - value))
    found <- refit(evaluate, value, known[[near]]$values)
    if (is.null(found) || !found$converged) return(otherwise)
    known[[length(known) + 1L]] <<- list(value = value, values = found$values)
    found$minus2loglik - fit$minus2loglik
  }
}

# Values at which a function may end because no covariance goes further: 0, 1 and -1, as shares and
# correlations do, and what it is where one of its variances is zero.
function_ends <- function(fit, expression, name) {
  used <- which(fit$parameters$name %in% all.vars(expression) & fit$parameters$kind == "variance")
  at_zero <- vapply(used, function(i) {
    at <- fit$parameters
    at$estimate[i] <- 0
    tryCatch(function_gradient(expression, name, at)$value, error = function(e) NA_real_)
  }, 0)
  unique(c(-1, 0, 1, at_zero[is.finite(at_zero)]))
}
