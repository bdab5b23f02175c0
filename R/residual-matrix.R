#' Covariance matrix of the residuals
#'
#' R of a fit, a row for each record: diagonal with `residual = ~ iid`, else with a block for each
#' subject. Weights divide: R = W^-1/2 Sigma W^-1/2.
#'
#' @param object A fit by [lmmfit()].
#' @param ... Nothing more: what is not an argument is an error.
#' @return A sparse symmetric matrix with the names of the records.
#' @examples
#' fit <- lmmfit(height ~ sex * visit, growth, residual = ~ us(visit | id))
#' residual_matrix(fit)[1:5, 1:5]
#' @export
residual_matrix <- function(object, ...) {
  check_given(object, ...)
  check_fit(object)
  check_has_records(object, "{.fn residual_matrix}")
  R <- build_residual_matrix(object)
  dimnames(R) <- list(row.names(object$frame), row.names(object$frame))
  R
}

# At most this many entries of R: a field of 5000 plots has 25 million.
most_entries <- 3e7

build_residual_matrix <- function(fit, values = fit$parameters$estimate) {
  n <- fit$n
  weights <- fit_weights(fit)
  if (has_iid_residual(fit)) {
    return(Matrix::Diagonal(n, residual_values(fit$parameters, values)[1L] / weights))
  }
  residual <- fit_residual(fit)
  entries <- lapply(seq_along(residual$sections), function(k) {
    section_entries(residual$sections[[k]], k, fit$parameters, values)
  })
  i <- unlist(lapply(entries, `[[`, "i"))
  j <- unlist(lapply(entries, `[[`, "j"))
  x <- unlist(lapply(entries, `[[`, "x")) / sqrt(weights[i] * weights[j])
  upper <- i <= j
  Matrix::sparseMatrix(i[upper], j[upper], x = x[upper], dims = c(n, n), symmetric = TRUE)
}

fit_weights <- function(fit) {
  weights <- frame_weights(fit$frame)
  if (length(weights) == 0L) rep.int(1, fit$n) else weights
}

# Rows, columns and values of the blocks of all subjects of a section.
section_entries <- function(section, k, parameters, values) {
  order <- order(section$subject, section$position)
  size <- tabulate(section$subject)
  total <- sum(as.double(size)^2)
  if (total > most_entries) {
    abort_size("R as a matrix", total, most_entries, "Use a part of the records.", "entries")
  }
  # Record a of a subject with b = 1, 2, ... of the same subject.
  first <- cumsum(c(0L, size[-length(size)]))
  a <- rep.int(seq_along(order), rep.int(size, size))
  b <- sequence(rep.int(size, size), from = rep.int(first, size) + 1L)
  at <- section$position[order]
  list(
    i = section$records[order][a], j = section$records[order][b],
    x = covariance_between(section, k, parameters, values, at[a], at[b])
  )
}

# Sigma[p, q] at pairs of positions.
covariance_between <- function(section, k, parameters, values, p, q) {
  own <- section_values(parameters, k, values)
  if (has_diagonal_alone(section$structure)) {
    return(ifelse(p == q, variances_in(section$structure, own)[p], 0))
  }
  if (!is_product_recipe(section$structure)) {
    return(sigma_of(section$structure, own)[cbind(p, q)])
  }
  result <- 1
  factors <- product_covariances(section$structure, own)
  for (m in rev(seq_along(factors))) {
    size <- nrow(factors[[m]])
    result <- result * factors[[m]][cbind((p - 1L) %% size + 1L, (q - 1L) %% size + 1L)]
    p <- (p - 1L) %/% size + 1L
    q <- (q - 1L) %/% size + 1L
  }
  result
}

# Records by subject, within a subject by position: L of R = LL' is then as sparse as R.
residual_order <- function(fit) {
  residual <- fit_residual(fit)
  unlist(lapply(residual$sections, function(section) {
    section$records[order(section$subject, section$position)]
  }))
}

# list(order, factor): the Cholesky factor of R in the order of its subjects.
residual_factor <- function(fit) {
  order <- if (has_iid_residual(fit)) seq_len(fit$n) else residual_order(fit)
  R <- Matrix::forceSymmetric(methods::as(build_residual_matrix(fit), "CsparseMatrix"))
  factor <- tryCatch(
    Matrix::Cholesky(R[order, order], perm = FALSE, LDL = FALSE),
    error = function(e) abort_singular_residual()
  )
  list(order = order, factor = factor)
}

