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
#'   the fixed effects and the variance parameters that were not held. `logLik(fit, REML = FALSE)`
#'   of a fit by REML is the likelihood at its estimates, with the scale at its maximum, as in lme4.
#' * `df.residual()`: records less parameters, as in lme4; without random terms n - rank(X).
#' * `family()`: that of [stats::gaussian()], which DHARMa and others ask for.
#' * `sigma()`: residual standard deviation; `NA` where it differs between records, as with
#'   `residual = ~ us(visit | id)`: see [VarCorr()][varcomp] and [residual_matrix()].
#' * `residuals()`: `type` is `"response"`, `"pearson"` (divided by the standard deviation) or
#'   `"normalized"` (made independent with variance 1: L^-1 e where R = LL', in the order of the
#'   records of each subject); `level = "marginal"` leaves the random effects in, and divides by
#'   what belongs to them. (lme4's `scaled = TRUE` is `"pearson"`, nlme's `level = 0` marginal.)
#' * `weights()`: 1 for each record of a fit without weights.
#' * `terms()`, `model.frame()`, `model.matrix()`: `type` is `"fixed"` (X) or `"random"` (Z, always
#'   sparse: the terms one after the other, within a term the coefficients of each level together).
#'
#' @param object,x,formula A fit by [lmmfit()].
#' @param ddf,information Adjustment of the covariance, see [contest()].
#' @param level Residuals around X b + Z u (`"conditional"`) or around X b (`"marginal"`).
#' @param fixed.only,random.only `TRUE` gives the terms or the formula of the fixed part alone, or
#'   the formula of the random one.
#' @param type Which residuals, or which matrix.
#' @param sparse `TRUE` gives X as a sparse matrix.
#' @param list `TRUE` gives a matrix of effects for each term, fixed and random, as ASReml does.
#' @param data New data, whose rows X is to have.
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
formula.lmmfit <- function(x, fixed.only = FALSE, random.only = FALSE, ...) {
  check_unused(...)
  if (check_flag(fixed.only, "fixed.only")) return(x$parts$fixed)
  if (!check_flag(random.only, "random.only")) return(x$formula)
  bars <- lapply(reformulas::findbars(x$formula), function(bar) call("(", bar))
  if (length(bars) == 0L) abort_no_random("`random.only`")
  x$formula[[3L]] <- Reduce(function(a, b) call("+", a, b), bars)
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
  check_unused(..., .ignored = "REML")
  reml <- list(...)$REML %||% (object$method != "ML")
  value <- if (check_flag(reml, "REML")) object$minus2loglik else ml_criterion(object)
  if (reml && object$method == "ML") {
    abort_foreign("REML", "TRUE", "this is a fit by maximum likelihood",
      "Fit again by {.code update(fit, method = \"REML\")}.")
  }
  structure(-value / 2,
    df = n_free(object), nobs = object$n, nall = object$n, REML = reml, class = "logLik"
  )
}

# -2 log-likelihood of a fit by REML at its estimates, as lme4 has it: with the scale, where it is
# free, at its own maximum, s = r'V^-1 r / n, of which REML has made r'V^-1 r = n - p.
ml_criterion <- function(fit) {
  if (fit$method == "ML" || is_iterative(fit)) return(fit$minus2loglik)
  spec <- fit_spec(fit)
  spec$method <- "ML"
  at <- likelihood_at(spec, fit$parameters$estimate)
  if (any(fit$parameters$status %in% c("held", "at bound"))) return(at)
  df <- fit$n - fit$rank
  at - df + fit$n * (1 + log(df / fit$n))
}

