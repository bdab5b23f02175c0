# One search by the engine: REML or ML, or the equations at held values; and what it is told.

by_likelihood <- function(spec, control) in_words(fit_reml_cpp(spec, control))

# -2l of these values of all parameters.
likelihood_at <- function(spec, values) {
  likelihood_cpp(spec, values, derivatives = FALSE)$minus2loglik
}

# The first five as the engine numbers them.
parameter_status <- c(
  "free", "held", "at boundary", "tied", "at bound", "negative", "truncated", "not identified"
)

warn_unconverged <- function(est, weights = NULL) {
  how <- est$convergence
  if (how$status == "converged") return(invisible())
  reach <- if (length(weights) > 0L) range(weights)
  is_lost <- isTRUE(reach[1L] < least_weight * reach[2L])
  warn_convergence(how$status, how$iterations, how$least, if (is_lost) signif(reach, 2L))
}
# Beside the heaviest record: sums of both have no more than two digits of a lighter one.
least_weight <- 1e-14

# The control list of the engine. `asked` is list(hold, start, constraints), values by name.
engine_control <- function(control, parameters, asked) {
  values <- rep(NA_real_, length(parameters$name))
  values[match(names(asked$start), parameters$name)] <- asked$start
  values[match(names(asked$hold), parameters$name)] <- asked$hold
  search_control(control, parameters$name %in% names(asked$hold), values, asked$constraints)
}

# The same with `hold` and `start` of each parameter in their order.
search_control <- function(control, hold, start, constraints = NULL) {
  control$identify <- control$progress <- NULL
  if (isTRUE(control$trace)) control$report <- trace_line
  with_constraints(c(unclass(control), list(hold = hold, start = start)), constraints)
}
