#' Leverage, influence and outliers
#'
#' Diagnostics of records and of groups of records, with the variance parameters as estimated: no
#' refits. Deleting the records S is the same as giving each of them a fixed effect of its own, so
#' \eqn{\hat\beta - \hat\beta_{(S)} = \Phi X'V^{-1}D (D'PD)^{-1} D'Py}{b - b_(S) = Phi X'V^-1 D
#' (D'PD)^-1 D'Py}, exactly, where D picks the records of S. All of it comes from solves with the
#' mixed model equations.
#'
#' * `hatvalues()`: derivative of each fitted value by its own record, conditional on the random
#'   effects, or (`type = "fixed"`) of X b.
#' * `rstandard()`, `rstudent()`: conditional residuals over their standard deviation; `rstudent()`
#'   with the variances scaled to what they would be without the record.
#' * `cooks.distance()`:
#'   \eqn{(\hat\beta - \hat\beta_{(S)})'\Phi^{-1}(\hat\beta - \hat\beta_{(S)})/r}{(b - b_(S))'
#'   Phi^-1 (b - b_(S)) / r}, r the rank of X. `dfbeta()`: the difference itself;
#'   `dfbetas()`: over the standard errors.
#' * `outlier_test()`: the outlier statistics of ASReml's alternative outlier model:
#'   \eqn{D'Py / \sqrt{D'PD}}{D'Py / sqrt(D'PD)} of each record, or of each level of a random term
#'   \eqn{\hat u / \mathrm{sd}(\hat u)}{u_hat / sd(u_hat)}, with Bonferroni p-values.
#' * `influence()`: all of this in one object, to be printed and drawn (see [plot_influence]).
#'
#' A group or a record that a fixed effect cannot be estimated without (the only records of a level)
#' has `NA`.
#'
#' Of a fit by `method = "Bayes"` all of these are at the posterior means of the variance
#' parameters, as the prints of `influence()` and `outlier_test()` say; the standard deviation of an
#' effect in `outlier_test(term = )` comes from its posterior variance.
#'
#' @param model A fit by [lmmfit()].
#' @param group What is deleted together: `NULL` for single records, the label of a random term, or
#'   a vector with a value for each record of the fit. By default the levels of the first
#'   random term that gives each record one, and without such a term the records.
#' @param type `"conditional"` or `"fixed"`.
#' @param term `NULL` for records, or the label of a random term.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `hatvalues()`, `rstandard()`, `rstudent()`, `cooks.distance()`: a named vector;
#'   `dfbeta()`, `dfbetas()`: a matrix with a row for each group; `outlier_test()`: a data frame
#'   with the most extreme first; `influence()`: a list of class `lmmfit_influence` with the data
#'   frame `groups` (`group`, `records`, `cooks.distance`), the matrix `dfbetas`, and the data frame
#'   `records` (`record`, `group`, `fitted`, `standardised` and `studentised` residual, `leverage`,
#'   `cooks.distance` of the record alone, `bonferroni` p-value of the residual). Its leverage is
#'   \eqn{1 - P_{ii} / (V^{-1})_{ii}}{1 - P_ii / (V^-1)_ii}, the share of the record's information
#'   that goes into the fixed effects; with it, Cook's distance of a record is
#'   \eqn{r^2 h / ((1 - h) \mathrm{rank})}{r^2 h / ((1 - h) rank)}, as for [lm()], whose leverage it
#'   is without random terms.
#' @references Cook, R. D. (1977) Technometrics 19, 15-18. Haslett, J. (1999) Journal of the Royal
#'   Statistical Society B 61, 603-609. Thompson, R. (1985) A note on restricted maximum likelihood
#'   estimation with an alternative outlier model. Journal of the Royal Statistical Society B 47,
#'   53-55.
#' @examples
#' fit <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont)
#' head(sort(cooks.distance(fit), decreasing = TRUE), 3)
#' head(outlier_test(fit), 3)
#' head(outlier_test(fit, "Subject"), 3)
#' influence(fit)
#' @name influence.lmmfit
NULL

