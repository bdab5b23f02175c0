# An unstructured covariance matrix by its coordinates, and the densities of its priors there. The
# coordinates are the logarithms of its t standard deviations s, then z of each partial correlation
# p = tanh(z), row by row, of the correlation matrix R = LL' (covstruct-regions.R). A standard
# deviation that may be near zero is s = |x| times a unit instead (`signed`): likelihood and prior
# are smooth and even there, while log s has no end.

# Standard deviations, with a sign where they are signed, of their coordinates.
deviations_of <- function(block, x) {
  s <- exp(x)
  for (k in signed_of(block)) s[, k] <- block$unit[k] * x[, k]
  s
}

signed_of <- function(block) which(block$signed %||% FALSE)

deviation_coordinates <- function(block, sd) {
  x <- log(sd)
  own <- signed_of(block)
  x[own] <- sd[own] / block$unit[own]
  x
}

# Logarithms of the standard deviations by logarithms or signed coordinates, x > 0: d s / d x.
log_deviation_slope <- function(block, x, k) {
  if (isTRUE(block$signed[k])) rep(log(block$unit[k]), nrow(x)) else x[, k]
}

factor_of <- function(block, x) {
  correlation_factor(block$t, tanh(x[, -seq_len(block$t), drop = FALSE]), block$band)
}

matrix_values <- function(block, x) {
  rows <- matrix_rows(block, x)
  found <- vapply(seq_along(block$at), function(k) {
    i <- rows[[block$row[k]]]
    j <- rows[[block$col[k]]]
    common <- seq_len(min(ncol(i), ncol(j)))
    rowSums(i[, common, drop = FALSE] * j[, common, drop = FALSE])
  }, x[, 1L])
  matrix(found, nrow(x))
}

# The rows of a triangular factor of the matrix, each points x (1, ..., i).
matrix_rows <- function(block, x) {
  sd <- deviations_of(block, x[, seq_len(block$t), drop = FALSE])
  L <- factor_of(block, x)
  rows <- lapply(seq_along(L), function(i) sd[, i] * L[[i]])
  if (is.null(block$frame)) rows else framed_rows(block$frame, rows)
}

# The rows of A F of those of F, each points x (1, ..., i).
framed_rows <- function(A, rows) {
  lapply(seq_along(rows), function(i) {
    found <- A[i, i] * rows[[i]]
    for (k in seq_len(i - 1L)) {
      found[, seq_len(k)] <- found[, seq_len(k)] + A[i, k] * rows[[k]]
    }
    found
  })
}

# A^-1 M A^-T.
in_frame <- function(A, M) {
  half <- forwardsolve(A, M)
  forwardsolve(A, t(half))
}

matrix_coordinates <- function(block, values, most) {
  sigma <- symmetric_of(values, block, block$t)
  if (!is.null(block$frame)) sigma <- in_frame(block$frame, sigma)
  sd <- sqrt(diag(sigma))
  correlation <- most * sigma / outer(sd, sd) + (1 - most) * diag(block$t)
  c(deviation_coordinates(block, sd), atanh(partial_correlations(correlation, block$band)))
}

# Densities ---------------------------------------------------------------------------------------

# log(1 - tanh(z)^2) without cancellation.
log_sech2 <- function(z) 2 * (log(2) - abs(z) - log1p(exp(-2 * abs(z))))

# LKJ, |R|^(eta - 1) over all correlation matrices or those with a band: the partial correlations
# are independent, (1 - p^2)^(b - 1) with b = eta + shape, as |R| is the product of all 1 - p^2.
correlation_density <- function(block, z) {
  if (block$cor$family == "beta") {
    p <- tanh(z[, 1L])
    own <- prior_densities$beta
    return(list(value = own$density(block$cor, p) + log_sech2(z[, 1L]),
      gradient = own$slope(block$cor, p) * (1 - p^2) - 2 * p))
  }
  b <- lkj_shapes(block)
  list(value = drop(log_sech2(z) %*% b) - lkj_constant(block),
    gradient = -2 * tanh(z) * rep(b, each = nrow(z)))
}

lkj_shapes <- function(block) block$cor$eta + partial_shapes(block$t, block$band)

# The logarithm of the integral of |R|^(eta - 1).
lkj_constant <- function(block) {
  b <- lkj_shapes(block)
  sum((2 * b - 1) * log(2) + lbeta(b, b))
}

# d f / d x by a complex step, points x coordinates x values: f gives a row of values for each row
# of x. All steps of some points are taken in one call.
complex_slopes <- function(x, f, most_rows = 5000L) {
  n <- nrow(x)
  m <- ncol(x)
  if (n > 1L && n * m > most_rows) {
    half <- seq_len(n %/% 2L)
    above <- complex_slopes(x[half, , drop = FALSE], f, most_rows)
    below <- complex_slopes(x[-half, , drop = FALSE], f, most_rows)
    found <- array(0, c(n, dim(above)[2:3]))
    found[half, , ] <- above
    found[-half, , ] <- below
    return(found)
  }
  moved <- x[rep.int(seq_len(n), m), , drop = FALSE] + 0i
  at <- cbind(seq_len(n * m), rep(seq_len(m), each = n))
  moved[at] <- moved[at] + 1e-20i
  slopes <- Im(f(moved)) / 1e-20
  array(slopes, c(n, m, ncol(slopes)))
}