#' @rdname lmmfit-methods
#' @param fit,scale,k As in [stats::extractAIC()], which `step()` asks. A fit by `"REML"` is fitted
#'   again by `"ML"`, as lme4 does: REML likelihoods do not compare fixed effects.
#' @export
extractAIC.lmmfit <- function(fit, scale = 0, k = 2, ...) {
  check_unused(...)
  fit <- by_ml(fit)
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
  check_unused(..., .ignored = "type")
  fit_weights(object)
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
model.matrix.lmmfit <- function(object, type = c("fixed", "random"), sparse = FALSE, data = NULL,
                                ...) {
  check_unused(...)
  type <- check_choice(type, c("fixed", "random"), "type")
  check_flag(sparse, "sparse")
  if (type == "random") {
    if (!is.null(data)) abort_argument("data", data, "left out with type = \"random\"")
    return(named_random_matrix(object, fit_matrices(object)$Z))
  }
  rows <- if (is.null(data)) fitted_rows(object) else new_rows(object, data, integer(), FALSE)
  X <- rows$X
  X@Dimnames <- list(rows$names[rows$complete] %||% row.names(object$frame), object$fixed$names)
  if (sparse) return(X)
  structure(as.matrix(X), assign = object$fixed$assign, contrasts = object$contrasts)
}

#' @rdname lmmfit-methods
#' @importFrom stats na.action
#' @method na.action lmmfit
#' @export
na.action.lmmfit <- function(object, ...) {
  check_unused(...)
  attr(object$frame, "na.action")
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
coef.lmmfit <- function(object, list = FALSE, ...) {
  check_unused(..., .ignored = "complete")
  if (check_flag(list, "list")) return(coef_by_term(object))
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

# A matrix of effects for each term, as ASReml has it.
coef_by_term <- function(object) {
  fixed <- solutions(object)$fixed
  labels <- fixed_term_of_column(object)
  fixed <- lapply(split(seq_along(labels), factor(labels, unique(labels))), function(rows) {
    structure(fixed[rows, "solution", drop = FALSE],
      dimnames = list(row.names(fixed)[rows], "effect"))
  })
  random <- lapply(if (is_mixed(object)) ranef(object), function(table) {
    cbind(effect = unlist(stacked_effects(table)))
  })
  c(fixed, random)
}

# Estimates, standard errors and their ratios, of fixed and random effects.
solutions <- function(object) {
  fixed <- cbind(solution = fixef(object), `std error` = sqrt(diag(as.matrix(vcov(object)))))
  found <- list(fixed = fixed)
  if (is_mixed(object)) {
    tables <- ranef(object, se = TRUE)
    found$random <- do.call(rbind, lapply(names(tables), function(label) {
      effects <- stacked_effects(tables[[label]])
      errors <- stacked_effects(attr(tables[[label]], "se"))
      own <- cbind(solution = effects, `std error` = errors)
      row.names(own) <- paste(label, names(effects), sep = "_")
      own
    }))
  }
  lapply(found, function(x) cbind(x, z.ratio = x[, 1L] / x[, 2L]))
}

# The columns of a table below each other; a plain intercept is not named.
stacked_effects <- function(table) {
  names <- row.names(table)
  unlist(lapply(names(table), function(column) {
    own <- if (column == "(Intercept)") names else paste(names, column, sep = ":")
    stats::setNames(table[[column]], own)
  }))
}

#' @method print coef.lmmfit
#' @export
print.coef.lmmfit <- function(x, ...) print_grouped(x, ...)

#' @rdname lmmfit-methods
#' @export
fitted.lmmfit <- function(object, ...) {
  check_unused(..., .ignored = "level")
  # nlme's level 0 is the fixed part.
  level <- as_residual_level(list(...)$level %||% "conditional")
  own <- if (level == "conditional") object$fitted else object$fitted_fixed
  named_records(object, own + (frame_offset(object$frame) %||% 0))
}

# nlme's levels are numbers: 0 without random effects, those of the innermost group with all.
as_residual_level <- function(level) {
  if (is.numeric(level) && length(level) == 1L && level %in% 0:9) {
    level <- if (level == 0) "marginal" else "conditional"
  }
  check_choice(level, c("conditional", "marginal"), "level")
}

#' @rdname lmmfit-methods
#' @export
residuals.lmmfit <- function(object, type = c("response", "pearson", "normalized"),
                             level = c("conditional", "marginal"), ...) {
  # insight says `verbose` to all.
  check_unused(..., .ignored = c("scaled", "verbose"))
  type <- check_choice(type, c("response", "pearson", "normalized"), "type")
  # lme4's word for those divided by their standard deviations.
  if (isTRUE(list(...)$scaled)) type <- "pearson"
  level <- as_residual_level(level)
  y <- frame_response(object$frame)
  e <- y - if (level == "conditional") object$fitted else object$fitted_fixed
  if (type == "pearson") e <- e / record_sd(object, level)
  if (type == "normalized") e <- normalized_residuals(object, e, level)
  named_records(object, e)
}
