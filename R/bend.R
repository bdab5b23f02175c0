# Covariance matrices of levels that are not definite: rounding, and remedies.

#' Make a relationship matrix positive definite
#'
#' `bend()` raises the eigenvalues that are too small; `blend()` takes a weighted mean with another
#' relationship matrix, as of a genomic one with that of the pedigree; `tune()` brings it to the
#' level of another one.
#'
#' [gr()] takes singular matrices as they are, and those that are indefinite by the rounding of
#' their numbers (single precision, four or more printed decimals). A matrix that is really
#' indefinite is no covariance matrix; it needs one of these.
#'
#' @param K A symmetric matrix.
#' @param least The smallest eigenvalue of the result, as a share of their mean.
#' @param with A matrix whose names have those of `K`; `NULL`: the identity times the mean of the
#'   diagonal of `K`.
#' @param share The weight of `with`, from 0 to 1.
#' @param to A matrix whose names have those of `K`, as A of the animals of a genomic matrix: the
#'   result is `a + b K`, with the mean of the diagonal and the mean of all entries of `to`.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A matrix with the names of `K`.
#' @references Hayes & Hill (1981) Biometrics 37:483, for bending. VanRaden (2008) J. Dairy Sci.
#'   91:4414, for blending. Chen et al. (2011) J. Anim. Sci. 89:2673, Vitezica et al. (2011) Genet.
#'   Res. 93:357, for tuning.
#' @examples
#' K <- matrix(c(1, 0.9, 0.2, 0.9, 1, 0.9, 0.2, 0.9, 1), 3, dimnames = list(1:3, 1:3))
#' eigen(bend(K))$values
#' eigen(blend(K, share = 0.2))$values
#' G <- grm(lamb_markers)
#' A <- Amatrix(pedigree(flock), rownames(G))
#' mean(tune(G, A)) - mean(A)
#' @export
bend <- function(K, least = 1e-4, ...) {
  check_given(K, ...)
  K <- check_symmetric_matrix(K, "K")
  least <- check_positive(least, "least")
  parts <- eigen(unname(K), symmetric = TRUE)
  values <- pmax(parts$values, least * mean(diag(K)))
  made <- parts$vectors %*% (values * t(parts$vectors))
  dimnames(made) <- dimnames(K)
  (made + t(made)) / 2
}

#' @rdname bend
#' @export
blend <- function(K, with = NULL, share = 0.05, ...) {
  check_given(K, ...)
  K <- check_symmetric_matrix(K, "K")
  if (!is.numeric(share) || length(share) != 1L || is.na(share) || share < 0 || share > 1) {
    abort_argument("share", share, "one number from 0 to 1")
  }
  if (is.null(with)) {
    with <- diag(mean(diag(K)), nrow(K))
  } else {
    with <- matched_matrix(with, K, "with")
  }
  made <- (1 - share) * K + share * unname(with)
  dimnames(made) <- dimnames(K)
  made
}

#' @rdname bend
#' @export
tune <- function(K, to, ...) {
  check_given(K, to, ...)
  K <- check_symmetric_matrix(K, "K")
  made <- tuned(K, matched_matrix(to, K, "to")) %||%
    abort_argument("K", "a diagonal not above the mean of all entries", "a relationship matrix")
  dimnames(made) <- dimnames(K)
  made
}

# The part of another matrix that has the names of K.
matched_matrix <- function(other, K, argument) {
  other <- check_symmetric_matrix(other, argument)
  missing <- setdiff(rownames(K), rownames(other))
  if (is.null(rownames(K)) || length(missing) > 0L) {
    abort_argument(argument, utils::head(missing, 3L), "a matrix with the names of `K`")
  }
  other[rownames(K), rownames(K)]
}

check_symmetric_matrix <- function(K, argument) {
  if (!is.numeric(K) && !inherits(K, "Matrix")) {
    abort_argument(argument, class(K)[1L], "a symmetric matrix of finite numbers")
  }
  K <- as.matrix(K)
  valid <- is.numeric(K) && nrow(K) == ncol(K) && all(is.finite(K)) &&
    isSymmetric(unname(K), tol = 1e-8)
  if (!valid) abort_argument(argument, class(K)[1L], "a symmetric matrix of finite numbers")
  K
}

# Rounding -----------------------------------------------------------------------------------------

# K without the eigenvalues that are rounding of its numbers; an error where it is indefinite beyond
# that. Rounding by at most u moves eigenvalues of an n x n matrix by about sqrt(n) u.
cut_at_rounding <- function(K, name) {
  parts <- eigen(K, symmetric = TRUE)
  smallest <- min(parts$values)
  unit <- rounding_of(K)
  bound <- 2 * sqrt(nrow(K)) * unit$size
  if (smallest < -bound) {
    abort_gr(
      paste(
        "{.code {name}} is not a covariance matrix: it has a negative eigenvalue,",
        "{signif(smallest, 3)}."
      ),
      paste(
        "Correct it, or use {.code bend({name})}, or {.code blend({name}, A)} with a relationship",
        "matrix {.code A} or, without, the identity."
      ), "cov"
    )
  }
  cut <- abs(parts$values) <= min(bound, 10 * abs(smallest))
  inform_rounding(name, sum(cut), range(parts$values[cut]), unit$kind)
  vectors <- parts$vectors[, !cut, drop = FALSE]
  vectors %*% (parts$values[!cut] * t(vectors))
}

# list(size, kind): by how much the numbers may be rounded.
rounding_of <- function(K, decimals = 4:12) {
  largest <- max(abs(K))
  single <- readBin(writeBin(as.vector(K), raw(), size = 4L), "numeric", length(K), size = 4L)
  if (all(single == K)) return(list(size = 2^-24 * largest, kind = "single precision"))
  # Few digits of large numbers are many decimals of small ones: the coarser of the two.
  exact <- function(rounded) max(abs(K - rounded)) <= 1e-14 * largest
  k <- Find(function(k) exact(signif(K, k)), decimals)
  if (!is.null(k)) return(list(size = 0.5 * 10^(1 - k) * largest, kind = paste(k, "digits")))
  k <- Find(function(k) exact(round(K, k)), decimals)
  if (!is.null(k)) return(list(size = 0.5 * 10^-k, kind = paste(k, "decimals")))
  list(size = .Machine$double.eps * largest, kind = "double precision")
}
