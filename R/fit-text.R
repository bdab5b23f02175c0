# Variance parameters and fixed effects of a fit as text.

# Variance parameters as text: estimate, SE on request, and the SD of a variance or the correlation
# of a covariance. The status stands in a column where one is not free.
variance_text <- function(fit, se = TRUE) {
  parameters <- fit$parameters
  estimate <- shown_estimates(fit)
  variance <- parameters$kind == "variance"
  sd <- ifelse(variance & estimate >= 0, sqrt(pmax(estimate, 0)), NA)
  columns <- list(Parameter = parameters$name, Estimate = format_numbers(estimate))
  if (se && !all(is.na(parameters$se))) columns$SE <- format_numbers(parameters$se, 4L)
  columns$Std.Dev. <- format_numbers(sd)
  if (any(parameters$kind == "covariance")) {
    columns$Corr <- decimals_text(parameter_correlations(fit), 3L)
  }
  if (any(parameters$status != "free")) {
    columns$` ` <- ifelse(parameters$status == "free", "", parameters$status)
  }
  columns
}

parameter_correlations <- function(fit) {
  correlation <- rep(NA_real_, length(fit$parameters$name))
  for (k in seq_along(fit$random)) {
    at <- which(fit$parameters$index == k)
    matrix <- correlation_matrix(term_covariance(fit$random[[k]], k, fit$parameters))
    entry <- !is.na(fit$parameters$row[at])
    at <- at[entry]
    correlation[at] <- matrix[cbind(fit$parameters$row[at], fit$parameters$col[at])]
  }
  sections <- if ("covariance" %in% residual_values(fit$parameters, fit$parameters$kind)) {
    fit_residual(fit)$sections
  }
  for (k in seq_along(sections)) {
    at <- which(fit$parameters$section == k)
    found <- section_correlations(sections[[k]]$structure, fit$parameters$estimate[at])
    correlation[at[seq_along(found)]] <- found
  }
  correlation[fit$parameters$kind != "covariance"] <- NA
  correlation
}

# The entries of Sigma among the values of a recipe, divided by the standard deviations.
section_correlations <- function(recipe, values) {
  recipe <- first_factor(recipe)
  at <- recipe_values(recipe)
  entry <- at$kind %in% c("variance", "covariance")
  variance <- which(entry & at$row == at$col)
  sd <- numeric(recipe$n_coef)
  sd[at$row[variance]] <- sqrt(values[variance])
  ifelse(entry, values[seq_along(entry)] / (sd[at$row] * sd[at$col]), NA)
}

# How equations were solved that have no factor.
solver_text <- function(fit) {
  how <- fit$solver
  paste0("Solved by conjugate gradients in ", count_text(how$rounds, "round"), ", to ",
    signif(how$reached, 2L), " of the right-hand side (tolerance ", how$tolerance,
    "): no likelihood",
    if (length(estimated_columns(fit)) > most_solved) {
      paste(", standard errors of more than", most_solved, "fixed effects by `contest()`")
    })
}

# How variances were estimated without a likelihood.
simulation_text <- function(fit) {
  how <- fit$solver
  if (is.null(how$simulations)) return(NULL)
  paste0("REML by simulation of ", count_text(how$simulations, "data set"), " in ",
    count_text(fit$convergence$iterations, "iteration"), " (", how$search_rounds,
    " rounds); Monte Carlo errors: ",
    toString(paste(fit$parameters$name, format_numbers(how$mc_error, 3L))[!is.na(how$mc_error)]))
}

count_text <- function(n, what) paste0(n, " ", what, if (n != 1L) "s")

# Fixed effects as text. The decimals follow the standard errors.
fixed_text <- function(table) {
  decimals <- column_decimals(table$se, 4L)
  estimate <- format_numbers(table$estimate, decimals = decimals)
  columns <- list(
    ` ` = row.names(table), Estimate = ifelse(is.na(table$estimate), "NA", estimate),
    SE = format_numbers(table$se, 4L)
  )
  columns <- c(columns, test_columns(table))
  columns
}
