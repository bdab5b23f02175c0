#' Effective dimensions
#'
#' How many parameters each random term amounts to after shrinkage: between 0, where its variance is
#' 0, and its number of independent effects. For a spline it tells how much of a curve there is; for
#' genotypes it gives a generalised heritability.
#'
#' The effective dimension of term k is \eqn{\mathrm{tr}(P V_k)}{tr(P V_k)}, where
#' \eqn{V_k}{V_k} is its part of V and P is as in REML; this is \eqn{q - \mathrm{tr}(G_k^{-1}
#' \mathrm{PEV}_k)}{q - tr(G_k^-1 PEV_k)}, and comes from the selected inverse of the mixed model
#' equations. Those of all random terms, the rank of X and the residual add up to the number of
#' records.
#'
#' @param object A fit by [lmmfit()].
#' @return A data frame with a row for the fixed part, each random term and the residual: `term`,
#'   `size` (columns of X, independent random effects, records), `effective`, and `ratio`, effective
#'   divided by size. `NA` where a term has related levels and several correlated coefficients of
#'   a structure other than `us` and `diag`, or a singular relationship.
#' @references Rodriguez-Alvarez, Boer, van Eeuwijk & Eilers (2018) Spatial Statistics 23:52,
#'   section 3. Hastie & Tibshirani (1990) Generalized Additive Models, section 3.5.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' effective_dimensions(fit)
#' @export
effective_dimensions <- function(object) {
  check_fit(object)
  random <- random_dimensions(object)
  size <- vapply(object$random, independent_effects, 0)
  rows <- data.frame(
    term = c("fixed", term_labels(object), "residual"),
    size = c(length(object$fixed$names), size, object$n),
    effective = c(object$rank, random, object$n - object$rank - sum(random))
  )
  rows$ratio <- rows$effective / rows$size
  rows
}

independent_effects <- function(term) {
  combination <- term$relationship$combination
  term$n_coef * (if (is.null(combination)) term$n_levels else ncol(combination))
}

random_dimensions <- function(fit) {
  if (!is_mixed(fit)) return(double())
  related <- vapply(fit$random, `[[`, NA, "related")
  spec <- fit_spec(fit)
  errors <- if (!all(related)) prediction_error_cpp(spec, fit$parameters$estimate)
  vapply(seq_along(fit$random), function(k) {
    sigma <- term_covariance(fit$random[[k]], k, fit$parameters)
    if (all(sigma == 0)) return(0)
    if (related[k]) related_dimension(fit, spec, k, sigma) else
      unrelated_dimension(errors[[k]], sigma)
  }, 0)
}

# rank(Sigma) q - tr(Sigma^+ PEV), level by level. pev: coefficient x coefficient x level.
unrelated_dimension <- function(pev, sigma) {
  decomposed <- eigen(sigma, symmetric = TRUE)
  used <- decomposed$values > 1e-10 * decomposed$values[1L]
  root <- decomposed$vectors[, used, drop = FALSE]
  inverse <- root %*% (t(root) / decomposed$values[used])
  total <- matrix(rowSums(matrix(pev, nrow(sigma)^2)), nrow(sigma))
  sum(used) * dim(pev)[3L] - sum(inverse * total)
}

# tr(P V_k) = sum_i theta_i tr(P V_i) for Sigma linear in theta, and the score is d(-2l)/d theta_i =
# tr(P V_i) - y'P V_i P y. The sum of theta_i y'P V_i P y is u'(Sigma x K)^-1 u.
related_dimension <- function(fit, spec, k, sigma) {
  term <- fit$random[[k]]
  if (!values_are_entries(term$structure) || !is.null(term$relationship$combination) ||
    fit$method == "ANOVA") {
    return(NA_real_)
  }
  decomposed <- eigen(sigma, symmetric = TRUE)
  if (min(decomposed$values) <= 1e-10 * decomposed$values[1L]) return(NA_real_)
  quadratic <- sum(solve(sigma, term$effects) * as.matrix(term$effects %*%
    Matrix::forceSymmetric(level_precision(term$relationship), "L")))
  gradient <- nonzero_gradient(fit, spec)
  if (is.null(gradient)) return(NA_real_)
  own <- fit$parameters$index == k
  sum(fit$parameters$estimate[own] * gradient[own]) + quadratic
}

# The score of REML at the estimates, without the terms that are 0; NULL where another is singular.
nonzero_gradient <- function(fit, spec) {
  kept <- vapply(term_covariances(fit), function(sigma) any(sigma != 0), NA)
  used <- is_residual_parameter(fit$parameters) | fit$parameters$index %in% which(kept)
  spec$random <- spec$random[kept]
  spec$method <- "REML"
  gradient <- rep.int(NA_real_, length(used))
  found <- tryCatch(likelihood_cpp(spec, fit$parameters$estimate[used])$gradient,
    error = function(e) NULL)
  if (is.null(found)) return(NULL)
  gradient[used] <- found
  gradient
}