# R^-1 without names: T'T, as sparse as the structure allows, or sparse by subject.
residual_precision <- function(fit) {
  if (has_iid_residual(fit)) {
    return(Matrix::Diagonal(fit$n, fit_weights(fit) / residual_variances(fit)))
  }
  made <- whitening_of(fit)
  if (!is.null(made) && !anyNA(made$record)) {
    back <- order(made$record)
    return(Matrix::crossprod(made$transform)[back, back])
  }
  made <- residual_factor(fit)
  back <- order(made$order)
  # Solving for the identity keeps the blocks.
  inverse <- Matrix::solve(made$factor, Matrix::Diagonal(fit$n), system = "A")
  Matrix::forceSymmetric(methods::as(inverse, "CsparseMatrix")[back, back])
}

# list(transform, record): T with T R T' = I over the rows of the engine, as sparse as the structure
# allows, and the record of each row. NULL where R is singular.
whitening_of <- function(fit) {
  tryCatch(ask_one(fit, "residual_whitening"), henderson_error = function(e) NULL)
}

# L^-1 e: independent with variance 1 if e has covariance R.
whiten <- function(fit, e) {
  if (has_iid_residual(fit)) return(e / record_sd(fit))
  made <- whitening_of(fit)
  # Beside positions without a record the records have a covariance of their own.
  if (!is.null(made) && !anyNA(made$record)) {
    e[made$record] <- as.vector(made$transform %*% e[made$record])
    return(e)
  }
  made <- residual_factor(fit)
  white <- numeric(fit$n)
  white[made$order] <- as.vector(Matrix::solve(made$factor, e[made$order], system = "L"))
  white
}

# Residuals that are independent with variance 1 under the model: by R given the random effects, by
# V without them.
normalized_residuals <- function(fit, e, level, limit = 4000L) {
  if (level == "conditional" || !is_mixed(fit)) return(whiten(fit, e))
  if (fit$n > limit) {
    abort_size("`residuals(type = \"normalized\", level = \"marginal\")`", fit$n, limit,
      "Use {.code level = \"conditional\"}.")
  }
  V <- as.matrix(build_residual_matrix(fit))
  Z <- fit_matrices(fit)$Z
  for (k in seq_along(Z)) V <- V + as.matrix(Z[[k]] %*% term_g(k, fit) %*% Matrix::t(Z[[k]]))
  backsolve(chol(V), e, transpose = TRUE)
}

# e ~ N(0, R), a column for each draw: T^-1 z; where R is singular by roots of its matrices.
simulated_residuals <- function(fit, nsim) {
  if (has_iid_residual(fit)) {
    return(record_sd(fit) * matrix(stats::rnorm(fit$n * nsim), fit$n))
  }
  made <- whitening_of(fit)
  if (is.null(made)) return(draws_by_roots(fit, nsim))
  n <- length(made$record)
  transform <- methods::as(made$transform, "triangularMatrix")
  e <- as.matrix(Matrix::solve(transform, matrix(stats::rnorm(n * nsim), n)))
  with_record <- which(!is.na(made$record))
  draws <- matrix(0, fit$n, nsim)
  draws[made$record[with_record], ] <- e[with_record, ]
  draws
}

draws_by_roots <- function(fit, nsim) {
  draws <- matrix(0, fit$n, nsim)
  residual <- fit_residual(fit)
  for (k in seq_along(residual$sections)) {
    section <- residual$sections[[k]]
    e <- draw_section(section, k, fit$parameters, nsim)
    draws[section$records, ] <- e
  }
  draws / sqrt(fit_weights(fit))
}

# All positions of each subject are drawn, through a root of Sigma; of a product by its factors.
draw_section <- function(section, k, parameters, nsim) {
  values <- section_values(parameters, k)
  factors <- if (is_product_recipe(section$structure))
    product_covariances(section$structure, values) else
    list(sigma_of(section$structure, values))
  n_subjects <- max(section$subject)
  z <- stats::rnorm(length(section$coefs) * n_subjects * nsim)
  # The last factor varies fastest: apply it, then turn its dimension to the back.
  for (factor in rev(factors)) {
    z <- t(covariance_root(factor) %*% matrix(z, nrow(factor)))
  }
  # Now subjects and draws vary fastest, positions slowest.
  z <- array(z, c(n_subjects, nsim, length(section$coefs)))
  at <- cbind(
    rep.int(section$subject, nsim), rep(seq_len(nsim), each = length(section$records)),
    rep.int(section$position, nsim)
  )
  matrix(z[at], ncol = nsim)
}
