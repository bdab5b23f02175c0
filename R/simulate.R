#' Simulate responses from a fit
#'
#' Residuals are drawn from their structure, correlated as estimated.
#'
#' @param object A fit by [lmmfit()].
#' @param nsim Number of simulated responses.
#' @param seed A number for [set.seed()], or `NULL` for the current state of the generator.
#' @param conditional `FALSE` draws new random effects; `TRUE` keeps the predicted ones, and draws
#'   new residuals only.
#' @param ... `re.form` of lme4 is understood: `NULL` means `conditional = TRUE`, `NA` and `~0` mean
#'   `FALSE`; and `use.u`, which is `conditional`.
#' @return A data frame with `nsim` columns `sim_1`, `sim_2`, ..., a row for each record, and the
#'   attribute `seed`, as [stats::simulate()] describes it.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' head(simulate(fit, 2, seed = 1))
#' @export
simulate.lmmfit <- function(object, nsim = 1, seed = NULL, conditional = FALSE, ...) {
  conditional <- asked_conditional(conditional, ...)
  nsim <- check_count(nsim, "nsim")
  state <- seed_state(seed)
  if (!is.null(seed)) on.exit(assign(".Random.seed", state$old, envir = globalenv()))
  center <- if (conditional) object$fitted else object$fitted_fixed
  values <- matrix(center + (frame_offset(object$frame) %||% 0), object$n, nsim)
  if (!conditional && is_mixed(object)) {
    Z <- fit_matrices(object)$Z
    for (k in seq_along(Z)) values <- values + as.matrix(Z[[k]] %*% draw_effects(object, k, nsim))
  }
  values <- values + simulated_residuals(object, nsim)
  simulated <- as.data.frame(values)
  dimnames(simulated) <- list(row.names(object$frame), paste0("sim_", seq_len(nsim)))
  attr(simulated, "seed") <- state$used
  simulated
}

# lme4's formula of the random effects that are kept: all or none.
keeps_effects <- function(re.form) {
  if (is.null(re.form)) return(TRUE)
  none <- identical(re.form, NA) || inherits(re.form, "formula") && length(re.form) == 2L &&
    identical(re.form[[2L]], 0)
  if (!none) abort_argument("re.form", deparse_one(re.form), "NULL, NA or ~0")
  FALSE
}

# As stats::simulate() does: with a seed the state of the generator is put back afterwards.
seed_state <- function(seed) {
  if (!exists(".Random.seed", envir = globalenv(), inherits = FALSE)) stats::runif(1)
  old <- get(".Random.seed", envir = globalenv())
  if (is.null(seed)) return(list(old = old, used = old))
  set.seed(seed)
  list(old = old, used = structure(seed, kind = as.list(RNGkind())))
}

# u ~ N(0, K x Sigma), a column for each draw, in the order of the columns of Z.
draw_effects <- function(fit, k, nsim) {
  term <- fit$random[[k]]
  root <- covariance_root(term_covariance(term, k, fit$parameters))
  n <- if (term$related) nrow(term$relationship$precision) else term$n_levels
  draws <- matrix(stats::rnorm(n * term$n_coef * nsim), n)
  if (term$related) draws <- draw_related(term$relationship, draws)
  # levels x (coef, draw) to (coef fastest, then level) x draw
  draws <- aperm(array(draws, c(term$n_levels, term$n_coef, nsim)), c(2L, 1L, 3L))
  matrix(root %*% matrix(draws, term$n_coef), ncol = nsim)
}

# Columns with covariance K from independent ones: precision = P'LL'P, u = P'L'^-1 z.
draw_related <- function(relationship, draws) {
  factor <- Matrix::Cholesky(Matrix::forceSymmetric(level_precision(relationship)), LDL = FALSE)
  half <- Matrix::solve(factor, draws, system = "Lt")
  draws <- Matrix::solve(factor, half, system = "Pt")
  combination <- relationship$combination
  as.matrix(if (is.null(combination)) draws else Matrix::crossprod(combination, draws))
}

# With the words of lme4 for it.
asked_conditional <- function(conditional, ...) {
  check_unused(..., .ignored = c("re.form", "use.u"))
  more <- list(...)
  if ("re.form" %in% names(more)) conditional <- keeps_effects(more$re.form)
  if ("use.u" %in% names(more)) conditional <- more$use.u
  check_flag(conditional, "conditional")
}
