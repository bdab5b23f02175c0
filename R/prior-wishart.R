# The inverse Wishart distribution of a covariance matrix, as MCMCglmm has it.

#' @rdname lmm_prior
#' @export
inverse_wishart <- function(V, nu, alpha.mu = NULL, alpha.V = NULL, ...) {
  check_given(V, nu, ...)
  V <- check_wishart_scale(V)
  nu <- check_not_negative(nu, "nu")
  t <- nrow(V)
  if (t > 1L && nu <= t - 1) abort_prior_nu(nu, t)
  if (is.null(alpha.V)) {
    if (any(alpha.mu != 0)) abort_argument("alpha.V", alpha.V, "given where `alpha.mu` is")
    if (t > 1L) return(new_prior("inverse_wishart", V = V, nu = nu))
    return(new_prior("inverse_gamma", shape = nu / 2, scale = nu * V[1L] / 2))
  }
  own <- check_expansion(V, alpha.mu, alpha.V)
  if (t > 1L) return(do.call(new_prior, c("inverse_wishart", list(V = V, nu = nu), own)))
  half_t(nu, 0, sqrt(V[1L] * own$alpha.V))
}

check_wishart_scale <- function(V) {
  valid <- is.numeric(V) && length(V) > 0L && is_positive_definite(as.matrix(V))
  if (!valid) abort_argument("V", V, "a positive number or a positive definite matrix")
  as.matrix(V)
}

is_positive_definite <- function(M) {
  is.numeric(M) && all(is.finite(M)) && nrow(M) == ncol(M) && isSymmetric(unname(M)) &&
    min(eigen(M, symmetric = TRUE, only.values = TRUE)$values) > 0
}

# The expansion: `alpha.V`, variances, where V is diagonal, too, and all means are zero, so that the
# density of the matrix has a closed form (posterior-matrix.R). Else `alpha.V` as a matrix, with
# `alpha.mu`.
check_expansion <- function(V, alpha.mu, alpha.V) {
  t <- nrow(V)
  mean <- check_expansion_mean(alpha.mu %||% 0, t)
  own <- check_expansion_variance(alpha.V, t)
  is_closed <- all(mean == 0) && is_diagonal(V) && is_diagonal(own)
  if (is_closed) return(list(alpha.V = diag(own)))
  if (t == 1L) {
    abort_argument("alpha.mu", alpha.mu, "zero for a single variance, whose prior is half-t then")
  }
  list(alpha.mu = mean, alpha.V = own)
}

is_diagonal <- function(M) all(M[row(M) != col(M)] == 0)

check_expansion_mean <- function(mean, t) {
  if (!is.numeric(mean) || !all(is.finite(mean)) || !length(mean) %in% c(1L, t)) {
    abort_argument("alpha.mu", mean, paste("a number, or", t, "of them"))
  }
  rep_len(as.double(mean), t)
}

check_expansion_variance <- function(variance, t) {
  own <- variance
  if (is.numeric(own) && !is.matrix(own) && length(own) %in% c(1L, t)) {
    own <- diag(rep_len(as.double(own), t), t)
  }
  if (!is.matrix(own) || nrow(own) != t || !is_positive_definite(own)) {
    abort_argument("alpha.V", variance,
      paste0("a positive number, ", t, " of them, or a positive definite ", t, " x ", t, " matrix"))
  }
  unname(own)
}

# Whether the density of a matrix with this prior has a closed form.
is_closed_form <- function(whole) is.null(whole$alpha.mu)
