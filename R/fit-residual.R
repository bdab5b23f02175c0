# The residual of a fit: its sections and their covariance matrices.

# The sections of a fit, made again from its frame.
fit_residual <- function(fit) {
  quietly(residual_design(fit$parts$residual, column_source(fit$frame, fit$contrasts)))
}

has_iid_residual <- function(fit) is_iid(fit$parts$residual)

# Of a fit with one residual variance.
residual_variance <- function(fit) residual_values(fit$parameters)[1L]

# Sigma of each section.
residual_covariances <- function(fit, residual = fit_residual(fit)) {
  lapply(seq_along(residual$sections), function(k) {
    section_covariance(residual$sections[[k]], k, fit$parameters)
  })
}

# The variance of the residual of each record before weights; one number where all are equal.
residual_variances <- function(fit) {
  if (has_iid_residual(fit)) return(residual_variance(fit))
  residual <- fit_residual(fit)
  variance <- numeric(fit$n)
  for (k in seq_along(residual$sections)) {
    section <- residual$sections[[k]]
    diagonal <- section_variances(section, k, fit$parameters)
    variance[section$records] <- diagonal[section$position]
  }
  if (max(variance) - min(variance) <= 1e-12 * max(variance)) variance[1L] else variance
}

# The mean of the residual variances.
residual_scale <- function(fit) mean(residual_values(fit$parameters))
