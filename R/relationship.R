#' Relationships of a pedigree
#'
#' `inbreeding()` gives inbreeding coefficients, `Ainverse()` the sparse inverse of the numerator
#' relationship matrix straight from the pedigree, `Amatrix()` relationships themselves, and
#' `dominance_matrix()` dominance relationships. `a_multiply()` is a product with the relationship
#' matrix, which is never formed.
#'
#' With groups of unknown parents (and no `gamma`) `Ainverse()` is the matrix of Quaas and Pollak,
#' of groups and animals: it is singular, as the groups have fixed effects. `group_variance` makes
#' them random, with that variance relative to the additive one, and the matrix definite.
#' `genetic_groups()` gives the share of each group in each animal, for groups as covariates.
#'
#' @param ped A pedigree by [pedigree()].
#' @param animals Names of animals, by default all.
#' @param group_variance Variance of the effects of groups relative to the additive variance; `Inf`:
#'   fixed.
#' @param x A vector with a value for each animal (in the order of the pedigree, or with names), or
#'   a matrix with such columns.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `inbreeding()`: a vector named by animals. `Ainverse()`: a sparse symmetric matrix named
#'   by animals, groups or metafounders first. `Amatrix()` and `dominance_matrix()`: dense matrices.
#'   `a_multiply()`: like `x`. `genetic_groups()`: a matrix, animals by groups.
#' @references Henderson (1976) Biometrics 32:69. Quaas & Pollak (1981) J. Dairy Sci. 64:1868.
#'   Colleau (2002) Genet. Sel. Evol. 34:409. Legarra et al. (2015) Genetics 200:455. Cockerham
#'   (1954) Genetics 39:859, for dominance: of animals that are not inbred; inbred ones are refused,
#'   because their dominance has more components than one.
#' @examples
#' ped <- pedigree(data.frame(id = 3:6, sire = c(1, 1, 4, 5), dam = c(2, NA, 3, 2)))
#' inbreeding(ped)
#' Ainverse(ped)
#' Amatrix(ped, c("5", "6"))
#' a_multiply(ped, c("6" = 1))
#' @name relationship
NULL

#' @rdname relationship
#' @export
inbreeding <- function(ped, animals = NULL, ...) {
  check_given(ped, ...)
  check_pedigree(ped)
  rows <- find_animals(ped, animals)
  stats::setNames(ped$inbreeding[rows], ped$id[rows])
}

#' @rdname relationship
#' @export
Ainverse <- function(ped, group_variance = Inf, ...) {
  check_given(ped, ...)
  check_pedigree(ped)
  inverse <- ainverse_lower(ped, group_variance)
  made <- methods::new("dsCMatrix", uplo = "L", i = inverse$i, p = inverse$p, x = inverse$x,
    Dim = rep(length(ped$id), 2L), Dimnames = list(ped$id, ped$id))
  as_inverse(made)
}

# ASReml's mark of an inverse: what reads its vm() must not take it for a covariance.
as_inverse <- function(matrix) {
  attr(matrix, "INVERSE") <- TRUE
  matrix
}

# The lower triangle (i, p, x) and log|A|.
ainverse_lower <- function(ped, group_variance = Inf) {
  determined <- determined_rows(ped)
  if (length(determined) > 0L) abort_singular_pedigree(ped$id[determined])
  inverse <- ainverse_cpp(unclass(ped), ped$inbreeding)
  if (is.finite(check_group_variance(group_variance)) && fixed_groups(ped)) {
    diagonal <- inverse$p[seq_len(ped$n_groups)] + 1L
    inverse$x[diagonal] <- inverse$x[diagonal] + 1 / group_variance
    inverse$log_det <- inverse$log_det + ped$n_groups * log(group_variance)
  }
  inverse
}

check_group_variance <- function(value) {
  if (!is.numeric(value) || length(value) != 1L || is.na(value) || value <= 0) {
    abort_argument("group_variance", value, "one number above 0")
  }
  value
}

