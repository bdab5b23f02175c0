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
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame with a row for the fixed part, each random term and the residual: `term`,
#'   `size` (columns of X, independent random effects, records), `effective`, and `ratio`, effective
#'   divided by size.
#' @references Rodriguez-Alvarez, Boer, van Eeuwijk & Eilers (2018) Spatial Statistics 23:52,
#'   section 3. Hastie & Tibshirani (1990) Generalized Additive Models, section 3.5.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' effective_dimensions(fit)
#' @export
effective_dimensions <- function(object, ...) {
  check_given(object, ...)
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

# tr(P V_k) of each term.
random_dimensions <- function(fit) if (is_mixed(fit)) from_inverse(fit, "effective_dimensions")
