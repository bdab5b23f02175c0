# Correlation and covariance matrices of the structures from the values that a user reads. `recipe`
# is that of covstruct.R, `p` the parameters of the correlations in their order. The engine has the
# same matrices in src/core/covariance; a test compares the two.

lags <- function(t) abs(outer(seq_len(t), seq_len(t), "-"))

correlation_id <- function(recipe, p) diag(recipe$n_coef)

correlation_cs <- function(recipe, p) {
  r <- matrix(p, recipe$n_coef, recipe$n_coef)
  diag(r) <- 1
  r
}

correlation_ar1 <- function(recipe, p) p^lags(recipe$n_coef)

# p: rho at lags 1, 2, ...; with bands the later ones are zero.
correlation_toep <- function(recipe, p) {
  t <- recipe$n_coef
  matrix(c(1, p, rep.int(0, t - 1L - length(p)))[lags(t) + 1L], t, t)
}

# p: the correlations of neighbours, then those of pairs 2, ..., k apart, partial in those between;
# what is farther apart depends through the k before the later one alone.
correlation_ante <- function(recipe, p) {
  t <- recipe$n_coef
  k <- antedependence_order(recipe)
  r <- diag(t)
  at <- near_pairs(t, t - 1L)
  p <- c(p, rep.int(0, length(at$lag) - length(p)))
  for (pair in seq_along(p)) {
    i <- at$col[pair]
    j <- at$row[pair]
    between <- seq.int(to = j - 1L, length.out = min(at$lag[pair] - 1L, k))
    r[i, j] <- r[j, i] <- joined_correlation(r, i, j, between, p[pair])
  }
  r
}

# Corr(i, j) of a partial correlation, given those of both with `between`: NA where one of them is.
# Positions that are one for another predict as one.
joined_correlation <- function(r, i, j, between, partial) {
  if (length(between) == 0L) return(partial)
  if (anyNA(r[between, c(between, i, j)])) return(NA_real_)
  parts <- eigen(r[between, between], symmetric = TRUE)
  kept <- parts$values > 1e-12
  ends <- crossprod(parts$vectors[, kept, drop = FALSE], r[between, c(i, j), drop = FALSE])
  explained <- crossprod(ends / sqrt(parts$values[kept]))
  left <- pmax(1 - diag(explained), 0)
  explained[1L, 2L] + partial * sqrt(left[1L] * left[2L])
}

# p: rho and gamma, Corr = gamma rho^(lag - 1).
correlation_arma11 <- function(recipe, p) {
  lag <- lags(recipe$n_coef)
  r <- p[2L] * p[1L]^pmax(lag - 1, 0)
  diag(r) <- 1
  r
}

by_lag <- function(recipe, rho) {
  matrix(rho[lags(recipe$n_coef) + 1L], recipe$n_coef, recipe$n_coef)
}

# p: phi of x_t = phi_1 x_(t-1) + ... + e_t, or theta of x_t = e_t + theta_1 e_(t-1) + ...
process_correlation <- function(type) {
  function(recipe, p) {
    if (type == "ar") return(by_autoregression(recipe, p))
    last <- recipe$n_coef - 1L
    by_lag(recipe, if (anyNA(p)) c(1, rep.int(NA, last)) else
      stats::ARMAacf(ma = p, lag.max = last))
  }
}

# At the end of the stationary processes the equations are singular: from just inside.
by_autoregression <- function(recipe, phi) {
  last <- recipe$n_coef - 1L
  rho <- function(phi) stats::ARMAacf(ar = phi, lag.max = last)
  by_lag(recipe, if (anyNA(phi)) c(1, rep.int(NA, last)) else
    tryCatch(rho(phi), error = function(e) rho(phi * (1 - unit_root_gap)^seq_along(phi))))
}
unit_root_gap <- 1e-9

# The autoregression (1 - phi z / 2)^2.
correlation_sar <- function(recipe, p) by_autoregression(recipe, c(p, -p^2 / 4))

# (1 - gamma1 z)(1 - gamma2 z)^2.
correlation_sar2 <- function(recipe, p) {
  phi <- c(p[1L] + 2 * p[2L], -p[2L] * (2 * p[1L] + p[2L]), p[1L] * p[2L]^2)
  by_autoregression(recipe, phi)
}

