# Selection on several coefficients of a random term at once.

#' Selection index
#'
#' One number for each level of a random term from its predicted effects: \eqn{I = b'\hat u}{I =
#' b'u_hat}, with its error, accuracy and rank, and what selection on it is expected to change.
#'
#' With BLUP the best index of the aggregate value \eqn{a'u} is \eqn{a'\hat u}{a'u_hat}, whatever
#' the other coefficients are: `weights` are a. With
#' \eqn{C = \overline{kG - PEV}}{C = mean(k G - PEV)}, the mean covariance of the predictions of the
#' candidates (k: the relationship of a level with itself), selection of the best on
#' \eqn{b'\hat u}{b'u_hat} changes u by \eqn{i\, C b / \sqrt{b'Cb}}{i C b / sqrt(b'Cb)}, i being
#' the selection intensity of a normal distribution. Hence
#' * `gains`, desired gains d: \eqn{b = C^{-1} d}{b = C^-1 d} (Pesek and Baker 1969);
#' * `restrict`, coefficients that shall not change:
#'   \eqn{b = a - R (R'CR)^{-1} R'Ca}{b = a - R (R'CR)^-1 R'C a} with R the columns of those
#'   (Kempthorne and Nordskog 1959).
#'
#' `at` takes the weights from a curve: of a random regression on age, the effect at an age.
#'
#' @param object A fit by [lmmfit()].
#' @param weights Economic weights, named by coefficients of the term, `c(birth = -2, weaning = 1)`;
#'   one that is not named has none. May be left out of a term with one coefficient.
#' @param gains Desired gains, named alike, in place of weights; a coefficient that is not named
#'   shall not change.
#' @param restrict Names of coefficients that shall not change.
#' @param at A data frame with one row, of the variables that the coefficients are made of, in place
#'   of weights.
#' @param term Label of the random term, by default the first that has a relationship.
#' @param candidates Levels among which is selected, by default all.
#' @param selected Share of the candidates that is selected, above 0 and below 1.
#' @return A list of class `selection_index`:
#'   * `index`: a data frame with a row for each candidate, the best first: `level`, `index`, `se`
#'     (the standard deviation of \eqn{b'\hat u - b'u}{b'u_hat - b'u}), `reliability` and
#'     `accuracy` (the correlation with \eqn{a'u}, of desired gains with \eqn{b'u}), `rank`,
#'     `percentile` (the share of candidates that are not above it, in percent).
#'   * `coefficients`: a row for each coefficient with its `weight` a, what the index takes
#'     (`index`, b), its genetic `sd`, and the expected `response`, in units of the response.
#' @references Henderson, C. R. (1963) Selection index and expected genetic advance. NAS-NRC
#'   Publication 982, 141-163. Kempthorne, O. and Nordskog, A. W. (1959) Restricted selection
#'   indices. Biometrics 15, 10-19. Pesek, J. and Baker, R. J. (1969) Desired improvement in
#'   relation to selection indices. Canadian Journal of Plant Science 49, 803-804.
#' @examples
#' fit <- lmmfit(cbind(birth, weaning) ~ trait * sex +
#'   us(0 + trait | gr(animal, pedigree = pedigree(flock))), lambs, residual = ~ us(trait | unit))
#' selection_index(fit, c(birth = -2, weaning = 1))
#' selection_index(fit, c(weaning = 1), restrict = "birth")
#' @export
selection_index <- function(object, weights = NULL, gains = NULL, restrict = NULL, at = NULL,
                            term = NULL, candidates = NULL, selected = 0.1, ...) {
  check_given(object, ...)
  check_fit(object)
  selected <- check_level(selected, "selected")
  k <- find_term(object, term)
  fitted <- object$random[[k]]
  rows <- candidate_rows(fitted, candidates)
  G <- term_covariance(fitted, k, object$parameters)
  parts <- index_parts(object, k, rows, G)
  found <- index_weights(object, k, parts$C, weights, gains, restrict, at)
  table <- index_table(parts, found, fitted$levels[rows], G)
  gain <- as.vector(parts$C %*% found$b)
  # What is asked not to change does not, but for rounding of the products.
  gain[abs(gain) <= 1e-12 * as.vector(abs(parts$C) %*% abs(found$b))] <- 0
  response <- gain * intensity(selected) / sqrt(sum(found$b * gain))
  structure(
    list(
      index = table,
      coefficients = data.frame(coefficient = index_names(fitted), weight = found$a,
        index = found$b, sd = sqrt(diag(G)), response = response),
      term = fitted$label, selected = selected
    ),
    class = "selection_index"
  )
}

index_names <- function(term) term$short_names %||% term$coef_names

candidate_rows <- function(term, candidates) {
  if (is.null(candidates)) return(seq_len(term$n_levels))
  candidates <- unique(as.character(candidates))
  rows <- match(candidates, term$levels)
  if (length(rows) < 2L || anyNA(rows)) abort_candidates(candidates[is.na(rows)], term$label)
  rows
}

# Effects, coefficient x candidate; their error covariances; k; and C.
index_parts <- function(fit, k, rows, G) {
  term <- fit$random[[k]]
  errors <- prediction_errors(fit)[[k]]
  relationship <- level_variances(term)[rows]
  own <- errors[, , rows, drop = FALSE]
  list(
    effects = total_effects(fit, k)[, rows, drop = FALSE],
    errors = total_errors(fit, k, errors)[, , rows, drop = FALSE], own = own,
    relationship = relationship, C = mean(relationship) * G - apply(own, 1:2, mean)
  )
}

