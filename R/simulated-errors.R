# Prediction error variances without a factor: from data sets that are drawn under the fit.

# For each level of term k, coefficient x level: `pev`, the share `reliability`, and `mc_error` of
# the share, its Monte Carlo standard error.
simulated_errors <- function(fit, k, simulations, seed) {
  if (is_bayes(fit)) abort_simulated_errors("a fit by Bayes")
  if (has_groups(fit$random[[k]])) abort_simulated_errors("a term with genetic groups")
  term <- fit$random[[k]]
  if (is_single_step(term$relationship)) {
    return(errors_of_operator(drawn_errors(fit, simulations, seed), k, simulations))
  }
  whole <- outer(diag(term_covariance(term, k, fit$parameters)), level_variances(term))
  found <- drawn_errors(fit, simulations, seed)
  lost <- error_shares(found$error_squares[[k]] / whole, found$prediction_squares[[k]] / whole)
  lost[whole == 0] <- NA_real_
  list(
    pev = ifelse(whole == 0, 0, lost * whole), reliability = 1 - lost,
    mc_error = sqrt(2 / simulations) / sqrt(1 / lost^2 + 1 / (1 - lost)^2)
  )
}

# Where the variance of each level is not known beside: PEV and the rest of it are the two means of
# squares alone, each with a coefficient of variation of sqrt(2 / simulations).
errors_of_operator <- function(found, k, simulations) {
  pev <- found$error_squares[[k]]
  share <- found$prediction_squares[[k]] / (pev + found$prediction_squares[[k]])
  list(pev = pev, reliability = share, mc_error = 2 * share * (1 - share) / sqrt(simulations))
}

drawn_errors <- function(fit, simulations, seed) {
  progress <- new_progress(fit$control$progress)
  on.exit(progress$done())
  control <- fit$control
  control$simulations <- simulations
  control$simulation_seed <- seed
  # Squares to 5 digits are exact beside their Monte Carlo error.
  control$solver_tolerance <- max(control$solver_tolerance, 1e-5)
  engine <- engine_control(control, fit$parameters, fit_values(fit))
  engine$report <- progress$say
  found <- in_words(errors_gradients_cpp(fit_spec(fit), engine))
  if (found$reached > control$solver_tolerance) {
    warn_rounds(found$rounds, found$reached, control$solver_tolerance)
  }
  found
}

# The share p = PEV / Var(u). The mean square of the errors, a, and that of the predictions, b, both
# relative to Var(u), are independent and have expectations p and 1 - p, each with a chi-squared
# distribution: the likelihood of p is greatest where
#   (a - p) (1 - p)^2 - (b - (1 - p)) p^2 = 0,
# found by halving an interval, of all levels at once. It weighs both by their precision, where
# Hickey et al. (2009) weigh formulas.
error_shares <- function(a, b) {
  low <- 0 * a
  high <- low + 1
  for (i in seq_len(45L)) {
    middle <- (low + high) / 2
    above <- (a - middle) * (1 - middle)^2 - (b - 1 + middle) * middle^2 > 0
    low <- ifelse(above, middle, low)
    high <- ifelse(above, high, middle)
  }
  (low + high) / 2
}
