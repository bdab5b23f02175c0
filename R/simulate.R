#' Simulate responses from a fit
#'
#' Residuals are drawn from their structure, correlated as estimated.
#'
#' @param object A fit by [lmmfit()].
#' @param nsim Number of simulated responses.
#' @param seed A number for [set.seed()], or `NULL` for the current state of the generator.
#' @param conditional `FALSE` draws new random effects; `TRUE` keeps the predicted ones, and draws
#'   new residuals only. Labels of random terms keep theirs.
#' @param newdata New data to simulate records for: levels of the fit share an effect, and levels
#'   that it does not have get one of their own. Records of one subject have correlated residuals.
#' @param ... `re.form` of lme4 is understood: `NULL` means `conditional = TRUE`, `NA` and `~0` mean
#'   `FALSE`, and `~ (1 | g)` those terms; and `use.u`, which is `conditional`.
#' @return A data frame with `nsim` columns `sim_1`, `sim_2`, ..., a row for each record, and the
#'   attribute `seed`, as [stats::simulate()] describes it.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' head(simulate(fit, 2, seed = 1))
#' simulate(fit, 2, seed = 1, newdata = data.frame(age = c(9, 11), Subject = "new"))
#' @export
simulate.lmmfit <- function(object, nsim = 1, seed = NULL, conditional = FALSE, newdata = NULL,
                            ...) {
  check_unused(..., .ignored = words_of_conditional)
  kept <- asked_conditional(object, conditional, ...)
  nsim <- check_count(nsim, "nsim")
  state <- seed_state(seed)
  if (!is.null(seed)) on.exit(assign(".Random.seed", state$old, envir = globalenv()))
  newdata <- stack_new_data(object, newdata)
  rows <- if (is.null(newdata)) fitted_rows(object) else simulated_rows(object, newdata)
  values <- matrix(rows$offset + row_predictions(object, rows, kept), nrow(rows$X), nsim)
  for (k in setdiff(seq_along(object$random), kept)) {
    values <- values + as.matrix(rows$Z[[k]] %*% draw_effects(object, k, nsim))
  }
  for (k in seq_along(object$random)) values <- values + added_draws(object, k, rows, nsim)
  values <- values + if (is.null(newdata)) simulated_residuals(object, nsim) else
    new_residual_draws(object, newdata, nsim)
  simulated <- as.data.frame(values)
  names <- if (is.null(newdata)) row.names(object$frame) else rows$names
  dimnames(simulated) <- list(names, paste0("sim_", seq_len(nsim)))
  attr(simulated, "seed") <- state$used
  simulated
}

# Rows of new data, all of them complete.
simulated_rows <- function(fit, newdata) {
  rows <- new_rows(fit, newdata, seq_along(fit$random), TRUE)
  gap <- which(!rows$complete)
  if (length(gap) > 0L) abort_new_missing(rows$names[gap[1L]])
  rows
}

# Effects of levels that the fit does not have.
added_draws <- function(fit, k, rows, nsim) {
  Z <- rows$added[[k]]
  if (is.null(Z)) return(0)
  sigma <- term_covariance(fit$random[[k]], k, fit$parameters)
  draws <- matrix(stats::rnorm(ncol(Z) * nsim), nrow(sigma))
  as.matrix(Z %*% matrix(covariance_root(sigma) %*% draws, ncol(Z)))
}

# As stats::simulate() does: with a seed the state of the generator is put back afterwards.
seed_state <- function(seed) {
  if (!exists(".Random.seed", envir = globalenv(), inherits = FALSE)) stats::runif(1)
  old <- get(".Random.seed", envir = globalenv())
  if (is.null(seed)) return(list(old = old, used = old))
  if (!is.numeric(seed) || length(seed) != 1L || !isTRUE(abs(seed) <= .Machine$integer.max)) {
    abort_argument("seed", seed, "a whole number")
  }
  set.seed(seed)
  list(old = old, used = structure(seed, kind = as.list(RNGkind())))
}

# u ~ N(0, K x Sigma), a column for each draw, in the order of the columns of Z.
draw_effects <- function(fit, k, nsim) {
  term <- fit$random[[k]]
  root <- covariance_root(term_covariance(term, k, fit$parameters))
  n <- nrow(term$relationship$combination) %||% term$n_levels
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

# Those of lme4, and what it needs beside them.
words_of_conditional <- c("re.form", "use.u", "allow.new.levels", "na.action")

# The numbers of the terms whose predicted effects are kept; with the words of lme4 for it.
asked_conditional <- function(fit, conditional, ...) {
  more <- list(...)
  if ("re.form" %in% names(more)) conditional <- random_of_re_form(more$re.form)
  if ("use.u" %in% names(more)) conditional <- more$use.u
  chosen <- chosen_effects(fit, conditional, "conditional")
  part <- Filter(function(k) {
    kept <- chosen$coefs[[k]]
    !is.null(kept) && length(kept) < fit$random[[k]]$n_coef
  }, chosen$terms)
  if (length(part) > 0L) {
    abort_argument("conditional", term_labels(fit)[part], "of whole terms: all their coefficients")
  }
  chosen$terms
}
