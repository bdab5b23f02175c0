# From a spec to estimates: which method, which parameters are held, and the call of the engine.

estimation_methods <- list(
  REML = list(label = "REML", estimate = function(spec, control) by_likelihood(spec, control)),
  ML = list(
    label = "maximum likelihood", estimate = function(spec, control) by_likelihood(spec, control)
  ),
  ANOVA = list(
    label = "analysis of variance (Henderson's Method 3)",
    estimate = function(spec, control) by_fitting_constants(spec, control)
  )
)

check_method <- function(method) {
  if (is.character(method) && length(method) == 1L && method == "Bayes") {
    abort_not_available(paste0("method = \"", method, "\""),
      "Use {.code method = \"REML\"} or {.code method = \"ML\"}.", "method", method)
  }
  check_choice(method, names(estimation_methods), "method")
}

# `check`, of the estimates and the spec, may stop.
estimate <- function(spec, control, check = function(est, spec) est) {
  est <- tryCatch(estimation_methods[[spec$method]]$estimate(spec, control), error = function(e) {
    if (inherits(e, "henderson_error")) stop(e)
    abort_engine(conditionMessage(e))
  })
  est <- above_residual_floor(est, spec, control)
  est <- check(est, spec)
  if (est$convergence$status != "converged") {
    warn_convergence(est$convergence$status, est$convergence$iterations)
  }
  est
}

# The control list of the engine, with the held and the starting values in the order of parameters.
engine_control <- function(control, parameters, hold, start, constraints = NULL) {
  values <- rep(NA_real_, length(parameters$name))
  values[match(names(start), parameters$name)] <- start
  values[match(names(hold), parameters$name)] <- hold
  with_constraints(
    c(unclass(control), list(hold = parameters$name %in% names(hold), start = values)), constraints
  )
}
