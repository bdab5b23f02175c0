# Generics that read one thing from a fit.

#' Read a fit
#'
#' Methods that extract one thing from a fit by [lmmfit()].
#'
#' * `fixef()`: estimates of the fixed effects, `NA` for dropped columns.
#' * `coef()`: without random terms the same; otherwise a list with, for each grouping factor, the
#'   coefficients of its levels: fixed plus random effects, as in lme4.
#' * `vcov()`: covariance matrix of the fixed effects. It takes the variances as known; adjusted
#'   with `ddf = "Kenward-Roger"` (`"Kenward-Roger1"`, `"Kenward-Roger2"`), robust with `ddf =
#'   "CR0"` or `"CR2"`, see [contest()].
#' * `logLik()`, `AIC()`, `BIC()`, `deviance()`: by the criterion of the fit (REML or ML), with the
#'   constant of lme4, nlme and SAS. `deviance()` is -2 log-likelihood. The degrees of freedom count
#'   the fixed effects and the variance parameters that were not held.
#' * `df.residual()`: records less parameters, as in lme4; without random terms n - rank(X).
#' * `family()`: that of [stats::gaussian()], which DHARMa and others ask for.
#' * `sigma()`: residual standard deviation; `NA` where it differs between records, as with
#'   `residual = ~ us(visit | id)`: see [VarCorr()][varcomp] and [residual_matrix()].
#' * `residuals()`: `type` is `"response"`, `"pearson"` (divided by the standard deviation) or
#'   `"normalized"` (made independent with variance 1: L^-1 e where R = LL', in the order of the
#'   records of each subject); `level = "marginal"` leaves the random effects in, and divides by
#'   what belongs to them.
#' * `terms()`, `model.frame()`, `model.matrix()`: `type` is `"fixed"` (X) or `"random"` (Z, always
#'   sparse: the terms one after the other, within a term the coefficients of each level together).
#'
#' @param object,x,formula A fit by [lmmfit()].
#' @param ddf,information Adjustment of the covariance, see [contest()].
#' @param level Residuals around X b + Z u (`"conditional"`) or around X b (`"marginal"`).
#' @param fixed.only `TRUE` gives the terms of the fixed part alone.
#' @param type Which residuals, or which matrix.
#' @param sparse `TRUE` gives X as a sparse matrix.
#' @param ... Nothing more: what is not an argument is an error.
#' @name lmmfit-methods
NULL

#' @rdname lmmfit-methods
#' @export
fixef.lmmfit <- function(object, ...) {
  check_unused(...)
  stats::setNames(object$fixed$estimate, object$fixed$names)
}

#' @rdname lmmfit-methods
#' @export
nobs.lmmfit <- function(object, ...) {
  check_unused(..., .ignored = "use.fallback")
  object$n
}

#' @rdname lmmfit-methods
#' @export
sigma.lmmfit <- function(object, ...) {
  check_unused(...)
  variance <- residual_variances(object)
  if (length(variance) == 1L) sqrt(variance) else NA_real_
}

#' @rdname lmmfit-methods
#' @export
formula.lmmfit <- function(x, ...) {
  check_unused(...)
  x$formula
}

#' @rdname lmmfit-methods
#' @export
deviance.lmmfit <- function(object, ...) {
  check_unused(...)
  object$minus2loglik
}

#' @rdname lmmfit-methods
#' @export
logLik.lmmfit <- function(object, ...) {
  check_unused(...)
  structure(-object$minus2loglik / 2,
    df = n_free(object), nobs = object$n, nall = object$n, REML = object$method != "ML",
    class = "logLik"
  )
}

#' @rdname lmmfit-methods
#' @param fit,scale,k As in [stats::extractAIC()], which `step()` asks: of fits by `"ML"`.
#' @export
extractAIC.lmmfit <- function(fit, scale = 0, k = 2, ...) {
  check_unused(...)
  if (fit$method != "ML") {
    abort_compare("REML likelihoods of models with different fixed effects cannot be compared.",
      "Fit by {.code method = \"ML\"}.")
  }
  c(n_free(fit), fit$minus2loglik + k * n_free(fit))
}

