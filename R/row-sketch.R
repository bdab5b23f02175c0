# Which columns of long matrices depend on each other.

sketch_rows <- function(p) 4 * p + 50

# S with S X of few rows: each record is added to two random ones, with random signs. Columns that
# depend on each other in X do so in S X with the same coefficients, and others do not (Clarkson &
# Woodruff 2017, J ACM 63:54). The same S each time; the identity where there are few records.
row_sketch <- function(n, p) {
  m <- sketch_rows(p)
  if (n <= m) return(Matrix::Diagonal(n))
  with_stream(1, {
    Matrix::sparseMatrix(i = sample.int(m, 2L * n, TRUE), j = rep.int(seq_len(n), 2L),
      x = sample(c(-1, 1), 2L * n, TRUE), dims = c(m, n))
  })
}

# The numbers of the columns that do not depend on those before them.
independent_in_order <- function(X) {
  scale <- sqrt(Matrix::colSums(X^2))
  used <- which(scale > 0)
  X <- X[, used, drop = FALSE] %*% Matrix::Diagonal(x = 1 / scale[used])
  decomposition <- if (length(X) <= 2e7) qr(as.matrix(X), tol = 1e-9) else
    qr(as.matrix(Matrix::crossprod(X)), tol = 1e-9)
  used[sort(decomposition$pivot[seq_len(decomposition$rank)])]
}
