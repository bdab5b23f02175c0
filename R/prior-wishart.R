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
  alpha.V <- check_expansion(V, alpha.mu, alpha.V)
  if (t > 1L) return(new_prior("inverse_wishart", V = V, nu = nu, alpha.V = alpha.V))
  half_t(nu, 0, sqrt(V[1L] * alpha.V))
}

check_wishart_scale <- function(V) {
  valid <- is.numeric(V) && all(is.finite(V)) && length(V) > 0L
  if (valid) V <- as.matrix(V)
  if (!valid || nrow(V) != ncol(V) || !isSymmetric(unname(V)) ||
    min(eigen(V, symmetric = TRUE, only.values = TRUE)$values) <= 0) {
    abort_argument("V", V, "a positive number or a positive definite matrix")
  }
  V
}

# The variances of the expansion, one for each coefficient: only then has the density of the matrix
# a closed form (posterior-matrix.R).
check_expansion <- function(V, alpha.mu, alpha.V) {
  t <- nrow(V)
  if (any(alpha.mu != 0)) {
    abort_argument("alpha.mu", alpha.mu, "zero: no other mean has a density in closed form")
  }
  if (any(V[upper.tri(V)] != 0)) {
    abort_expansion_scale()
  }
  variances <- if (is.matrix(alpha.V)) diag(alpha.V) else alpha.V
  valid <- is.numeric(variances) && all(is.finite(variances) & variances > 0) &&
    length(variances) %in% c(1L, t) && (!is.matrix(alpha.V) ||
    all(dim(alpha.V) == length(variances)) && all(alpha.V[upper.tri(alpha.V)] == 0))
  if (!valid) {
    abort_argument("alpha.V", alpha.V,
      paste0("a positive number, ", t, " of them, or a diagonal ", t, " x ", t, " matrix"))
  }
  rep_len(as.double(variances), t)
}
