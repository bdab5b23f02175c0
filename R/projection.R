# P and its diagonal, and the residuals that it standardises.

# What is left of the information about a fixed effect, or of a record, below which there is nothing
# but rounding.
nothing_left <- 1e-10

# [X, Z], X with zero in its dropped columns.
whole_design <- function(fit, matrices = fit_matrices(fit)) {
  do.call(cbind, c(list(kept_only(fit, matrices$X)), matrices$Z))
}

kept_only <- function(fit, X) X %*% Matrix::Diagonal(x = as.double(!is.na(fit$fixed$estimate)))

# diag(A C^- B'R^-1) by blocks of records.
diagonal_of_products <- function(fit, A, B, precision) {
  value <- numeric(fit$n)
  for (rows in record_batches(fit$n)) {
    right <- Matrix::crossprod(B, precision[, rows, drop = FALSE])
    K <- cbind(Matrix::t(A[rows, , drop = FALSE]), right)
    size <- length(rows)
    product <- solve_for(fit, as_dgc(K))
    value[rows] <- diag(product[seq_len(size), size + seq_len(size), drop = FALSE])
  }
  value
}

record_batches <- function(n, size = 500L) split(seq_len(n), (seq_len(n) - 1L) %/% size)

# Py = R^-1(y - Xb - Zu), diag(P) of P = R^-1 - R^-1 W C^- W'R^-1, and diag(R^-1).
projection_parts <- function(fit) {
  precision <- residual_precision(fit)
  e <- frame_response(fit$frame) - fit$fitted
  list(Py = as.vector(precision %*% e), P_diagonal = projection_diagonal(fit, precision),
    precision_diagonal = Matrix::diag(precision))
}

projection_diagonal <- function(fit, precision) {
  if (has_iid_residual(fit)) {
    own <- Matrix::diag(precision)
    return(own * (1 - own * residual_variance(fit) * record_shares(fit)))
  }
  K <- as_dgc(Matrix::crossprod(whole_design(fit), precision))
  Matrix::diag(precision) - solve_for(fit, K, diagonal = TRUE)
}

# D'Py / sqrt(D'PD) of each record: with a diagonal R the conditional residual over its standard
# deviation. NA of a record that some fixed effect depends on alone: its residual is always zero.
standardised <- function(fit, parts = projection_parts(fit)) {
  ifelse(parts$P_diagonal > nothing_left * parts$precision_diagonal,
    parts$Py / sqrt(pmax(parts$P_diagonal, 0)), NA)
}

studentised <- function(fit, r) {
  df <- fit$n - fit$rank
  r * sqrt((df - 1) / pmax(df - r^2, .Machine$double.eps))
}

# By correlations, so that the units of the covariates do not matter.
inverse_covariance <- function(covariance) {
  sd <- sqrt(diag(covariance))
  chol2inv(chol(covariance / outer(sd, sd))) / outer(sd, sd)
}
