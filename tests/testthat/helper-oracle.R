# Slow dense R versions of what the engine does, straight from the definitions. They share no code
# with it.

# Recipes to dense columns (see R/design.R).
expand_part <- function(part) {
  if (is.matrix(part)) return(part)
  t(as.matrix(part$contrast))[part$codes, , drop = FALSE]
}
expand_term <- function(term, n) {
  Reduce(function(a, b) {
    first <- rep(seq_len(ncol(a)), ncol(b))
    second <- rep(seq_len(ncol(b)), each = ncol(a))
    a[, first, drop = FALSE] * b[, second, drop = FALSE]
  }, lapply(term$parts, expand_part), matrix(1, n, 1))
}
expand_recipe <- function(terms, n) {
  unname(do.call(cbind, c(list(matrix(0, n, 0)), lapply(terms, expand_term, n))))
}
expand_random <- function(term, n) {
  Z <- matrix(0, n, term$n_coef * term$n_levels)
  for (part in term$incidence) {
    columns <- expand_recipe(part$terms, n)
    for (j in seq_len(ncol(columns))) {
      at <- cbind(seq_len(n), (part$levels - 1L) * term$n_coef + part$first_coef + j - 1L)
      at <- at[!is.na(at[, 2]), , drop = FALSE]
      Z[at] <- Z[at] + columns[at[, 1], j]
    }
  }
  Z
}

# The matrices of a spec at values of its parameters: X, Z (all terms side by side), G, R, V, y.
oracle_model <- function(spec, sigmas, residual) {
  n <- length(spec$response)
  Z <- do.call(cbind, c(list(matrix(0, n, 0)), lapply(spec$random, expand_random, n)))
  blocks <- Map(function(term, sigma) {
    K <- if (term$relationship$type == "identity") diag(term$n_levels) else
      solve(as.matrix(level_precision(term$relationship)))
    kronecker(K, as.matrix(sigma))
  }, spec$random, sigmas)
  G <- as.matrix(Matrix::bdiag(c(list(matrix(0, 0, 0)), blocks)))
  R <- diag(residual / (if (length(spec$weights) > 0) spec$weights else rep(1, n)), n)
  list(X = expand_recipe(spec$fixed, n), Z = Z, G = G, R = R, V = Z %*% G %*% t(Z) + R,
    y = spec$response)
}

# X without the columns that depend on those before them.
independent_columns <- function(X) {
  decomposition <- qr(X)
  sort(decomposition$pivot[seq_len(decomposition$rank)])
}

oracle_minus2loglik <- function(model, REML = TRUE) {
  X <- model$X[, independent_columns(model$X), drop = FALSE]
  V_inverse <- solve(model$V)
  log_det <- function(A) if (nrow(A) == 0) 0 else as.numeric(determinant(A)$modulus)
  information <- t(X) %*% V_inverse %*% X
  blue <- if (ncol(X) > 0) solve(information, t(X) %*% V_inverse %*% model$y) else matrix(0, 0, 1)
  Py <- V_inverse %*% (model$y - X %*% blue)
  df <- length(model$y) - if (REML) ncol(X) else 0
  df * log(2 * pi) + log_det(model$V) + sum(model$y * Py) + if (REML) log_det(information) else 0
}

# BLUE, BLUP, Var(BLUE) and Var(u_hat - u) through V.
oracle_solution <- function(model) {
  keep <- independent_columns(model$X)
  X <- model$X[, keep, drop = FALSE]
  V_inverse <- solve(model$V)
  covariance <- solve(t(X) %*% V_inverse %*% X)
  blue <- covariance %*% t(X) %*% V_inverse %*% model$y
  C <- model$G %*% t(model$Z)
  P <- V_inverse - V_inverse %*% X %*% covariance %*% t(X) %*% V_inverse
  list(
    keep = keep, blue = drop(blue), covariance = covariance,
    blup = drop(C %*% V_inverse %*% (model$y - X %*% blue)), pev = model$G - C %*% P %*% t(C)
  )
}
