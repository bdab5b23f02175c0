# Prediction error variances k'C^-k of rows k = [x, z]. Each may be solved for; of many rows it is
# quicker to make the entries of C^- that they meet: all columns of the fixed effects and of the
# smaller terms, and of the largest term the blocks of its levels, from the selected inverse.

row_variances <- function(fit, rows, included) {
  X <- rows$X[, estimated_columns(fit), drop = FALSE]
  columns <- whole_columns(fit, included)
  if (is_worth_columns(fit, nrow(X), ncol(X) + length(unlist(columns$few))) &&
        has_one_level(rows$Z[[columns$many]], fit$random[[columns$many]]$n_coef)) {
    C <- columns_beside_errors(fit, c(estimated_columns(fit), unlist(columns$few)))
    # Independent coefficients of a level may not meet in the selected inverse.
    whole <- !anyNA(prediction_errors(fit)[[columns$many]])
    if (whole) return(variances_by_columns(fit, X, rows$Z, columns, C))
  }
  Z <- rows$Z
  for (k in setdiff(seq_along(Z), included)) Z[[k]] <- Z[[k]] * 0
  solve_for(fit, as_dgc(Matrix::t(do.call(cbind, c(list(kept_only(fit, rows$X)), Z)))),
    diagonal = TRUE)
}

# list(many, few): the term whose levels meet themselves only, and the places of the effects of the
# others.
whole_columns <- function(fit, included) {
  sizes <- vapply(fit$random[included], function(term) length(term$effects), 0L)
  many <- included[which.max(sizes)]
  others <- setdiff(included, many)
  list(many = many, few = stats::setNames(lapply(others, effect_rows_of, fit = fit), others))
}

is_worth_columns <- function(fit, n, n_columns, limit = 2e7) {
  size <- length(fit$fixed$names) + sum(vapply(fit$random, function(x) length(x$effects), 0L))
  n > 500 + 5 * n_columns && as.double(size) * n_columns <= limit && !has_combined_levels(fit) &&
    is_small(fit)
}

# Whether each row has entries of one level alone.
has_one_level <- function(Z, n_coef) {
  if (identical(n_coef, 1L) && length(Z@x) <= nrow(Z) && !anyDuplicated(Z@i)) return(TRUE)
  entries <- row_entries(Z)
  level <- (entries$column - 1L) %/% n_coef
  all(level == level[match(entries$row, entries$row)])
}

# Columns of C^-, and in the same pass the prediction errors, which stay with the fit.
columns_beside_errors <- function(fit, at) {
  asked <- c(list(columns = question("error_columns", K = unit_columns(fit, at))),
    inverse_questions(fit))
  found <- ask(fit, asked)
  keep_answers(fit, found[-1L])
  found$columns
}

# With D the columns that are whole and L the largest term:
# w_D'C_DD w_D + 2 w_D'C_DL w_L + w_L'C_LL w_L.
variances_by_columns <- function(fit, X, Z, columns, C) {
  many <- columns$many
  at <- c(estimated_columns(fit), unlist(columns$few))
  D <- do.call(cbind, c(list(X), Z[as.integer(names(columns$few))]))
  among <- C[at, , drop = FALSE]
  between <- t(C[effect_rows_of(fit, many), , drop = FALSE])
  variance <- level_variances_of(fit, many, Z[[many]])
  for (rows in record_batches(nrow(D), max(500L, 2000000L %/% ncol(D)))) {
    own <- if (length(rows) == nrow(D)) D else D[rows, , drop = FALSE]
    variance[rows] <- variance[rows] + bilinear_rows(own, among, own) +
      2 * bilinear_rows(own, between, Z[[many]][rows, , drop = FALSE])
  }
  variance
}

# a_i'M b_i of each row i: by pairs of entries where the rows have few, else by products.
bilinear_rows <- function(A, M, B) {
  a <- row_entries(A)
  b <- row_entries(B)
  count <- tabulate(b$row, nrow(A))
  if (sum(as.double(count)[a$row]) > 0.3 * nrow(A) * ncol(A)) {
    return(rowSums(as.matrix(A) * as.matrix(B %*% t(M))))
  }
  first <- cumsum(count) - count
  pairs <- count[a$row]
  i <- rep.int(seq_along(a$row), pairs)
  j <- sequence(pairs, from = first[a$row] + 1L)
  values <- a$x[i] * b$x[j] * M[cbind(a$column[i], b$column[j])]
  sums <- numeric(nrow(A))
  found <- rowsum(values, a$row[i], reorder = FALSE)
  sums[as.integer(rownames(found))] <- found
  sums
}

# The entries of a sparse matrix by row.
row_entries <- function(A) {
  entries <- Matrix::t(as_dgc(A))
  list(row = rep.int(seq_len(nrow(A)), diff(entries@p)), column = entries@i + 1L, x = entries@x)
}

# z'C_LL z of rows with one level each.
level_variances_of <- function(fit, k, Z) {
  t <- fit$random[[k]]$n_coef
  errors <- prediction_errors(fit)[[k]]
  entries <- row_entries(Z)
  level <- (entries$column - 1L) %/% t + 1L
  coef <- (entries$column - 1L) %% t + 1L
  own <- matrix(0, nrow(Z), t)
  own[cbind(entries$row, coef)] <- entries$x
  of_row <- rep.int(1L, nrow(Z))
  of_row[entries$row] <- level
  variance <- numeric(nrow(Z))
  for (i in seq_len(t)) for (j in seq_len(t)) {
    variance <- variance + own[, i] * own[, j] * errors[cbind(i, j, of_row)]
  }
  variance
}