# list(a, b): the weights of the aggregate value, and those of the index.
index_weights <- function(fit, k, C, weights, gains, restrict, at) {
  given <- !vapply(list(weights, gains, at), is.null, NA)
  names <- index_names(fit$random[[k]])
  if (sum(given) > 1L) abort_index_weights(c("weights", "gains", "at")[given])
  if (!is.null(gains)) {
    if (!is.null(restrict)) abort_index_weights(c("gains", "restrict"))
    b <- solved_gains(C, named_weights(gains, names, "gains"))
    return(list(a = rep(NA_real_, length(b)), b = b))
  }
  a <- if (!is.null(at)) curve_weights(fit, k, at) else if (is.null(weights) && length(names) == 1L)
    1 else named_weights(weights, names, "weights")
  list(a = a, b = if (is.null(restrict)) a else restricted(C, a, restrict, names))
}

named_weights <- function(value, names, argument) {
  if (!is.numeric(value) || length(value) == 0L || !all(is.finite(value)) ||
        is.null(names(value))) {
    abort_argument(argument, value, paste("numbers named by coefficients:", toString(names)))
  }
  if (all(value == 0)) abort_argument(argument, value, "other than 0 for at least one coefficient")
  unknown <- setdiff(names(value), names)
  if (length(unknown) > 0L) abort_index_name(argument, unknown[1L], names)
  if (anyDuplicated(names(value))) abort_argument(argument, value, "named by each coefficient once")
  weights <- numeric(length(names))
  weights[match(names(value), names)] <- value
  weights
}

curve_weights <- function(fit, k, at) {
  if (!is.data.frame(at) || nrow(at) != 1L) abort_argument("at", at, "a data frame with one row")
  gone <- setdiff(all.vars(fit$parts$random[[k]]$coefs), names(at))
  if (length(gone) > 0L) {
    abort("argument", "{.arg at} has no column {.val {gone}}.",
      did_you_mean(nearest_names(gone[1L], names(at))), "at", gone)
  }
  as.vector(coefficient_rows(fit, k, at))
}

solved_gains <- function(C, d) {
  force(d)
  b <- tryCatch(solve(C, d), error = function(e) NULL)
  if (is.null(b)) abort_index_singular("gains")
  as.vector(b)
}

# b = a - R (R'CR)^-1 R'Ca.
restricted <- function(C, a, restrict, names) {
  check_names(restrict, "restrict", "names of coefficients")
  unknown <- setdiff(restrict, names)
  if (length(unknown) > 0L) abort_index_name("restrict", unknown[1L], names)
  at <- match(unique(restrict), names)
  if (length(at) == length(names)) {
    abort_argument("restrict", restrict, "some of the coefficients, not all")
  }
  taken <- tryCatch(solve(C[at, at, drop = FALSE], C[at, , drop = FALSE] %*% a),
    error = function(e) NULL)
  if (is.null(taken)) abort_index_singular("restrict")
  a[at] <- a[at] - as.vector(taken)
  a
}

# A share of the variance that is rounding.
nothing_known <- 1e-12

index_table <- function(parts, weights, levels, G) {
  b <- weights$b
  merit <- if (anyNA(weights$a)) b else weights$a
  form <- function(errors, x, y) {
    vapply(seq_along(levels), function(i) sum(x * (as.matrix(errors[, , i]) %*% y)), 0)
  }
  of_G <- function(x, y) parts$relationship * sum(x * (G %*% y))
  spread <- of_G(b, b) - form(parts$own, b, b)
  accuracy <- (of_G(b, merit) - form(parts$own, b, merit)) /
    sqrt(pmax(spread, 0) * of_G(merit, merit))
  # Of a level of which nothing is known; without a genetic variance there is none.
  accuracy[spread <= nothing_known * of_G(b, b)] <- 0
  accuracy[of_G(merit, merit) == 0] <- NA
  index <- as.vector(crossprod(b, parts$effects))
  table <- data.frame(
    level = levels, index = index, se = sqrt(pmax(form(parts$errors, b, b), 0)),
    reliability = accuracy^2, accuracy = accuracy, rank = rank(-index, ties.method = "min"),
    percentile = 100 * rank(index, ties.method = "max") / length(index)
  )
  table <- table[order(-index), ]
  row.names(table) <- NULL
  as_long_table(table)
}

# The mean of the best share p of a standard normal distribution.
intensity <- function(p) stats::dnorm(stats::qnorm(p)) / p

#' @rdname selection_index
#' @param x A selection index.
#' @param n How many of the best are shown.
#' @param digits Figures of the numbers.
#' @param ... Nothing more: what is not an argument is an error.
#' @method print selection_index
#' @export
print.selection_index <- function(x, n = 10L, digits = 5L, ...) {
  check_unused(...)
  digits <- check_count(digits, "digits")
  cat("Selection index of ", x$term, ", response to the best ", format(100 * x$selected),
    " % of ", format(nrow(x$index), big.mark = ","), "\n\n", sep = "")
  table <- x$coefficients
  if (all(is.na(table$weight))) table$weight <- NULL
  print_table(Map(column_text, table, names(table), digits), left = "coefficient")
  cat("\n")
  print(x$index, n = n, digits = digits)
  invisible(x)
}

#' @method as.data.frame selection_index
#' @export
as.data.frame.selection_index <- function(x, row.names = NULL, optional = FALSE, ...) {
  as.data.frame(x$index)
}
