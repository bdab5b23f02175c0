# What the engine takes of a covariance matrix of levels.

# Singular matrices are used as they are; a sparse one is tried as a sparse one first.
covariance_spec <- function(matrix, name) {
  inverse <- if (!is.matrix(matrix)) sparse_inverse(matrix)
  spec <- if (is.null(inverse)) dense_covariance_spec(as.matrix(matrix), name) else
    list(type = "precision", precision = as_dgc(inverse), diagonal = unname(Matrix::diag(matrix)))
  if (is.null(spec$combination) && is_of_pedigree(spec$precision, matrix)) abort_inverse(name)
  spec
}

dense_covariance_spec <- function(K, name) {
  pivot_relationship(K) %||% pivot_relationship(cut_at_rounding(K, name))
}

# NULL where the matrix is not definite, which solve() does not look at, or is so by rounding alone.
sparse_inverse <- function(matrix) {
  symmetric <- Matrix::forceSymmetric(methods::as(matrix, "CsparseMatrix"))
  inverse <- tryCatch({
    Matrix::Cholesky(symmetric, LDL = FALSE)
    Matrix::solve(symmetric)
  }, error = function(e) NULL, warning = function(w) NULL)
  if (!is.null(inverse) && is_above_rounding(inverse, Matrix::diag(matrix))) inverse
}

# Whether what the others leave of the variance of each level is above what rounding of the
# covariances adds up to: above_rounding() of the engine, for a sparse inverse. `variance`: the
# diagonal of the covariance.
is_above_rounding <- function(inverse, variance, units = 64 * .Machine$double.eps) {
  own <- Matrix::diag(inverse)
  sums <- as.vector(abs(inverse) %*% sqrt(pmax(variance, 0)))
  all(is.finite(sums)) && all(own > units * sums^2) && max(own) * max(variance) < 1e10
}

# Whether a covariance was meant for the inverse that it is of a pedigree, as where as.matrix() has
# taken the mark of an inverse: it has variances of at least 1 and negative entries, and its own
# inverse those of a numerator relationship matrix, 1 + F on the diagonal, sums of powers of 1/2
# elsewhere.
is_of_pedigree <- function(inverse, matrix, most = 200L, digits = 2^20) {
  rows <- seq_len(min(nrow(matrix), most))
  given <- as.matrix(matrix[rows, , drop = FALSE])
  if (any(Matrix::diag(matrix) < 1 - 1e-8) || !any(given < -1e-8)) return(FALSE)
  if (is_of_genotyped(Matrix::diag(inverse), given[, rows, drop = FALSE])) return(TRUE)
  A <- as.matrix(inverse[rows, , drop = FALSE])
  own <- A[cbind(rows, rows)]
  all(A > -1e-8) && all(own > 1 - 1e-8 & own < 2 + 1e-8) &&
    max(abs(A * digits - round(A * digits))) < 1e-3
}

# The same of a pedigree with genotyped animals: what Henderson's rules add for the others is left,
# -1 for a parent and 1/2 for its mate, and the inverse has diagonals near 1.
is_of_genotyped <- function(own, given, least = 3L) {
  if (min(own) < 0.2 || max(own) > 3) return(FALSE)
  entries <- given[lower.tri(given)]
  of_parents <- sum(abs(entries + 1) < 1e-8)
  of_mates <- sum(abs(entries - 0.5) < 1e-8)
  min(of_parents, of_mates) >= least && of_parents + of_mates > 0.02 * sum(abs(entries) > 1e-10)
}