correlation_corg <- function(recipe, p) {
  r <- diag(recipe$n_coef)
  at <- entries_us(recipe$n_coef)
  pair <- at$row > at$col
  r[cbind(at$row, at$col)[pair, , drop = FALSE]] <- p
  r[cbind(at$col, at$row)[pair, , drop = FALSE]] <- p
  r
}

# Euclidean distances of the positions, or sums of those in each direction.
distances <- function(recipe, method = "euclidean") {
  unname(as.matrix(stats::dist(recipe$coordinates, method)))
}

correlation_exp <- function(recipe, p) exp(-distances(recipe) / p)

correlation_iexp <- function(recipe, p) exp(-distances(recipe, "manhattan") / p)

correlation_gau <- function(recipe, p) with_nugget(exp(-(distances(recipe) / p)^2))

# As the engine: smooth correlations are nearly singular.
with_nugget <- function(r) r + diag(1e-10, nrow(r))

# p: range, and smoothness where it is not a constant of the recipe.
correlation_matern <- function(recipe, p) {
  smoothness <- c(recipe$constants, p[-1L])[1L]
  x <- distances(recipe) / p[1L]
  r <- 2^(1 - smoothness) / gamma(smoothness) * x^smoothness * besselK(x, smoothness)
  r[x == 0] <- 1
  with_nugget(r)
}

# One variance, then the parameters of the correlations.
homogeneous <- function(correlation) {
  function(recipe, values) values[1L] * correlation(recipe, values[-1L])
}

# A variance for each coefficient, then the parameters of the correlations.
heterogeneous <- function(correlation) {
  function(recipe, values) {
    sd <- sqrt(values[seq_len(recipe$n_coef)])
    outer(sd, sd) * correlation(recipe, values[-seq_len(recipe$n_coef)])
  }
}

covariance_us <- function(recipe, values) {
  symmetric_of(values, entries_us(recipe$n_coef), recipe$n_coef)
}

covariance_chol <- function(recipe, values) {
  symmetric_of(values, entries_chol(recipe$n_coef, recipe$order), recipe$n_coef)
}

symmetric_of <- function(values, at, t) {
  sigma <- matrix(0, t, t)
  sigma[cbind(at$row, at$col)] <- values
  sigma[cbind(at$col, at$row)] <- values
  sigma
}

variances_diag <- function(recipe, values) values

# s^2 exp((x - c)'g): values are s^2 and the slopes g, c the constants.
variances_loglin <- function(recipe, values) {
  values[1L] * exp(drop(sweep(recipe$coordinates, 2L, recipe$constants) %*% values[-1L]))
}

loading_matrix <- function(recipe, values) {
  at <- loading_entries(recipe$n_coef, recipe$order)
  loadings <- matrix(0, recipe$n_coef, recipe$order)
  loadings[cbind(at$row, at$col)] <- values
  loadings
}

covariance_rr <- function(recipe, values) tcrossprod(loading_matrix(recipe, values))

# The specific variances psi, then the loadings.
covariance_fa <- function(recipe, values) {
  t <- recipe$n_coef
  tcrossprod(loading_matrix(recipe, values[-seq_len(t)])) + diag(values[seq_len(t)], t)
}

is_semidefinite <- function(sigma) {
  if (any(diag(sigma) < 0)) return(FALSE)
  scale <- sqrt(diag(sigma))
  zero <- scale == 0
  if (any(sigma[zero, ] != 0)) return(FALSE)
  if (all(zero)) return(TRUE)
  correlation <- sigma[!zero, !zero, drop = FALSE] / outer(scale[!zero], scale[!zero])
  values <- eigen(correlation, symmetric = TRUE, only.values = TRUE)$values
  min(values) >= -1e-10
}

# A root F with FF' = Sigma. Sigma may be singular.
covariance_root <- function(sigma) {
  if (nrow(sigma) == 1L) return(sqrt(sigma))
  parts <- eigen(sigma, symmetric = TRUE)
  parts$vectors %*% diag(sqrt(pmax(parts$values, 0)), nrow(sigma))
}

# NaN where a variance is zero.
correlation_matrix <- function(covariance) {
  sd <- sqrt(diag(covariance))
  correlation <- covariance / outer(sd, sd)
  diag(correlation) <- 1
  correlation
}