#' @rdname relationship
#' @export
Amatrix <- function(ped, animals = NULL, ...) {
  check_given(ped, ...)
  check_pedigree(ped)
  rows <- find_animals(ped, animals)
  names <- ped$id[rows]
  if (length(rows) > 30000L) {
    abort_size("`Amatrix()`", length(rows), 30000L, "Choose `animals`, or use `Ainverse()`.",
      "animals")
  }
  small <- if (is.null(animals)) ped else prune(ped, unique(names))
  A <- amatrix_cpp(unclass(small), small$inbreeding, match(names, small$id), 2L)
  dimnames(A) <- list(names, names)
  A
}

#' @rdname relationship
#' @export
a_multiply <- function(ped, x, ...) {
  check_given(ped, x, ...)
  check_pedigree(ped)
  rows <- animal_rows(ped)
  if (!is.numeric(x) && !is.data.frame(x) && !inherits(x, "Matrix")) {
    abort_argument("x", class(x)[1L], "numeric and finite")
  }
  given <- as.matrix(x)
  if (!is.numeric(given) || !all(is.finite(given))) {
    abort_argument("x", x, "numeric and finite")
  }
  names <- rownames(given)
  if (is.null(names) && nrow(given) != length(rows)) {
    abort_pedigree("{.arg x} has {nrow(given)} row{?s} for {length(rows)} animals.",
      "Give a value for each animal, or name the values by animals.", "x")
  }
  full <- matrix(0, length(ped$id), ncol(given))
  full[if (is.null(names)) rows else find_animals(ped, names, "x"), ] <- given
  product <- amultiply_cpp(unclass(ped), ped$inbreeding, full, 2L)[rows, , drop = FALSE]
  dimnames(product) <- list(ped$id[rows], colnames(given))
  if (is.matrix(x)) product else product[, 1L]
}

#' @rdname relationship
#' @export
genetic_groups <- function(ped, animals = NULL, ...) {
  check_given(ped, ...)
  check_pedigree(ped)
  if (ped$n_groups == 0L) {
    abort_groups("The pedigree has no groups.", "Give {.arg groups} in {.fn pedigree}.", "ped")
  }
  rows <- find_animals(ped, animals)
  shares <- group_shares_cpp(unclass(ped))[rows, , drop = FALSE]
  dimnames(shares) <- list(ped$id[rows], ped$groups)
  shares
}

#' @rdname relationship
#' @export
dominance_matrix <- function(ped, animals = NULL, ...) {
  check_given(ped, ...)
  check_pedigree(ped)
  if (ped$dam_weight != 0.5 || ped$n_groups > 0L) {
    abort_pedigree("Dominance needs a pedigree of sires and dams without groups.", NULL, "ped")
  }
  rows <- find_animals(ped, animals)
  names <- ped$id[rows]
  rows <- genotype_rows(ped, rows)
  sire <- ped$sire[rows]
  dam <- ped$dam[rows]
  known <- unique(c(rows, setdiff(c(sire, dam), 0L)))
  inbred <- known[ped$inbreeding[known] > 1e-12]
  if (length(inbred) > 0L) {
    abort_pedigree(
      paste(
        "Dominance relationships of inbred animals do not follow from additive ones:",
        "{.val {ped$id[inbred]}} {?is/are} inbred."
      ),
      paste(
        "Choose {.arg animals} that are not, with parents that are not;",
        "a covariate {.code inbreeding(ped)} accounts for the mean."
      ), "ped"
    )
  }
  # Rows of A of the parents, and a row of zeros for unknown ones: a_ss a_dd + a_sd a_ds.
  parents <- setdiff(unique(c(sire, dam)), 0L)
  if (length(parents) == 0L) {
    D <- 1 * outer(rows, rows, "==")
  } else {
    A <- Amatrix(ped, ped$id[parents])
    A <- rbind(0, cbind(0, A))
    s <- match(sire, parents, nomatch = 0L) + 1L
    d <- match(dam, parents, nomatch = 0L) + 1L
    D <- (A[s, s, drop = FALSE] * A[d, d, drop = FALSE] + A[s, d, drop = FALSE] *
      A[d, s, drop = FALSE]) / 4
    D[outer(rows, rows, "==")] <- 1
  }
  dimnames(D) <- list(names, names)
  D
}

# What gr() needs ----------------------------------------------------------------------------------

