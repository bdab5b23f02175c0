#' Loadings of a factor analytic term
#'
#' The loadings and specific variances of a term `fa(...)` or `rr(...)`, rotated to principal axes:
#' the factors are orthogonal, in decreasing order of the variance that they explain, and most of
#' the loadings of each are positive. The covariance matrix is the same as before the rotation. Of a
#' fit by Bayes they are those of the posterior means.
#'
#' With `scores = TRUE` the levels are summarised as breeders do (Smith & Cullis 2018): the overall
#' performance of a level is its score on the first factor times the mean of its loadings, to be
#' read where these have one sign; its stability the root mean square, over the coefficients, of
#' what the other factors add, zero with one factor. The deviation is the same with the specific
#' effects. Small ones are stable.
#'
#' @param object A fit by [lmmfit()].
#' @param term The label of the term, by default the first `fa` or `rr`.
#' @param scores Also the predicted factor scores of each level?
#' @return A list of class `lmm_loadings`: `loadings` (a coefficient a row, a factor a column),
#'   `specific` (the specific variances, 0 for `rr`), `explained` (the share of the variance of each
#'   coefficient that each factor explains), `overall` (the same over all coefficients) and, with
#'   `scores = TRUE`, `scores` (a level a row; the least-squares scores of the predicted effects)
#'   and `performance` (a data frame: `level`, `overall`, `stability`, `deviation`, the best first).
#' @references Smith, A. B. and Cullis, B. R. (2018) Plant breeding selection tools built on factor
#'   analytic mixed models for multi-environment trial data. Euphytica 214, 143.
#' @seealso [structures]
#' @examples
#' fit <- lmmfit(yield ~ env + fa(env | line) + (1 | env:rep), trial)
#' loadings_of(fit)
#' head(loadings_of(fit, scores = TRUE)$performance)
#' @export
loadings_of <- function(object, term = NULL, scores = FALSE, ...) {
  check_given(object, ...)
  check_fit(object)
  check_flag(scores, "scores")
  k <- loading_term(object, term)
  random <- object$random[[k]]
  values <- object$parameters$estimate[object$parameters$index == k]
  own <- recipe_values(random$structure)
  specific <- double(random$n_coef)
  specific[own$row[own$kind == "specific"]] <- values[own$kind == "specific"]
  loadings <- principal_axes(loading_matrix(random$structure, values[own$kind == "loading"]))
  dimnames(loadings) <- list(random$coef_names, paste0("factor", seq_len(ncol(loadings))))
  names(specific) <- random$coef_names
  variance <- rowSums(loadings^2) + specific
  found <- if (scores) factor_scores(loadings, specific, random)
  structure(
    list(
      loadings = loadings, specific = specific, explained = loadings^2 / variance,
      overall = colSums(loadings^2) / sum(variance),
      scores = found, performance = if (scores) level_performance(loadings, found, random)
    ),
    class = "lmm_loadings"
  )
}

loading_term <- function(fit, term) {
  with_loadings <- vapply(fit$random, function(x) has_loadings(x$structure, x$n_coef), NA)
  known <- term_labels(fit)[with_loadings]
  if (length(known) == 0L) abort_no_loadings()
  term <- term %||% known[1L]
  if (!is.character(term) || length(term) != 1L || !term %in% known) {
    abort_term("term", term, known)
  }
  which(term_labels(fit) == term & with_loadings)[1L]
}

# Gamma V of the singular value decomposition U D V' of Gamma.
principal_axes <- function(loadings) {
  rotated <- loadings %*% svd(loadings, nu = 0L)$v
  signs <- ifelse(colSums(sign(rotated)) < 0, -1, 1)
  rotated * rep(signs, each = nrow(rotated))
}

# E(f | u) = Gamma' Sigma^-1 u.
factor_scores <- function(loadings, specific, random) {
  sigma <- tcrossprod(loadings) + diag(specific, nrow(loadings))
  parts <- eigen(sigma, symmetric = TRUE)
  kept <- parts$values > 1e-10 * parts$values[1L]
  half <- parts$vectors[, kept, drop = FALSE]
  weights <- half %*% (crossprod(half, loadings) / parts$values[kept])
  scores <- crossprod(random$effects, weights)
  dimnames(scores) <- list(random$levels, colnames(loadings))
  scores
}

# Of predicted effects u and their scores f: l1 f1 is a regression on the first factor, the common
# effects are Gamma f.
level_performance <- function(loadings, scores, random) {
  first <- scores[, 1L] %o% loadings[, 1L]
  spread <- function(effects) sqrt(rowMeans((effects - first)^2))
  found <- data.frame(level = random$levels, overall = scores[, 1L] * mean(loadings[, 1L]),
    stability = spread(tcrossprod(scores, loadings)), deviation = spread(t(random$effects)),
    row.names = NULL)
  found <- found[order(-found$overall), ]
  row.names(found) <- NULL
  found
}

#' @rdname loadings_of
#' @param x Loadings by `loadings_of()`.
#' @param ... Nothing more: what is not an argument is an error.
#' @method print lmm_loadings
#' @export
print.lmm_loadings <- function(x, ...) {
  check_unused(...)
  cat("Loadings on principal axes\n")
  columns <- apply(x$loadings, 2L, format_numbers, simplify = FALSE)
  total <- paste0(formatC(100 * rowSums(x$explained), format = "f", digits = 1L), " %")
  print_table(c(list(Coefficient = rownames(x$loadings)), columns,
    list(Specific = format_numbers(x$specific), Explained = total)))
  share <- paste0(formatC(100 * x$overall, format = "f", digits = 1L), " %")
  cat("Of all variance: ", paste(names(x$overall), share, collapse = ", "), "\n", sep = "")
  invisible(x)
}
