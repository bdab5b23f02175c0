# The score statistics of markers. With D_k the diagonal matrix of effect k over the records and Z
# the individuals of the records,
#
#     s_k = Z'D_k Py,   A_kl = Z'D_k P D_l Z,   P = R^-1 - R^-1 W C^- W'R^-1
#
# the effects of a marker m are (m'A_kl m)^-1 (m's_k), with the first factor as their covariance.

scanned <- function(fit, markers, columns, place, settings) {
  parts <- score_parts(fit, place, settings$by)
  exact <- settings$denominators == "exact"
  found <- scores_of(markers, columns, place, parts, if (exact) parts$A else list(), settings)
  if (exact) return(list(table = score_table(found, parts), calibration = NULL))
  calibrated(found, markers, columns, place, parts, settings)
}

# s and A of a fit, and the scale of A.
score_parts <- function(fit, place, by) {
  D <- marker_columns(fit, by)
  if (!is.null(by)) check_marginal(fit, D)
  q <- length(place$rows)
  Z <- lapply(seq_len(ncol(D)), function(k) {
    Matrix::sparseMatrix(seq_len(fit$n), place$code, x = D[, k], dims = c(fit$n, q))
  })
  Z <- do.call(cbind, Z)
  precision <- residual_precision(fit)
  Py <- precision %*% (frame_response(fit$frame) - fit$fitted)
  weighted <- precision %*% Z
  A <- as.matrix(Matrix::crossprod(Z, weighted)) -
    solve_for(fit, as_dgc(Matrix::crossprod(whole_design(fit), weighted)))
  pairs <- effect_pairs(ncol(D))
  block <- function(k) seq.int((k - 1L) * q + 1L, k * q)
  list(
    s = matrix(as.vector(Matrix::crossprod(Z, Py)), q), names = colnames(D),
    A = lapply(seq_len(nrow(pairs)), function(i) A[block(pairs[i, 1L]), block(pairs[i, 2L])]),
    largest = vapply(seq_len(ncol(D)), function(k) max(diag(A)[block(k)]), 0),
    has_main = identical(attr(D, "assign")[1L], 0L)
  )
}

# A marker is centred, so the variables of its effects must be in the fixed part themselves.
check_marginal <- function(fit, D) {
  X <- as.matrix(fit_matrices(fit)$X[, estimated_columns(fit), drop = FALSE])
  left <- colSums(qr.resid(qr(X), D)^2) > 1e-8 * colSums(D^2)
  if (any(left)) abort_by_marginal(colnames(D)[left])
}

# k >= l, column by column of a lower triangle.
effect_pairs <- function(n) which(lower.tri(diag(n), diag = TRUE), arr.ind = TRUE)

scores_of <- function(markers, columns, place, parts, A, settings) {
  found <- marker_scores(markers, place$rows, columns, parts$s, A, settings$ploidy,
    settings$threads)
  wrong <- which(!found$in_range)
  if (length(wrong) > 0L) abort_dosage(columns[wrong[1L]], colnames(markers), settings$ploidy)
  found
}

# Effects, errors and tests of all markers at once. What a marker's columns do not tell apart from
# the fixed effects, or from each other, is NA.
score_table <- function(found, parts, information = found$information) {
  n <- length(parts$names)
  solved <- solve_all(information, found$score, outer(found$squares, 1e-10 * parts$largest))
  table <- data.frame(frequency = ifelse(found$squares > 0 | found$frequency > 0, found$frequency,
    NA), missing = found$missing)
  if (n == 1L) {
    table$effect <- solved$effect[, 1L]
    table$se <- solved$se[, 1L]
    table$statistic <- table$effect / table$se
    table$p.value <- two_sided_p(table$statistic, Inf)
    return(table)
  }
  table[paste0("effect.", parts$names)] <- as.data.frame(solved$effect)
  table[paste0("se.", parts$names)] <- as.data.frame(solved$se)
  table$statistic <- ifelse(solved$df > 0, solved$chi_square, NA)
  table$df <- solved$df
  table$p.value <- upper_p(table$statistic, solved$df)
  if (parts$has_main) {
    # The first column is the main effect, and what the others add is the interaction.
    table$p.interaction <- upper_p(solved$chi_square - solved$first, solved$df - solved$has_first)
  }
  table
}