#' @rdname lmmfit-methods
#' @export
family.lmmfit <- function(object, ...) {
  check_unused(...)
  stats::gaussian()
}

#' @rdname lmmfit-methods
#' @export
df.residual.lmmfit <- function(object, ...) {
  check_unused(...)
  object$n - if (is_least_squares(object)) object$rank else n_free(object)
}

#' @rdname lmmfit-methods
#' @export
weights.lmmfit <- function(object, ...) {
  check_unused(...)
  object$frame[["(weights)"]]
}

#' @rdname lmmfit-methods
#' @export
model.frame.lmmfit <- function(formula, ...) {
  check_unused(...)
  formula$frame
}

#' @rdname lmmfit-methods
#' @export
terms.lmmfit <- function(x, fixed.only = TRUE, ...) {
  check_unused(...)
  if (fixed.only) safe_terms(x$parts$fixed, x$frame) else attr(x$frame, "terms")
}

#' @rdname lmmfit-methods
#' @export
model.matrix.lmmfit <- function(object, type = c("fixed", "random"), sparse = FALSE, ...) {
  check_unused(...)
  type <- check_choice(type, c("fixed", "random"), "type")
  matrices <- fit_matrices(object)
  if (type == "random") return(named_random_matrix(object, matrices$Z))
  X <- matrices$X
  X@Dimnames <- list(row.names(object$frame), object$fixed$names)
  if (sparse) return(X)
  structure(as.matrix(X), assign = object$fixed$assign, contrasts = object$contrasts)
}

#' @rdname lmmfit-methods
#' @export
vcov.lmmfit <- function(object, ddf = "none", information = NULL, ...) {
  check_unused(..., .ignored = "complete")
  covariance <- adjusted_covariance(object, check_ddf(object, ddf), information)
  dimnames(covariance) <- list(object$fixed$names, object$fixed$names)
  covariance
}

#' @rdname lmmfit-methods
#' @export
coef.lmmfit <- function(object, ...) {
  check_unused(..., .ignored = "complete")
  fixed <- fixef(object)
  if (!is_mixed(object)) return(fixed)
  effects <- ranef(object)
  coefs <- lapply(effects, function(random) {
    names <- union(names(fixed), names(random))
    base <- stats::setNames(numeric(length(names)), names)
    base[names(fixed)] <- fixed
    rows <- matrix(base, nrow(random), length(base), byrow = TRUE)
    dimnames(rows) <- list(row.names(random), names)
    table <- as.data.frame(rows, optional = TRUE)
    for (name in names(random)) table[[name]] <- table[[name]] + random[[name]]
    table
  })
  structure(coefs, class = "coef.lmmfit")
}

#' @method print coef.lmmfit
#' @export
print.coef.lmmfit <- function(x, ...) print_grouped(x, ...)

#' @rdname lmmfit-methods
#' @export
fitted.lmmfit <- function(object, ...) {
  check_unused(...)
  offset <- frame_offset(object$frame)
  named_records(object, object$fitted + (offset %||% 0))
}

#' @rdname lmmfit-methods
#' @export
residuals.lmmfit <- function(object, type = c("response", "pearson", "normalized"),
                             level = c("conditional", "marginal"), ...) {
  check_unused(...)
  type <- check_choice(type, c("response", "pearson", "normalized"), "type")
  level <- check_choice(level, c("conditional", "marginal"), "level")
  y <- frame_response(object$frame)
  e <- y - if (level == "conditional") object$fitted else object$fitted_fixed
  if (type == "pearson") e <- e / record_sd(object, level)
  if (type == "normalized") e <- normalized_residuals(object, e, level)
  named_records(object, e)
}
