# The relationship of each level of a random term with itself.

# diag(K): the relationship of each level with itself.
level_variances <- function(term) {
  if (!term$related) return(rep.int(1, term$n_levels))
  if (!is.null(term$relationship$diagonal)) return(term$relationship$diagonal)
  if (term$relationship$type == "pedigree") return(1 + term$relationship$pedigree$inbreeding)
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
