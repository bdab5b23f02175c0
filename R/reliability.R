#' Reliabilities and breeding values
#'
#' `reliability()` is 1 - PEV / (k sigma2) for each level of a random term: PEV is the prediction
#' error variance of its effect, sigma2 the variance of the coefficient, and k the relationship of
#' the level with itself, 1 + F for an animal of a pedigree. Its square root is the accuracy, the
#' correlation of the predicted and the true effect. The variances are taken as known.
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
#' @param coefficient Name of the coefficient, by default the first.
#' @return `reliability()`: a data frame with a row for each level: `level`, `coefficient`,
#'   `estimate`, `se` (the square root of PEV), `pev`, `reliability`, `accuracy`.
#'   `breeding_values()`: the same, with `inbreeding` and `new` (TRUE for animals added) if there is
#'   a pedigree. `blup_contrasts()`: a data frame with `estimate`, `se` (of the prediction error)
#'   and `z`. Where a variance is 0 reliabilities are `NA`.
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
reliability <- function(object, term = NULL) {
  check_fit(object)
  k <- find_term(object, term)
  term <- object$random[[k]]
  pev <- term_pev(object, k)
  relationship <- level_variances(term)
  sigma2 <- diag(term_covariance(term, k, object$parameters))
  effect_rows(term, term$levels, term$effects, pev, sigma2, relationship)
}