# The relationship of all rows (metafounders too) as the engine takes it: the pedigree itself.
pedigree_relationship <- function(ped) {
  determined <- determined_rows(ped)
  if (length(determined) > 0L) return(determined_relationship(ped, determined))
  list(
    type = "pedigree", pedigree = unclass(ped)[intersect(rule_fields, names(ped))],
    parents = list(sire = ped$sire, dam = ped$dam)
  )
}

# What the rules of A^-1 need, and the names of the rows where they are numbers.
rule_fields <- c("sire", "dam", "n_groups", "dam_weight", "gamma", "inbreeding", "own", "share",
  "by_parents", "number")

# K^-1 of related levels (of those that carry the term, where K is singular) as a sparse matrix.
level_precision <- function(relationship) {
  if (relationship$type == "single_step") abort_needs_factor()
  pedigree <- relationship$pedigree
  if (is.null(pedigree)) return(as_dgc(relationship$precision))
  inverse <- ainverse_cpp(pedigree, pedigree$inbreeding)
  n <- length(pedigree$sire)
  as_dgc(methods::new("dsCMatrix", uplo = "L", i = inverse$i, p = inverse$p, x = inverse$x,
    Dim = c(n, n)))
}

# K, the covariance of the levels of a fitted term, dense.
level_covariance <- function(term) {
  if (!term$related) return(diag(term$n_levels))
  K <- solve(as.matrix(level_precision(term$relationship)))
  combination <- term$relationship$combination
  if (is.null(combination)) K else as.matrix(Matrix::crossprod(combination, K %*% combination))
}

# The mean of all entries of A of some rows, and of its diagonal.
relationship_means <- function(ped, rows) {
  one <- matrix(0, length(ped$id), 1L)
  one[rows] <- 1
  product <- amultiply_cpp(unclass(ped), ped$inbreeding, one, 2L)
  list(mean = sum(product[rows]) / length(rows)^2, diagonal = mean(1 + ped$inbreeding[rows]))
}

# A dense K by r pivot levels, whose covariance has an inverse, and, where it is singular,
# combinations of them, u = C'u_pivots; and K itself, as it is given. NULL where K is indefinite.
pivot_relationship <- function(K) {
  storage.mode(K) <- "double"
  found <- pivot_levels_cpp(K, 2L)
  singular <- length(found$others) > 0L
  if (length(found$pivots) == 0L || found$left > max(1e-7 * max(diag(K)), found$rounding)) {
    return(NULL)
  }
  back <- order(found$pivots)
  inverse <- if (singular) found$inverse else found$inverse[back, back, drop = FALSE]
  sparse <- singular && mean(inverse == 0) > 0.5
  spec <- list(
    type = "precision", precision = if (sparse) as_dgc(inverse) else dense_symmetric(inverse)
  )
  if (singular) spec$combination <- pivot_combinations(found)
  c(spec, list(diagonal = unname(diag(K)), covariance = K))
}

# C of pivots and others, a column for each level. Levels that repeat a pivot, as clones do, stay
# sparse: what is left of them is rounding.
pivot_combinations <- function(found) {
  at <- which(abs(found$weights) >= 1e-14, arr.ind = TRUE)
  Matrix::sparseMatrix(
    i = c(seq_along(found$pivots), at[, 1L]), j = c(found$pivots, found$others[at[, 2L]]),
    x = c(rep(1, length(found$pivots)), found$weights[at]),
    dims = c(length(found$pivots), length(found$pivots) + length(found$others))
  )
}

# list(inverse, log_det) of a dense covariance matrix, NULL where it is not positive definite, or
# where the variance that the other levels leave to one is rounding error: the inverse then has no
# digits.
dense_inverse <- function(K) {
  storage.mode(K) <- "double"
  found <- symmetric_inverse_cpp(unname(K), 2L)
  if (!is.null(found$failed) || !all(is.finite(found$inverse))) return(NULL)
  smallest <- 1 / max(diag(found$inverse))
  if (!found$above_rounding || smallest < 1e-10 * max(diag(K))) return(NULL)
  found[c("inverse", "log_det")]
}

# list(finite, symmetric) of a dense matrix, in one pass.
symmetry_of <- function(K) {
  found <- symmetry_cpp(K)
  list(finite = is.finite(found[1L]), symmetric = found[2L] <= 1e-8 * found[1L])
}
