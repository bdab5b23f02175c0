#' Is a linear function of the fixed effects estimable?
#'
#' Where columns of X depend on others, only some linear functions \eqn{K\beta}{K b} have an
#' estimate that does not depend on which columns were dropped: those whose rows are combinations of
#' rows of X.
#'
#' @param fit A fit by [lmmfit()].
#' @param K A vector with a number for each fixed effect, a matrix with a row for each function, or
#'   either with names of fixed effects (`c("SexFemale:age" = 1)`): those not named are 0. Names
#'   alone (`c("age", "SexFemale")`) stand for these effects, a row for each. Names are those of
#'   `fixef(fit)`, dropped ones included.
#' @param tolerance Relative to the size of the row.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A logical vector with an element for each row of `K`.
#' @examples
#' data <- data.frame(y = rnorm(8), a = gl(2, 4), b = gl(4, 2))
#' fit <- lmmfit(y ~ a + b, data) # b tells a
#' is_estimable(fit, c("(Intercept)" = 1, a2 = 1))
#' is_estimable(fit, c(a2 = 1))
#' is_estimable(fit, c(a2 = 1, b3 = 1, b2 = -1))
#' @export
is_estimable <- function(fit, K, tolerance = 1e-6, ...) {
  check_given(fit, K, ...)
  check_fit(fit, "fit")
  K <- as_hypotheses(K, fit$fixed$names)
  estimable_rows(fit, K, check_positive(tolerance, "tolerance"))
}

# K as a matrix (dense or sparse) with a column for each fixed effect and names of rows.
as_hypotheses <- function(K, names, argument = "K") {
  if (is.character(K)) K <- named_effects(K, names, argument)
  if (is.list(K) && !is.data.frame(K)) K <- do.call(rbind, K)
  if (is.data.frame(K)) K <- as.matrix(K)
  numbers <- if (inherits(K, "Matrix")) TRUE else is.numeric(K)
  if (!numbers) {
    abort_hypothesis(argument, "must be numeric",
      "Give a vector, a matrix with a row for each function, or names of fixed effects.")
  }
  if (length(dim(K)) > 2L) {
    abort_hypothesis(argument, "has three dimensions",
      "Give a matrix with a row for each function.")
  }
  if (is.null(dim(K))) K <- matrix(K, 1L, dimnames = list(NULL, names(K)))
  K <- by_names(K, names, argument)
  values <- if (inherits(K, "sparseMatrix")) K@x else K
  if (!all(is.finite(as.vector(values)))) {
    abort_hypothesis(argument, "must be finite", "Replace missing values by 0.")
  }
  if (nrow(K) == 0L) abort_hypothesis(argument, "has no rows", "Give at least one.")
  if (is.null(rownames(K))) rownames(K) <- hypothesis_names(K, names)
  K
}

# Effects themselves, by their names.
named_effects <- function(effects, names, argument) {
  unknown <- setdiff(effects, names)
  if (length(unknown) > 0L) abort_hypothesis_names(argument, unknown, names)
  K <- outer(effects, names, `==`) + 0
  dimnames(K) <- list(effects, names)
  K
}

# Columns in the order of the fixed effects; those not named are 0.
by_names <- function(K, names, argument) {
  given <- colnames(K)
  if (is.null(given)) {
    if (ncol(K) != length(names)) abort_hypothesis_columns(argument, ncol(K), length(names))
    colnames(K) <- names
    return(K)
  }
  unknown <- setdiff(given, names)
  if (length(unknown) > 0L) abort_hypothesis_names(argument, unknown, names)
  if (anyDuplicated(given)) {
    abort_hypothesis(argument, "names a fixed effect twice", "Give each name once.")
  }
  if (identical(given, names)) return(K)
  entries <- methods::as(methods::as(K, "CsparseMatrix"), "TsparseMatrix")
  full <- Matrix::sparseMatrix(
    i = entries@i + 1L, j = match(given, names)[entries@j + 1L], x = as.double(entries@x),
    dims = c(nrow(K), length(names)), dimnames = list(rownames(K), names)
  )
  if (length(full) <= 1e6) as.matrix(full) else full
}

# A row with a single 1 is called by its effect, others by their number.
hypothesis_names <- function(K, names) {
  made <- as.character(seq_len(nrow(K)))
  if (length(K) > 1e6) return(made)
  for (i in seq_len(nrow(K))) {
    used <- which(K[i, ] != 0)
    if (length(used) == 1L && K[i, used] == 1) made[i] <- names[used]
  }
  make.unique(made)
}

# k is estimable where k = X't for some t. With the kept columns independent, that is where the
# entries at the dropped columns are the ones that follow from the others:
# k_d = X_d'X_k (X_k'X_k)^-1 k_k.
estimable_rows <- function(fit, K, tolerance = 1e-6) {
  dropped <- is.na(fit$fixed$estimate)
  if (!any(dropped)) return(stats::setNames(rep(TRUE, nrow(K)), rownames(K)))
  expected <- K[, !dropped, drop = FALSE] %*% dependence(fit)
  gap <- abs(K[, dropped, drop = FALSE] - expected)
  size <- apply(abs(K), 1L, max)
  stats::setNames(apply(gap, 1L, max) <= tolerance * pmax(size, .Machine$double.xmin), rownames(K))
}

# A (kept x dropped) with X_dropped = X_kept A.
dependence <- function(fit) {
  kept_answer(fit, "dependence", function() {
    X <- fixed_design(fit_spec(fit))
    dropped <- is.na(fit$fixed$estimate)
    scale <- sqrt(Matrix::colSums(X[, !dropped, drop = FALSE]^2))
    kept <- X[, !dropped, drop = FALSE] %*% Matrix::Diagonal(x = 1 / scale)
    others <- X[, dropped, drop = FALSE]
    if (length(X) <= 5e6) {
      solution <- qr.coef(qr(as.matrix(kept), tol = 1e-12), as.matrix(others))
    } else {
      solution <- Matrix::solve(Matrix::crossprod(kept), Matrix::crossprod(kept, others))
    }
    solution <- as.matrix(solution) / scale
    solution[abs(solution) < 1e-10] <- 0
    solution
  })
}
