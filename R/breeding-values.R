# Breeding values, of animals added after the fit too, and contrasts of levels. In both an effect is
# a combination of levels and, where the pedigree has groups, of their effects.

#' @rdname reliability
#' @export
breeding_values <- function(object, term = NULL, pedigree = NULL, simulations = NULL, seed = 1L,
                            ...) {
  check_given(object, ...)
  check_fit(object)
  if (!is.null(pedigree)) check_exact(object, simulations)
  rows <- reliability(object, term, simulations, seed)
  k <- find_term(object, term)
  fitted <- object$random[[k]]
  rows$inbreeding <- rep.int(level_variances(fitted) - 1, fitted$n_coef)
  if (is.null(pedigree)) return(rows)
  rows$new <- FALSE
  added <- new_animals(object, k, check_pedigree(pedigree, "pedigree"))
  out <- rbind(rows, added)
  out[order(match(out$coefficient, fitted$coef_names)), ]
}

# New animals take covariances among the errors of the old ones, which simulation does not keep.
check_exact <- function(fit, simulations) {
  check_has_factor(fit)
  if (!is.null(simulations)) abort_simulated_errors("new animals")
}

# Animals of a larger pedigree, from those of the fit: u_new = B u_old + w, where w is Mendelian
# sampling along the paths among the new ones.
new_animals <- function(fit, k, ped) {
  term <- fit$random[[k]]
  check_same_parents(term, ped)
  new <- setdiff(animal_rows(ped), match(term$levels, ped$id))
  if (length(new) == 0L) return(NULL)
  parts <- descent(ped, new, term$levels)
  groups <- if (has_groups(term)) as_dgc(genetic_groups(ped, ped$id[new]))
  own <- term$effects %*% Matrix::t(parts$shares)
  effects <- total_effects(fit, k, as.matrix(own), groups)
  sigma <- term_covariance(term, k, fit$parameters)
  pev_with <- function(groups) {
    inherited <- vapply(seq_len(term$n_coef), function(coef) {
      combination_variance(fit, k, parts$shares, coef, groups)
    }, double(length(new)))
    t(matrix(inherited, length(new))) + outer(diag(sigma), parts$mendelian)
  }
  whole <- outer(diag(sigma), 1 + ped$inbreeding[new])
  rows <- effect_rows(term, ped$id[new], effects, pev_with(groups), 1 - pev_with(NULL) / whole)
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
  variance <- mendelian_variances(ped, new)
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
  groups <- term$relationship$groups$names
  if (!is.null(groups) && !identical(ped$groups, groups)) abort_other_groups(groups)
  rows <- match(term$levels, ped$id)
  gone <- term$levels[is.na(rows)]
  if (length(gone) > 0L) abort_unknown_animals_of_fit(gone)
  names <- c(NA, ped$id)
  fitted <- c(NA, groups, term$levels)
  changed <- !same_names(names[ped$sire[rows] + 1L], fitted[kept$sire + 1L]) |
    !same_names(names[ped$dam[rows] + 1L], fitted[kept$dam + 1L])
  if (any(changed)) {
    abort_pedigree("{.arg pedigree} gives other parents to {.val {term$levels[changed]}}.",
      "Only new animals can be added; fit again with the new pedigree.", "pedigree")
  }
  changed <- abs(1 + ped$inbreeding[rows] - level_variances(term)) > 1e-8
  if (any(changed)) {
    abort_pedigree("{.arg pedigree} gives another inbreeding to {.val {term$levels[changed]}}.",
      "Only new animals can be added; fit again with the new pedigree.", "pedigree")
  }
}

# Contrasts ----------------------------------------------------------------------------------------

#' @rdname reliability
#' @export
blup_contrasts <- function(object, K, term = NULL, coefficient = NULL, ...) {
  check_given(object, K, ...)
  check_fit(object)
  k <- find_term(object, term)
  term <- object$random[[k]]
  coefficient <- coefficient %||% term$coef_names[1L]
  check_names(coefficient, "coefficient", paste("of", toString(term$coef_names)))
  if (!all(coefficient %in% term$coef_names)) {
    abort_argument("coefficient", coefficient, paste("of", toString(term$coef_names)))
  }
  K <- contrast_rows(K, term)
  groups <- if (has_groups(term)) as_dgc(K %*% term$relationship$groups$shares)
  tables <- lapply(match(coefficient, term$coef_names), function(coef) {
    estimate <- as.vector(K %*% total_effects(object, k)[coef, ])
    se <- sqrt(pmax(combination_variance(object, k, K, coef, groups), 0))
    data.frame(contrast = rownames(K), coefficient = term$coef_names[coef], estimate = estimate,
      se = se, z = estimate / se)
  })
  as_long_table(do.call(rbind, tables))
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

# Var(k'(u_hat - u)) of one coefficient of term k: a row of `shares` for each combination of levels,
# and one of `groups` for the part of the groups in it.
combination_variance <- function(fit, k, shares, coef, groups = NULL) {
  term <- fit$random[[k]]
  entries <- combination_entries(shares, effect_rows_of(fit, k), term$n_coef, coef)
  if (!is.null(groups)) {
    at <- group_effects(fit, k)$at
    entries <- rbind(entries, combination_entries(groups, at, term$n_coef, coef))
  }
  size <- length(fit$fixed$names) + sum(vapply(fit$random, function(x) length(x$effects), 0L))
  combinations <- Matrix::sparseMatrix(i = entries[, 1L], j = entries[, 2L], x = entries[, 3L],
    dims = c(size, nrow(shares)))
  as.vector(effect_covariance(fit, as_dgc(combinations), diagonal = TRUE))
}

# Of combinations in rows: place among all effects, combination, weight. `at` are the places of the
# effects, coefficient by coefficient within a level.
combination_entries <- function(weights, at, n_coef, coef) {
  entries <- methods::as(weights, "TsparseMatrix")
  cbind(at[entries@j * n_coef + coef], entries@i + 1L, entries@x)
}
