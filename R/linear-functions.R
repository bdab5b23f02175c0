# Linear functions of the random effects, L u, beside those of the fixed effects, K beta. Columns of
# L are all random effects: term by term, level by level, the coefficients of a level together.

n_random_effects <- function(fit) sum(vapply(fit$random, function(term) length(term$effects), 0L))

# From what a user gives: a matrix with a column for each random effect, or a list named by random
# terms of vectors or matrices whose columns are named by levels, or unnamed and whole. A vector is
# the same for all of the n rows. Sparse, n x random effects; NULL for none.
random_functions <- function(L, fit, n) {
  if (is.null(L)) return(NULL)
  if (!is_mixed(fit)) abort_no_random("`contest(L = )`")
  if (!is.list(L)) return(check_random_columns(L, n, n_random_effects(fit), "L"))
  unknown <- setdiff(names(L) %||% "", term_labels(fit))
  if (length(unknown) > 0L) abort_term("L", unknown[1L], unique(term_labels(fit)))
  parts <- lapply(seq_along(fit$random), function(k) {
    term <- fit$random[[k]]
    given <- L[[term$label]]
    if (is.null(given)) return(no_columns(n, length(term$effects)))
    term_functions(given, term, n)
  })
  as_dgc(do.call(cbind, parts))
}

no_columns <- function(rows, columns) {
  new_dgc(integer(), integer(columns + 1L), double(), c(as.integer(rows), as.integer(columns)))
}

# The columns of one term.
term_functions <- function(given, term, n) {
  if (is.null(dim(given))) given <- matrix(given, n, length(given), TRUE, list(NULL, names(given)))
  names <- colnames(given)
  if (is.null(names)) return(check_random_columns(given, n, length(term$effects), "L"))
  at <- match(names, level_effect_names(term))
  if (anyNA(at)) abort_unknown_levels("L", names[is.na(at)], term$label)
  given <- check_random_columns(given, n, length(names), "L")
  place <- Matrix::sparseMatrix(i = seq_along(at), j = at, x = 1,
    dims = c(length(at), length(term$effects)))
  given %*% place
}

# Names of the effects of one term: of the levels where there is one coefficient.
level_effect_names <- function(term) {
  if (term$n_coef == 1L) return(term$levels)
  paste(rep(term$levels, each = term$n_coef), rep.int(term$coef_names, term$n_levels), sep = ":")
}

check_random_columns <- function(L, rows, columns, argument) {
  values <- if (inherits(L, "sparseMatrix")) L@x else L
  if (!is.numeric(as.vector(values)) || !all(is.finite(as.vector(values)))) {
    abort_hypothesis(argument, "must be finite numbers", "Replace missing values by 0.")
  }
  if (!identical(as.integer(dim(L)), as.integer(c(rows, columns)))) {
    abort_hypothesis(argument,
      paste0("must have ", rows, " rows, as K, and a column for each of the ", columns, " effects"),
      "Name the columns by levels (or {.code level:coefficient}): those not named are 0.")
  }
  methods::as(methods::as(L, "CsparseMatrix"), "dMatrix")
}

# L u-hat; 0 without L.
random_values <- function(fit, L) {
  if (is.null(L)) return(0)
  as.vector(L %*% unlist(lapply(fit$random, function(term) as.vector(term$effects))))
}