# A data frame with a row for each coefficient of each level. effects, pev: coefficient x level.
effect_rows <- function(term, levels, effects, pev, sigma2, relationship) {
  reliability <- 1 - pev / outer(sigma2, relationship)
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

# Prediction error variances of term k, coefficient x level, from the selected inverse.
term_pev <- function(fit, k) {
  errors <- prediction_error_cpp(fit_spec(fit), fit$parameters$estimate)[[k]]
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

# Breeding values ----------------------------------------------------------------------------------

#' @rdname reliability
#' @export
breeding_values <- function(object, term = NULL, pedigree = NULL) {
  rows <- reliability(object, term)
  k <- find_term(object, term)
  fitted <- object$random[[k]]
  rows$inbreeding <- rep.int(level_variances(fitted) - 1, fitted$n_coef)
  if (is.null(pedigree)) return(rows)
  rows$new <- FALSE
  added <- new_animals(object, k, check_pedigree(pedigree, "pedigree"))
  out <- rbind(rows, added)
  out[order(match(out$coefficient, fitted$coef_names)), ]
}

# Animals of a larger pedigree, from those of the fit: u_new = B u_old + w, where w is Mendelian
# sampling along the paths among the new ones.
new_animals <- function(fit, k, ped) {
  term <- fit$random[[k]]
  check_same_parents(term, ped)
  new <- setdiff(animal_rows(ped), match(term$levels, ped$id))
  if (length(new) == 0L) return(NULL)
  parts <- descent(ped, new, term$levels)
  effects <- term$effects %*% Matrix::t(parts$shares)
  sigma <- term_covariance(term, k, fit$parameters)
  inherited <- vapply(seq_len(term$n_coef), function(coef) {
    combination_variance(fit, k, parts$shares, coef)
  }, double(length(new)))
  pev <- t(matrix(inherited, length(new))) + outer(diag(sigma), parts$mendelian)
  rows <- effect_rows(term, ped$id[new], as.matrix(effects), pev, diag(sigma),
    1 + ped$inbreeding[new])
  rows$inbreeding <- rep.int(ped$inbreeding[new], term$n_coef)
  rows$new <- rep.int(TRUE, nrow(rows))
  rows
}

# The shares of the old levels in each new animal, and the variance that the old ones leave.
descent <- function(ped, new, levels) {
  place <- integer(length(ped$id))
  place[new] <- seq_along(new)
  old <- match(ped$id, levels, nomatch = 0L)
  n <- length(new)
  weights <- c(0.5, ped$dam_weight)
  parent <- list(ped$sire[new], ped$dam[new])
  entries <- function(position, columns) {
    found <- lapply(1:2, function(side) {
      column <- c(0L, position)[parent[[side]] + 1L]
      rows <- which(column > 0L)
      cbind(rows, column[rows], rep.int(weights[side], length(rows)))
    })
    found <- do.call(rbind, found)
    Matrix::sparseMatrix(i = found[, 1L], j = found[, 2L], x = found[, 3L], dims = c(n, columns))
  }
  among <- Matrix::Diagonal(n) - entries(place, n)
  self <- c(0, 1 + ped$inbreeding)
  variance <- 1 - 0.25 * self[parent[[1L]] + 1L] - ped$dam_weight^2 * self[parent[[2L]] + 1L]
  inverse <- Matrix::solve(among, Matrix::Diagonal(n))
  list(
    shares = inverse %*% entries(old, length(levels)),
    mendelian = as.vector(inverse^2 %*% variance)
  )
}

check_same_parents <- function(term, ped) {
  kept <- term$relationship$parents
  if (is.null(kept)) {
    abort_pedigree("New animals need a term with {.code gr(pedigree = )}.", NULL, "pedigree")
  }
  rows <- match(term$levels, ped$id)
  gone <- term$levels[is.na(rows)]
  if (length(gone) > 0L) abort_unknown_animals_of_fit(gone)
  names <- c(NA, ped$id)
  changed <- !same_names(names[ped$sire[rows] + 1L], c(NA, term$levels)[kept$sire + 1L]) |
    !same_names(names[ped$dam[rows] + 1L], c(NA, term$levels)[kept$dam + 1L])
  if (any(changed)) {
    abort_pedigree("{.arg pedigree} gives other parents to {.val {term$levels[changed]}}.",
      "Only new animals can be added; fit again with the new pedigree.", "pedigree")
  }
}

same_names <- function(x, y) is.na(x) & is.na(y) | !is.na(x) & !is.na(y) & x == y

# Contrasts ----------------------------------------------------------------------------------------

#' @rdname reliability
#' @export
blup_contrasts <- function(object, K, term = NULL, coefficient = NULL) {
  check_fit(object)
  k <- find_term(object, term)
  term <- object$random[[k]]
  coefficient <- check_choice(coefficient %||% term$coef_names[1L], term$coef_names, "coefficient")
  coef <- match(coefficient, term$coef_names)
  K <- contrast_rows(K, term)
  estimate <- as.vector(K %*% term$effects[coef, ])
  se <- sqrt(pmax(combination_variance(object, k, K, coef), 0))
  data.frame(contrast = rownames(K), estimate = estimate, se = se, z = estimate / se)
}

# A sparse matrix, contrasts x levels.
contrast_rows <- function(K, term) {
  if (is.list(K)) {
    if (length(K) == 0L || !all(lengths(K) == 2L)) {
      abort_argument("K", K, "a list of pairs of levels, or a matrix")
    }
    pairs <- matrix(as.character(unlist(K)), 2L)
    names <- paste(pairs[1L, ], "-", pairs[2L, ])
    at <- match(pairs, term$levels)
    values <- rep.int(c(1, -1), ncol(pairs))
    rows <- rep(seq_len(ncol(pairs)), each = 2L)
    unknown <- unique(pairs[is.na(at)])
  } else {
    if (!is.numeric(K)) abort_argument("K", K, "a list of pairs of levels, or a matrix")
    if (!is.matrix(K)) K <- t(K)
    if (is.null(colnames(K)) || !all(is.finite(K))) {
      abort_argument("K", K, "finite, with its columns named by levels")
    }
    names <- rownames(K) %||% as.character(seq_len(nrow(K)))
    at <- match(colnames(K), term$levels)
    unknown <- colnames(K)[is.na(at)]
    rows <- as.vector(row(K))
    at <- at[as.vector(col(K))]
    values <- as.vector(K)
  }
  if (length(unknown) > 0L) abort_unknown_levels("K", unknown, term$label)
  Matrix::sparseMatrix(i = rows, j = at, x = values, dims = c(length(names), term$n_levels),
    dimnames = list(names, NULL))
}

# Var(k'(u_hat - u)) of one coefficient of term k; a row of `shares` for each combination of levels.
combination_variance <- function(fit, k, shares, coef) {
  p <- length(fit$fixed$names)
  sizes <- vapply(fit$random, function(term) term$n_coef * term$n_levels, 0)
  term <- fit$random[[k]]
  first <- p + sum(sizes[seq_len(k - 1L)])
  at <- methods::as(shares, "TsparseMatrix")
  rows <- first + at@j * term$n_coef + coef
  combinations <- Matrix::sparseMatrix(i = rows, j = at@i + 1L, x = at@x,
    dims = c(p + sum(sizes), nrow(shares)))
  as.vector(solve_for(fit, as_dgc(combinations), diagonal = TRUE))
}
