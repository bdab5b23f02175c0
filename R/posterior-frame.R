# A covariance matrix that is nearly singular though the data tell each direction of it, as that of
# residuals where two visits nearly give the third. By standard deviations and correlations its
# posterior is a narrow bent ridge that no sampler follows. Its `frame` is A, the lower triangular
# factor of an estimate, and the coordinates are those of posterior-matrix.R of S in Sigma = A S A':
# S is near I, and its posterior as round as that of a matrix far from singular.

# Of a correlation matrix: the least eigenvalue that is not small.
small_eigenvalue <- 0.02

is_nearly_singular <- function(block, values) {
  if (block$type != "matrix" || block$band < block$t - 1L) return(FALSE)
  sigma <- symmetric_of(values, block, block$t)
  if (min(diag(sigma)) <= 0) return(FALSE)
  least <- min(eigen(stats::cov2cor(sigma), symmetric = TRUE, only.values = TRUE)$values)
  least < small_eigenvalue && least > 1e3 * .Machine$double.eps
}

framed_coordinates <- function(prior) {
  unlist(lapply(prior$blocks, function(block) {
    if (!is.null(block$frame)) block$first - 1L + seq_len(block$size)
  }))
}

# Of the priors of standard deviations and correlations: value, and gradient by complex steps
# through the numbers that have a prior.
framed_density <- function(block, x, gradient = TRUE) {
  of_number <- c(
    lapply(block$prior, function(prior) function(log_sd) log_sd_density(prior, log_sd)),
    if (block$cor$family == "beta") list(function(p) beta_slope(block$cor, p))
  )
  last <- length(of_number) + 1L
  parts <- framed_parts(block, x)
  numbers <- Map(function(of, k) of(parts[, k]), of_number, seq_along(of_number))
  value <- Reduce(function(total, own) total + own$value, numbers, parts[, last])
  if (!gradient) return(list(value = value))
  slopes <- complex_slopes(x, function(x) framed_parts(block, x))
  own <- Map(function(number, k) number$slope * slopes[, , k], numbers, seq_along(numbers))
  list(value = value, gradient = matrix(Reduce(`+`, own, slopes[, , last]), nrow(x)))
}

beta_slope <- function(prior, p) {
  own <- prior_densities$beta
  list(value = own$density(prior, p), slope = own$slope(prior, p))
}

# A row for each point: the logarithms of the standard deviations, the correlation of two where it
# has a prior of its own, and the rest of the log density.
framed_parts <- function(block, x) {
  t <- block$t
  rows <- matrix_rows(block, x)
  log_sd <- log_deviations(rows)
  sum_log_sd <- rowSums(log_sd)
  # The densities of log standard deviations count them.
  rest <- framed_jacobian(block, x, sum_log_sd) - sum_log_sd
  if (block$cor$family == "beta") {
    p <- rows[[1L]][, 1L] * rows[[2L]][, 1L] * exp(-sum_log_sd)
    return(cbind(log_sd, p, rest))
  }
  log_det <- framed_log_det(block, x) - 2 * sum_log_sd
  cbind(log_sd, rest + (block$cor$eta - 1) * log_det - lkj_constant(block))
}

log_deviations <- function(rows) {
  found <- lapply(rows, function(row) log(rowSums(row^2)) / 2)
  do.call(cbind, found)
}

# The logarithm of |Sigma|.
framed_log_det <- function(block, x) {
  t <- seq_len(block$t)
  2 * sum(log(diag(block$frame))) + 2 * rowSums(x[, t, drop = FALSE]) +
    log_det_correlation(block, x)
}

# Of standard deviations and correlations by x: dSigma = |A|^(t + 1) dS = 2^t prod s^t d(s, R).
framed_jacobian <- function(block, x, sum_log_sd) {
  t <- block$t
  (t + 1) * sum(log(diag(block$frame))) + log_matrix_jacobian(block, x) - t * log(2) -
    t * sum_log_sd
}

# S has an inverse Wishart distribution with scale matrix A^-1 nu V A^-T.
framed_wishart <- function(block, x) {
  block$whole$V <- in_frame(block$frame, block$whole$V)
  log_wishart(block, x)
}

framed_expanded_wishart <- function(block, x) {
  t <- block$t
  log_sd <- log_deviations(matrix_rows(block, x))
  sum_log_sd <- rowSums(log_sd)
  L <- factor_of(block, x)
  sd <- exp(x[, seq_len(t), drop = FALSE])
  to_frame <- forwardsolve(block$frame, diag(t))
  # (R^-1)_ii = s_i^2 (Sigma^-1)_ii.
  inverse <- lapply(seq_len(t), function(i) {
    column <- lapply(seq_len(t), function(k) to_frame[k, i] / sd[, k])
    exp(2 * log_sd[, i]) * squares_below(L, column)
  })
  expanded_value(block, framed_log_det(block, x) - 2 * sum_log_sd, inverse, exp(log_sd)) +
    framed_jacobian(block, x, sum_log_sd)
}

# Inverse Wishart, expanded or not, with its gradient by a complex step.
wishart_density <- function(block, x, gradient = TRUE) {
  density <- if (is.null(block$whole$alpha.V)) {
    if (is.null(block$frame)) log_wishart else framed_wishart
  } else {
    if (is.null(block$frame)) log_expanded_wishart else framed_expanded_wishart
  }
  value <- density(block, x)
  if (!gradient) return(list(value = value))
  slopes <- complex_slopes(x, function(x) cbind(density(block, x)))
  list(value = value, gradient = matrix(slopes, nrow(x)))
}
