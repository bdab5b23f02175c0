#' Leverage, influence and outliers
#'
#' Diagnostics of records and of groups of records, with the variance parameters as estimated: no
#' refits. Deleting the records S is the same as giving each of them a fixed effect of its own, so
#' \eqn{\hat\beta - \hat\beta_{(S)} = \Phi X'V^{-1}D (D'PD)^{-1} D'Py}{b - b_(S) = Phi X'V^-1 D
#' (D'PD)^-1 D'Py}, exactly, where D picks the records of S. All of it comes from solves with the
#' mixed model equations.
#'
#' * `hatvalues()`: derivative of each fitted value by its own record, conditional on the random
#'   effects, or (`type = "fixed"`) of X b.
#' * `rstandard()`, `rstudent()`: conditional residuals over their standard deviation; `rstudent()`
#'   with the variances scaled to what they would be without the record.
#' * `cooks.distance()`:
#'   \eqn{(\hat\beta - \hat\beta_{(S)})'\Phi^{-1}(\hat\beta - \hat\beta_{(S)})/r}{(b - b_(S))'
#'   Phi^-1 (b - b_(S)) / r}, r the rank of X. `dfbeta()`: the difference itself;
#'   `dfbetas()`: over the standard errors.
#' * `outlier_test()`: the outlier statistics of ASReml's alternative outlier model:
#'   \eqn{D'Py / \sqrt{D'PD}}{D'Py / sqrt(D'PD)} of each record, or of each level of a random term
#'   \eqn{\hat u / \mathrm{sd}(\hat u)}{u_hat / sd(u_hat)}, with Bonferroni p-values.
#'
#' @param model A fit by [lmmfit()].
#' @param group What is deleted together: `NULL` for single records, the label of a random term, or
#'   a vector with a value for each record of the fit. By default the first random term's levels.
#' @param type `"conditional"` or `"fixed"`.
#' @param term `NULL` for records, or the label of a random term.
#' @param ... Not used.
#' @return `hatvalues()`, `rstandard()`, `rstudent()`, `cooks.distance()`: a named vector;
#'   `dfbeta()`, `dfbetas()`: a matrix with a row for each group; `outlier_test()`: a data frame
#'   with the most extreme first.
#' @examples
#' fit <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont)
#' head(sort(cooks.distance(fit), decreasing = TRUE), 3)
#' head(outlier_test(fit), 3)
#' head(outlier_test(fit, "Subject"), 3)
#' @name influence.lmmfit
NULL

#' @rdname influence.lmmfit
#' @importFrom stats hatvalues
#' @export
hatvalues.lmmfit <- function(model, type = c("conditional", "fixed"), ...) {
  type <- check_choice(type, c("conditional", "fixed"), "type")
  matrices <- fit_matrices(model)
  Z <- matrices$Z
  if (type == "fixed") {
    # X Phi X'V^-1 = X times the rows of C^- for b.
    return(named_records(model, fixed_leverage(model, matrices)))
  }
  W <- do.call(cbind, c(list(kept_only(model, matrices$X)), Z))
  precision <- residual_precision(model)
  if (Matrix::isDiagonal(precision)) {
    pev <- solve_for(model, as_dgc(Matrix::t(W)), diagonal = TRUE)
    return(named_records(model, pev * Matrix::diag(precision)))
  }
  named_records(model, diagonal_of_products(model, W, W, precision))
}

# X with zero in its dropped columns.
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

fixed_leverage <- function(fit, matrices) {
  X <- kept_only(fit, matrices$X)
  W <- do.call(cbind, c(list(X), matrices$Z))
  only_fixed <- do.call(cbind, c(list(X), lapply(matrices$Z, function(Z) Z * 0)))
  diagonal_of_products(fit, only_fixed, W, residual_precision(fit))
}

record_batches <- function(n, size = 500L) split(seq_len(n), (seq_len(n) - 1L) %/% size)

#' @rdname influence.lmmfit
#' @importFrom stats rstandard
#' @export
rstandard.lmmfit <- function(model, ...) named_records(model, standardised(model))

#' @rdname influence.lmmfit
#' @importFrom stats rstudent
#' @export
rstudent.lmmfit <- function(model, ...) {
  r <- standardised(model)
  df <- model$n - model$rank
  named_records(model, r * sqrt((df - 1) / pmax(df - r^2, .Machine$double.eps)))
}

# D'Py / sqrt(D'PD) of each record: with a diagonal R the conditional residual over its standard
# deviation.
standardised <- function(fit) {
  parts <- projection_parts(fit)
  parts$Py / sqrt(parts$P_diagonal)
}

# Py = R^-1(y - Xb - Zu) and diag(P), P = R^-1 - R^-1 W C^- W'R^-1.
projection_parts <- function(fit) {
  matrices <- fit_matrices(fit)
  W <- do.call(cbind, c(list(kept_only(fit, matrices$X)), matrices$Z))
  precision <- residual_precision(fit)
  e <- frame_response(fit$frame) - fit$fitted
  K <- as_dgc(Matrix::crossprod(W, precision))
  removed <- solve_for(fit, K, diagonal = TRUE)
  list(Py = as.vector(precision %*% e), P_diagonal = Matrix::diag(precision) - removed)
}

# Deletion -----------------------------------------------------------------------------------------

