# Estimates with tests that each of them is 0. The standard errors of Kenward and Roger, and robust
# ones, stand in place of the plain ones.
# `at`: effects whose errors are needed where not all have them.
fixed_table <- function(fit, ddf = NULL, information = NULL, at = integer()) {
  estimate <- fit$fixed$estimate
  kept <- which(!is.na(estimate))
  if (is.null(ddf) && length(kept) > 500L) ddf <- "none"
  ddf <- check_ddf(fit, ddf)
  information <- check_information(information, ddf)
  table <- data.frame(estimate = estimate, se = plain_errors(fit, at),
    df = rep(NA_real_, length(estimate)))
  if (needs_derivatives(fit, ddf) || is_robust(ddf) || is_by_design(ddf)) {
    tests <- row_tests(fit, sparse_identity(length(kept)), ddf, information)
    table$df[kept] <- tests$df
    if (adjusts_covariance(ddf)) table$se[kept] <- sqrt(pmax(tests$variance, 0))
  } else {
    table$df[kept] <- simple_df(fit, ddf)
  }
  table$statistic <- table$estimate / table$se
  table$p.value <- two_sided_p(table$statistic, table$df)
  row.names(table) <- fit$fixed$names
  attr(table, "ddf") <- list(ddf = ddf, information = if (needs_derivatives(fit, ddf)) information)
  table
}

# With the variances taken as known. Without a factor all of few effects, or those `at`.
plain_errors <- function(fit, at) {
  errors <- fit$fixed$se
  if (!is_iterative(fit)) return(errors)
  covariance <- solved_fixed_covariance(fit)
  if (!is.null(covariance)) return(sqrt(diag(covariance)))
  at <- intersect(at, estimated_columns(fit))
  K <- sparse_identity(length(errors))[, at, drop = FALSE]
  if (length(at) > 0L) errors[at] <- sqrt(solve_for(fit, as_dgc(K), diagonal = TRUE))
  errors
}

# The covariance of the fixed effects, NA at dropped ones.
adjusted_covariance <- function(fit, ddf, information) {
  plain <- !adjusts_covariance(ddf) || is_kenward_roger(ddf) && !needs_derivatives(fit, ddf)
  if (plain) return(fit$fixed$covariance %||% fixed_covariance(fit))
  kept <- estimated_columns(fit)
  moments <- test_moments(fit, sparse_identity(length(kept)), ddf,
    check_information(information, ddf))
  covariance <- matrix(NA_real_, length(fit$fixed$names), length(fit$fixed$names))
  covariance[kept, kept] <- as.matrix(moments$used)
  covariance
}
