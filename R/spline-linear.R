# The linear part of a spline is fixed, and must be written.

# The linear functions of each spline must lie in the span of the fixed part.
check_linear_parts <- function(parts, frame, spec) {
  splines <- Filter(is_spline_term, parts$random)
  if (length(splines) == 0L) return(invisible())
  if (spec$method == "ANOVA") abort_anova_spline(splines[[1L]])
  names <- vapply(splines, function(term) deparse_one(term$group$members$basis), "")
  X <- expanded_columns(nrow(frame), spec$fixed)$X
  for (k in which(!duplicated(names))) {
    linear <- linear_functions(frame[[names[k]]])
    members <- splines[[k]]$group$members
    # With at() they are needed there alone.
    if (is_mask(frame[[deparse_one(members$by)]])) {
      linear <- linear * drop(mask_column(members, frame))
    }
    missing <- outside_span(X, linear)
    if (any(missing)) abort_spline_linear(splines[[k]], parts$formula)
  }
}

linear_functions <- function(basis) {
  linear <- startsWith(colnames(basis), "linear")
  L <- unclass(basis)[, linear, drop = FALSE]
  if (ncol(L) == 2L) cbind(L, L[, 1L] * L[, 2L]) else L
}

# Which columns of L are not linear functions of the columns of X: the residual of least squares
# with a ridge so small that it only serves dependent columns.
outside_span <- function(X, L, tolerance = 1e-5) {
  if (ncol(X) == 0L) return(rep.int(TRUE, ncol(L)))
  size <- sqrt(Matrix::colSums(X^2))
  X <- X %*% Matrix::Diagonal(x = 1 / ifelse(size > 0, size, 1))
  XX <- Matrix::crossprod(X) + Matrix::Diagonal(ncol(X), 1e-10)
  left <- L
  # What the ridge keeps of a residual goes in the next one: slowly for columns far from 0, such as
  # dates.
  for (pass in 1:4) left <- left - as.matrix(X %*% Matrix::solve(XX, Matrix::crossprod(X, left)))
  sqrt(colSums(left^2)) > tolerance * sqrt(colSums(L^2))
}