# b - b_(S) for each group S, groups x kept columns.
deletion_changes <- function(fit, group) {
  codes <- group_of_records(fit, group)
  matrices <- fit_matrices(fit)
  W <- do.call(cbind, c(list(kept_only(fit, matrices$X)), matrices$Z))
  precision <- residual_precision(fit)
  Py <- as.vector(precision %*% (frame_response(fit$frame) - fit$fitted))
  kept <- which(!is.na(fit$fixed$estimate))
  units <- Matrix::sparseMatrix(kept, seq_along(kept), x = 1, dims = c(ncol(W), length(kept)))
  members <- split(seq_len(fit$n), codes)
  changes <- matrix(NA_real_, length(members), length(kept),
    dimnames = list(names(members), fit$fixed$names[kept]))
  batch <- cumsum(lengths(members)) %/% 400L
  for (groups in split(seq_along(members), batch)) {
    rows <- unlist(members[groups], use.names = FALSE)
    right <- Matrix::crossprod(W, precision[, rows, drop = FALSE])
    product <- solve_for(fit, as_dgc(cbind(right, units)))
    last <- 0L
    for (g in groups) {
      at <- last + seq_along(members[[g]])
      last <- last + length(at)
      own <- as.matrix(precision[rows[at], rows[at]]) - product[at, at, drop = FALSE]
      effect <- tryCatch(solve(own, Py[rows[at]]), error = function(e) NULL)
      if (is.null(effect)) next
      changes[g, ] <- product[length(rows) + seq_along(kept), at, drop = FALSE] %*% effect
    }
  }
  changes
}

group_of_records <- function(fit, group) {
  if (identical(group, "default")) group <- if (is_mixed(fit)) fit$random[[1L]]$label
  if (is.null(group)) return(factor(row.names(fit$frame), unique(row.names(fit$frame))))
  if (is.character(group) && length(group) == 1L) {
    k <- match(group, term_labels(fit))
    if (is.na(k)) abort_term("group", group, unique(term_labels(fit)))
    incidence <- fit_spec(fit)$random[[k]]$incidence
    levels <- fit$random[[k]]$levels
    return(factor(levels[incidence[[1L]]$levels], levels))
  }
  if (length(group) != fit$n || anyNA(group)) {
    abort_argument("group", length(group),
      paste("a label, or a value for each of", fit$n, "records"))
  }
  factor(group)
}

#' @rdname influence.lmmfit
#' @importFrom stats cooks.distance
#' @export
cooks.distance.lmmfit <- function(model, group = "default", ...) {
  changes <- deletion_changes(model, group)
  kept <- !is.na(model$fixed$estimate)
  precision <- solve(vcov(model)[kept, kept, drop = FALSE])
  rowSums((changes %*% precision) * changes) / model$rank
}

#' @rdname influence.lmmfit
#' @importFrom stats dfbeta
#' @export
dfbeta.lmmfit <- function(model, group = "default", ...) deletion_changes(model, group)

#' @rdname influence.lmmfit
#' @importFrom stats dfbetas
#' @export
dfbetas.lmmfit <- function(model, group = "default", ...) {
  changes <- deletion_changes(model, group)
  sweep(changes, 2L, model$fixed$se[!is.na(model$fixed$estimate)], "/")
}

#' @rdname influence.lmmfit
#' @export
outlier_test <- function(model, term = NULL) {
  check_fit(model, "model")
  if (is.null(term)) {
    table <- data.frame(record = row.names(model$frame), statistic = standardised(model))
  } else {
    k <- match(term, term_labels(model))
    if (is.na(k)) abort_term("term", term, unique(term_labels(model)))
    table <- level_statistics(model, k)
  }
  table$p.value <- two_sided_p(table$statistic, Inf)
  tested <- sum(!is.na(table$statistic))
  table$bonferroni <- pmin(1, tested * table$p.value)
  table <- table[order(-abs(table$statistic)), ]
  row.names(table) <- NULL
  table
}

# u_hat over its standard deviation: Var(u_hat) = Var(u) - Var(u_hat - u).
level_statistics <- function(fit, k) {
  effects <- as.data.frame.ranef.lmmfit(effect_tables(fit, TRUE, total = FALSE))
  own <- effects[effects$group == fit$random[[k]]$label, ]
  sigma <- diag(term_covariance(fit$random[[k]], k, fit$parameters))
  coefs <- fit$random[[k]]$coef_names
  scale <- if (fit$random[[k]]$related) relationship_diagonal(fit$random[[k]]) else 1
  variance <- sigma[match(own$coefficient, coefs)] *
    (if (length(scale) == 1L) scale else scale[match(own$level, fit$random[[k]]$levels)])
  spread <- variance - own$se^2
  data.frame(level = own$level, coefficient = own$coefficient,
    statistic = ifelse(spread > 1e-10 * variance, own$estimate / sqrt(pmax(spread, 0)), NA))
}

relationship_diagonal <- function(term) {
  if (term$n_levels > 5000L) {
    abort_size("`outlier_test()` of related levels", term$n_levels, 5000L, "Test the records.")
  }
  precision <- Matrix::forceSymmetric(level_precision(term$relationship))
  inverse <- diag(as.matrix(Matrix::solve(precision)))
  combination <- term$relationship$combination
  if (is.null(combination)) return(inverse)
  full <- Matrix::solve(precision, combination)
  Matrix::colSums(combination * full)
}
