#' Reliabilities and breeding values
#'
#' `reliability()` is 1 - PEV / (k sigma2) for each level of a random term: PEV is the prediction
#' error variance of its effect, sigma2 the variance of the coefficient, and k the relationship of
#' the level with itself, 1 + F for an animal of a pedigree. Its square root is the accuracy, the
#' correlation of the predicted and the true effect. The variances are taken as known.
#'
#' With groups of unknown parents in the pedigree (see [gr()]) `estimate`, `se` and `pev` are those
#' of the total \eqn{Qg + a}{Q g + a}; groups that were dropped count as 0, so where one was dropped
#' totals are relative to it, while contrasts of animals by `blup_contrasts()` are not.
#' `reliability` and `accuracy` are those of a, the part that the groups do not explain.
#'
#' `breeding_values()` puts predictions and reliabilities of a term together. With a larger
#' `pedigree` it also predicts animals that were added after the fit. `blup_contrasts()` compares
#' levels.
#'
#' @param object A fit by [lmmfit()].
#' @param term Label of the random term, by default the first that has a relationship.
#' @param pedigree A pedigree that has the animals of the fit with the same parents, and new
#'   animals that descend from them.
#' @param K A matrix with a row for each contrast, whose columns are named by levels; or a list of
#'   vectors `c("first", "second")` for differences of two levels.
#' @param coefficient Names of coefficients, by default the first alone.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `reliability()`: a data frame with a row for each level: `level`, `coefficient`,
#'   `estimate`, `se` (the square root of PEV), `pev`, `reliability`, `accuracy`.
#'   `breeding_values()`: the same, with `inbreeding` and `new` (TRUE for animals added) if there is
#'   a pedigree. `blup_contrasts()`: a data frame with `contrast`, `coefficient`, `estimate`, `se`
#'   (of the prediction error) and `z`. Where a variance is 0 reliabilities are `NA`.
#' @examples
#' ped <- pedigree(data.frame(id = 4:8, sire = c(1, 3, 1, 4, 3), dam = c(NA, 2, 2, 5, 6)))
#' calves <- data.frame(
#'   calf = 4:8, sex = c("M", "F", "F", "M", "M"), gain = c(4.5, 2.9, 3.9, 3.5, 5)
#' )
#' fit <- lmmfit(gain ~ sex + (1 | gr(calf, pedigree = ped)), calves,
#'   hold = c(calf = 20, residual = 40))
#' reliability(fit)
#' blup_contrasts(fit, list(c("4", "5"), c("7", "8")))
#'
#' # A calf of 7 and 8 that is not yet born
#' born <- rbind(as.data.frame(ped)[c("id", "sire", "dam")], c("9", "7", "8"))
#' tail(breeding_values(fit, pedigree = pedigree(born)), 2)
#' @export
reliability <- function(object, term = NULL, ...) {
  check_given(object, ...)
  check_fit(object)
  k <- find_term(object, term)
  term <- object$random[[k]]
  errors <- prediction_errors(object)[[k]]
  sigma2 <- diag(term_covariance(term, k, object$parameters))
  as_long_table(effect_rows(term, term$levels, total_effects(object, k),
    coefficient_errors(total_errors(object, k, errors)), coefficient_errors(errors), sigma2,
    level_variances(term)))
}

# A data frame with a row for each coefficient of each level. effects, pev and own: coefficient x
# level; own is the PEV of a, without the groups that pev has.
effect_rows <- function(term, levels, effects, pev, own, sigma2, relationship) {
  reliability <- 1 - own / outer(sigma2, relationship)
  reliability[!is.finite(reliability)] <- NA_real_
  reliability[] <- pmin(pmax(reliability, 0), 1)
  by_coefficient <- function(x) as.vector(t(x))
  rows <- data.frame(
    level = rep.int(levels, term$n_coef),
    coefficient = rep(term$coef_names, each = length(levels)),
    estimate = by_coefficient(effects), se = by_coefficient(sqrt(pev)), pev = by_coefficient(pev),
    reliability = by_coefficient(reliability)
  )
  rows$accuracy <- sqrt(rows$reliability)
  rows
}

# The number of the term: a label, or by default the first with a relationship.
find_term <- function(fit, term) {
  if (!is_mixed(fit)) abort_no_random("`reliability()`")
  if (is.null(term)) {
    related <- vapply(fit$random, `[[`, NA, "related")
    return(if (any(related)) which(related)[1L] else 1L)
  }
  if (!is.character(term) || length(term) != 1L) {
    abort_argument("term", term, "the label of one random term")
  }
  found <- match(term, term_labels(fit))
  if (is.na(found)) abort_term("term", term, unique(term_labels(fit)))
  found
}

# Prediction error variances, coefficient x level, of an array coefficient x coefficient x level.
coefficient_errors <- function(errors) {
  t <- dim(errors)[1L]
  pmax(matrix(vapply(seq_len(t), function(i) errors[i, i, ], double(dim(errors)[3L])), t,
    byrow = TRUE), 0)
}

# diag(K): the relationship of each level with itself.
level_variances <- function(term) {
  if (!term$related) return(rep.int(1, term$n_levels))
  if (!is.null(term$relationship$diagonal)) return(term$relationship$diagonal)
  precision_diagonal(level_precision(term$relationship))
}

# diag(Q^-1) of a sparse precision, some columns at a time.
precision_diagonal <- function(precision, at_a_time = 500L) {
  factor <- Matrix::Cholesky(Matrix::forceSymmetric(precision), LDL = FALSE)
  n <- nrow(precision)
  blocks <- split(seq_len(n), (seq_len(n) - 1L) %/% at_a_time)
  unlist(lapply(blocks, function(rows) {
    unit <- Matrix::sparseMatrix(i = rows, j = seq_along(rows), x = 1, dims = c(n, length(rows)))
    half <- Matrix::solve(factor, Matrix::solve(factor, unit, system = "P"), system = "L")
    Matrix::colSums(half^2)
  }), use.names = FALSE)
}