# With scale matrix nu V.
log_wishart <- function(block, x) {
  t <- block$t
  nu <- block$whole$nu
  scale <- nu * block$whole$V
  log_det <- 2 * rowSums(x[, seq_len(t), drop = FALSE]) + log_det_correlation(block, x)
  constant <- nu / 2 * as.numeric(determinant(scale)$modulus) - log_wishart_constant(nu, t)
  constant - (nu + t + 1) / 2 * log_det - trace_inverse(block, x, t(chol(scale))) / 2 +
    log_matrix_jacobian(block, x)
}

# Of the matrix by x: dSigma = 2^t prod s^t d(s, R), ds = s dx, and that of R by the partial
# correlations.
log_matrix_jacobian <- function(block, x) {
  t <- block$t
  t * log(2) + (t + 1) * rowSums(x[, seq_len(t), drop = FALSE]) +
    log_correlation_jacobian(block, x)
}

# MCMCglmm's parameter expansion: Sigma = diag(alpha) Sigma0 diag(alpha), Sigma0 inverse Wishart
# with scale matrix nu V, alpha normal. Where V is diagonal and the alpha_i are independent with
# mean 0 and variance a_i, with alpha integrated out,
#
#   p(s, R) ~ |R|^-((nu + t + 1)/2) prod_i (nu V_ii (R^-1)_ii + s_i^2 / a_i)^-((nu + 1)/2)
#
# (the prior of Huang & Wand 2013, Bayesian Analysis 8:439, in other words). Smooth and even in s.
# Of other expansions this is that of their diagonals: where Gibbs sampling begins, which alone
# needs no density (posterior-conditional.R).
log_expanded_wishart <- function(block, x) {
  t <- block$t
  s <- deviations_of(block, x[, seq_len(t), drop = FALSE])
  L <- factor_of(block, x)
  inverse <- lapply(seq_len(t), function(i) {
    squares_below(L, lapply(seq_len(t), function(k) as.numeric(k == i)))
  })
  slopes <- lapply(seq_len(t), function(k) log_deviation_slope(block, x, k))
  expanded_value(block, log_det_correlation(block, x), inverse, s) +
    log_correlation_jacobian(block, x) + Reduce(`+`, slopes)
}

# log p(s, R) from log|R| and the diagonal of R^-1, a list.
expanded_value <- function(block, log_det, inverse, s) {
  t <- block$t
  nu <- block$whole$nu
  expansion <- block$whole$alpha.V
  if (is.matrix(expansion)) expansion <- diag(expansion)
  scale <- nu * diag(block$whole$V)
  constant <- nu / 2 * sum(log(scale)) - log_wishart_constant(nu, t) + t * log(2) +
    t * ((nu + 1) / 2 * log(2) + lgamma((nu + 1) / 2)) - sum(log(2 * pi * expansion)) / 2
  total <- constant - (nu + t + 1) / 2 * log_det
  for (i in seq_len(t)) {
    total <- total - (nu + 1) / 2 * log(scale[i] * inverse[[i]] + s[, i]^2 / expansion[i])
  }
  total
}

# Of the density of an inverse Wishart distribution: 2^(nu t / 2) Gamma_t(nu / 2).
log_wishart_constant <- function(nu, t) {
  nu * t / 2 * log(2) + t * (t - 1) / 4 * log(pi) + sum(lgamma((nu + 1 - seq_len(t)) / 2))
}

log_det_correlation <- function(block, x) {
  rowSums(log(1 - tanh(x[, -seq_len(block$t), drop = FALSE])^2))
}

# Of R by the coordinates z.
log_correlation_jacobian <- function(block, x) {
  t <- block$t
  drop(log(1 - tanh(x[, -seq_len(t), drop = FALSE])^2) %*% (partial_shapes(t) + 1))
}

# tr(A A' Sigma^-1) = |L^-1 D^-1 A|^2, D the standard deviations.
trace_inverse <- function(block, x, A) {
  L <- factor_of(block, x)
  sd <- exp(x[, seq_len(block$t), drop = FALSE])
  Reduce(`+`, lapply(seq_len(ncol(A)), function(a) {
    squares_below(L, lapply(seq_len(block$t), function(i) A[i, a] / sd[, i]))
  }))
}

# |L^-1 b|^2 at each point, b a list by row.
squares_below <- function(L, b) {
  w <- list()
  total <- 0
  for (i in seq_along(b)) {
    left <- b[[i]]
    for (k in seq_len(i - 1L)) left <- left - L[[i]][, k] * w[[k]]
    w[[i]] <- left / L[[i]][, i]
    total <- total + w[[i]]^2
  }
  total
}