upper_p <- function(chi_square, df) {
  ifelse(df > 0, stats::pchisq(pmax(chi_square, 0), pmax(df, 1), lower.tail = FALSE), NA)
}

# Solutions of a small system for each marker: information in the columns of effect_pairs(), by its
# Cholesky factor over all markers at once. A pivot that is not above `least` takes its effect out.
solve_all <- function(information, score, least) {
  n <- ncol(score)
  at <- matrix(0L, n, n)
  at[effect_pairs(n)] <- seq_len(ncol(information))
  L <- matrix(list(), n, n)
  z <- inverse <- list()
  df <- 0
  for (j in seq_len(n)) {
    pivot <- information[, at[j, j]]
    for (k in seq_len(j - 1L)) pivot <- pivot - L[[j, k]]^2
    usable <- pivot > least[, j]
    L[[j, j]] <- ifelse(usable, sqrt(pmax(pivot, 0)), Inf)
    df <- df + usable
    z[[j]] <- score[, j]
    for (k in seq_len(j - 1L)) z[[j]] <- z[[j]] - L[[j, k]] * z[[k]]
    z[[j]] <- z[[j]] / L[[j, j]]
    for (i in seq_len(n)[seq_len(n) > j]) {
      entry <- information[, at[i, j]]
      for (k in seq_len(j - 1L)) entry <- entry - L[[i, k]] * L[[j, k]]
      L[[i, j]] <- entry / L[[j, j]]
    }
  }
  effect <- backward(L, z)
  se <- vapply(seq_len(n), function(j) sqrt(unit_form(L, j)), numeric(nrow(score)))
  gone <- vapply(seq_len(n), function(j) is.infinite(L[[j, j]]), logical(nrow(score)))
  list(
    effect = replace(matrix(effect, ncol = n), gone, NA),
    se = replace(matrix(se, ncol = n), gone, NA), df = df,
    chi_square = Reduce(`+`, lapply(z, `^`, 2)), first = z[[1L]]^2,
    has_first = is.finite(L[[1L, 1L]])
  )
}

# L'x = z.
backward <- function(L, z) {
  n <- length(z)
  for (j in rev(seq_len(n))) {
    for (i in seq_len(n)[seq_len(n) > j]) z[[j]] <- z[[j]] - L[[i, j]] * z[[i]]
    z[[j]] <- z[[j]] / L[[j, j]]
  }
  do.call(cbind, z)
}

# (LL')^-1 [j, j].
unit_form <- function(L, j) {
  n <- nrow(L)
  y <- list()
  for (i in seq.int(j, n)) {
    y[[i]] <- if (i == j) 1 else 0
    for (k in seq_len(i - 1L)) if (k >= j) y[[i]] <- y[[i]] - L[[i, k]] * y[[k]]
    y[[i]] <- y[[i]] / L[[i, i]]
  }
  Reduce(`+`, lapply(y[seq.int(j, n)], `^`, 2))
}

# Calibration --------------------------------------------------------------------------------------

# m'Am = g m'm with the mean ratio g of some markers; the best are computed exactly.
calibrated <- function(found, markers, columns, place, parts, settings, sample = 500L,
                       exact_below = 1e-3) {
  if (length(parts$names) > 1L) abort_calibrated()
  varying <- which(found$squares > 0)
  tried <- varying[unique(round(seq(1, length(varying), length.out = min(sample,
    length(varying)))))]
  known <- scores_of(markers, columns[tried], place, parts, parts$A, settings)
  ratio <- known$information[, 1L] / known$squares
  information <- matrix(mean(ratio) * found$squares)
  best <- which(score_table(found, parts, information)$p.value < exact_below)
  if (length(best) > 0L) {
    information[best, ] <- scores_of(markers, columns[best], place, parts, parts$A,
      settings)$information
  }
  list(table = score_table(found, parts, information),
    calibration = c(ratio = mean(ratio), cv = stats::sd(ratio) / mean(ratio), exact = length(best)))
}