#' @rdname influence.lmmfit
#' @importFrom stats hatvalues
#' @export
hatvalues.lmmfit <- function(model, type = c("conditional", "fixed"), ...) {
  check_unused(...)
  type <- check_choice(type, c("conditional", "fixed"), "type")
  if (type == "fixed") {
    # diag(X Phi X'V^-1)
    parts <- deletion_parts(model)
    return(named_records(model, rowSums(parts$X * parts$weights)))
  }
  if (has_iid_residual(model)) {
    return(named_records(model, fit_weights(model) * record_shares(model)))
  }
  W <- whole_design(model)
  named_records(model, diagonal_of_products(model, W, W, residual_precision(model)))
}

#' @rdname influence.lmmfit
#' @importFrom stats rstandard
#' @export
rstandard.lmmfit <- function(model, ...) {
  check_unused(...)
  named_records(model, standardised(model))
}

#' @rdname influence.lmmfit
#' @importFrom stats rstudent
#' @export
rstudent.lmmfit <- function(model, ...) {
  check_unused(...)
  named_records(model, studentised(model, standardised(model)))
}

#' @rdname influence.lmmfit
#' @importFrom stats cooks.distance
#' @export
cooks.distance.lmmfit <- function(model, group = "default", ...) {
  check_unused(...)
  codes <- group_of_records(model, group)
  if (nlevels(codes) == model$n) {
    return(stats::setNames(cook_of_records(model)[order(codes)], levels(codes)))
  }
  if (length(estimated_columns(model)) > 0L) {
    return(stats::setNames(deletion_by_engine(model, codes, "distances"), levels(codes)))
  }
  cook_of(deletion_changes(model, codes), kept_covariance(model))
}

kept_covariance <- function(fit) {
  kept <- estimated_columns(fit)
  (fit$fixed$covariance %||% fixed_covariance(fit))[kept, kept, drop = FALSE]
}

cook_of <- function(changes, covariance) {
  if (ncol(changes) == 0L) return(stats::setNames(rep(NA_real_, nrow(changes)), rownames(changes)))
  # By correlations, so that the units of the covariates do not matter. Effects without an error
  # (where a random walk begins) have an infinite one, and add nothing.
  sd <- sqrt(diag(covariance))
  known <- is.finite(sd)
  sd <- sd[known]
  root <- chol(covariance[known, known, drop = FALSE] / outer(sd, sd))
  changed <- t(changes[, known, drop = FALSE]) / sd
  found <- colSums(backsolve(root, changed, transpose = TRUE)^2) / ncol(changes)
  stats::setNames(found, rownames(changes))
}

#' @rdname influence.lmmfit
#' @importFrom stats dfbeta
#' @export
dfbeta.lmmfit <- function(model, group = "default", ...) {
  check_unused(...)
  deletion_changes(model, group_of_records(model, group))
}

#' @rdname influence.lmmfit
#' @importFrom stats dfbetas
#' @export
dfbetas.lmmfit <- function(model, group = "default", ...) {
  check_unused(...)
  scaled_changes(model, dfbeta.lmmfit(model, group))
}

scaled_changes <- function(fit, changes) {
  sweep(changes, 2L, fit$fixed$se[estimated_columns(fit)], "/")
}

# All of it ----------------------------------------------------------------------------------------

#' @rdname influence.lmmfit
#' @importFrom stats influence
#' @export
influence.lmmfit <- function(model, group = "default", ...) {
  check_unused(...)
  codes <- group_of_records(model, group)
  changes <- deletion_changes(model, codes)
  groups <- data.frame(group = rownames(changes), records = as.vector(table(codes)),
    cooks.distance = unname(cook_of(changes, kept_covariance(model))))
  structure(
    list(
      groups = groups, dfbetas = scaled_changes(model, changes),
      records = influence_of_records(model, codes), label = group_label(model, group),
      rank = model$rank, note = at_means_note(model)
    ),
    class = "lmmfit_influence"
  )
}

influence_of_records <- function(fit, codes) {
  own <- projection_parts(fit)
  residual <- standardised(fit, own)
  leverage <- leverage_of(taken_of_records(fit), own$P_diagonal)
  data.frame(
    record = row.names(fit$frame), group = as.character(codes),
    fitted = fit$fitted + (frame_offset(fit$frame) %||% 0),
    standardised = residual, studentised = studentised(fit, residual), leverage = leverage,
    # NA where a fixed effect hangs on the record alone.
    cooks.distance = residual^2 * leverage / ((1 - leverage) * fit$rank),
    bonferroni = pmin(1, sum(!is.na(residual)) * two_sided_p(residual, Inf))
  )
}
