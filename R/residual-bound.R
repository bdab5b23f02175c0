# A likelihood without an upper bound: where the other effects fit all records of one position of
# the residuals exactly, its variance goes to zero and log|R| to minus infinity; so do two positions
# whose residuals are proportional, and all of a section at once. No estimates exist, so this is an
# error, as SAS stops because of an infinite likelihood. Which it is, is told from the Sigma to
# which the search has come.

# As shares of the variance of the response at the position, and of that of all records where it is
# constant there: where its variance is no more than rounding, of its mean or of the others.
least_residual_share <- 1e-12
constant_share <- 1e-3
constant_of_mean <- 1e-20
constant_of_all <- 1e-26
# Where every record of a section is fitted to this share of the standard deviation at its position,
# and its variances are small already, they are on their way to zero, however far the search came.
exact_share <- 1e-3
small_share <- 1e-3
# Nearer to 1 a correlation is 1.
least_residual_gap <- 1e-9

abort_unbounded <- function(est, sections, parameters, spec) {
  overall <- stats::var(spec$response)
  for (k in seq_along(sections)) {
    section <- sections[[k]]
    sigma <- section_covariance(section, k, parameters, est$parameters$estimate)
    response <- split(spec$response[section$records], section$position)
    scale <- vapply(response, position_scale, 0, overall = overall)
    at <- as.integer(names(response))
    gone <- at[diag(sigma)[at] < least_residual_share * scale]
    missed <- abs(spec$response - est$fitted)[section$records]
    sd <- sqrt(scale)[match(section$position, at)]
    is_exact <- all(missed <= exact_share * sd) && all(diag(sigma)[at] < small_share * scale)
    if (is_exact || length(gone) == length(at)) {
      abort_residual_exact(section$label, length(section$records), length(sections))
    }
    if (length(gone) > 0L) {
      abort_residual_unbounded(section$label, rownames(sigma)[gone[1L]],
        length(response[[match(gone[1L], at)]]))
    }
  }
  for (k in seq_along(sections)) {
    sigma <- section_covariance(sections[[k]], k, parameters, est$parameters$estimate)
    check_residual_pairs(sigma, sections[[k]])
  }
  abort_residual_dependent(vapply(sections, `[[`, "", "label"))
}

position_scale <- function(y, overall) {
  own <- if (length(y) > 1L) stats::var(y) else 0
  if (own > max(constant_of_mean * mean(y)^2, constant_of_all * overall)) own
  else constant_share * overall
}

check_residual_pairs <- function(sigma, section) {
  correlation <- stats::cov2cor(sigma)
  correlation[upper.tri(correlation, diag = TRUE)] <- 0
  largest <- which.max(abs(correlation))
  if (length(largest) == 0L || 1 - abs(correlation[largest]) > least_residual_gap) return()
  pair <- arrayInd(largest, dim(correlation))
  abort_residual_proportional(section$label, rownames(sigma)[rev(pair)])
}
