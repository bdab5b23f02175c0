# Error covariances of linear functions without a factor: a solution of the equations for each.

# More take hours, and their covariance the memory that the fit spared.
most_functions <- 1000L

solved_answer <- function(fit, question) {
  if (!question$topic %in% c("error_covariance", "error_variances")) abort_needs_factor()
  if (ncol(question$K) > most_functions) abort_many_functions(ncol(question$K), most_functions)
  covariance <- solved_covariance(fit, question$K)
  if (question$topic == "error_variances") diag(covariance) else covariance
}

# K'C^- K, to the tolerance of the fit.
solved_covariance <- function(fit, K) {
  progress <- new_progress(fit$control$progress)
  on.exit(progress$done())
  control <- fit$control
  engine <- engine_control(control, fit$parameters, fit_values(fit))
  engine$report <- progress$say
  found <- in_words(errors_of_functions_cpp(fit_spec(fit), engine, as_dgc(K)))
  if (found$reached > control$solver_tolerance) {
    warn_rounds(found$rounds, found$reached, control$solver_tolerance)
  }
  found$covariance
}
