# Profiles of functions of the variance parameters: the likelihood maximised where the function has
# a value, by the engine (reml/constrained.h).

profiles_of_functions <- function(fit, functions, z) {
  if (is.null(functions)) return(NULL)
  if (!is.null(fit$constraints) && has_bounds(fit$constraints)) abort_profile_bounds()
  if (fit$method == "ANOVA") abort_profile("functions", "estimated without a likelihood")
  parsed <- variance_functions(functions, fit$parameters$name)
  errors <- vpredict(fit, functions)
  lapply(seq_along(parsed$names), function(k) {
    target <- function_target(fit, parsed$expressions[[k]], parsed$names[k], errors$se[k])
    points <- profile_points(target, z)
    points <- points[!duplicated(points$value), ]
    cbind(parameter = rep(parsed$names[k], nrow(points)), points)
  })
}

has_bounds <- function(constraints) any(is.finite(c(constraints$lower, constraints$upper)))

# What profile_side() follows: see variance_target(). Each point starts from the nearest one that
# was found.
function_target <- function(fit, expression, name, se) {
  refit <- surface_refit(fit)
  estimate <- function_gradient(expression, name, fit$parameters)$value
  known <- list(list(value = estimate, values = fit$parameters$estimate))
  evaluate <- function(values) {
    at <- fit$parameters
    at$estimate <- values
    found <- tryCatch(function_gradient(expression, name, at), error = function(e) NULL)
    if (is.null(found)) rep(NA_real_, 1L + length(values)) else c(found$value, found$gradient)
  }
  list(
    estimate = estimate, se = if (is.finite(se) && se > 0) se else 0.1 * max(abs(estimate), 0.1),
    scale = interval_scale("none"), has_zero = FALSE, from_zero = FALSE,
    ends = function_ends(fit, expression, name),
    rise = function(value) {
      near <- which.min(abs(vapply(known, `[[`, 0, "value") - value))
      found <- refit(evaluate, value, known[[near]]$values)
      if (is.null(found) || !found$converged) return(NA_real_)
      known[[length(known) + 1L]] <<- list(value = value, values = found$values)
      found$minus2loglik - fit$minus2loglik
    }
  )
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
