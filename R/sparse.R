# Sparse and symmetric matrices made without the generic constructors, which cost more than a
# small fit.

# An empty matrix whose slots are replaced: methods::new() takes a millisecond, this takes none.
# Slots are attributes; `@<-` would look up the classes of values whose types are seen here.
empty_dgc <- methods::new("dgCMatrix")

new_dgc <- function(i, p, x, dim) {
  made <- empty_dgc
  attr(made, "i") <- as.integer(i)
  attr(made, "p") <- as.integer(p)
  attr(made, "x") <- as.double(x)
  attr(made, "Dim") <- as.integer(dim)
  made
}

sparse_identity <- function(n) new_dgc(seq_len(n) - 1L, 0:n, rep.int(1, n), c(n, n))

# The transpose of a dense or sparse matrix, without its names.
transposed_dgc <- function(x) {
  if (!is.matrix(x)) return(as_dgc(Matrix::t(x)))
  entries <- t(x)
  used <- which(entries != 0)
  new_dgc(
    (used - 1L) %% nrow(entries), c(0L, cumsum(colSums(entries != 0))), entries[used], dim(entries)
  )
}

as_dgc <- function(x) {
  x <- methods::as(methods::as(methods::as(x, "CsparseMatrix"), "generalMatrix"), "dMatrix")
  x@Dimnames <- list(NULL, NULL)
  x
}

# A dense symmetric matrix as the engine takes it: its lower triangle counts.
dense_symmetric <- function(x) {
  n <- nrow(x)
  methods::new("dsyMatrix", x = as.vector(x), Dim = c(n, n), uplo = "L")
}
