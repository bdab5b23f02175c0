#' Two-stage analysis of trials in several environments
#'
#' Stage 1 fits each environment by itself, with the entries as fixed effects, and takes their
#' adjusted means with the whole covariance matrix of their errors. Stage 2 fits a mixed model to
#' the adjusted means of all environments, in which these errors have their known covariance; its
#' residual is the interaction of entry and environment.
#'
#' With `weights = "full"` stage 2 has the whole covariance matrix \eqn{\Omega}{Omega} of stage 1:
#' at equal variances it gives the same answers as the single-stage model with the entries random,
#' the environments fixed and the terms and residuals of stage 1 within each environment. `"Smith"`
#' keeps the diagonal of \eqn{\Omega^{-1}}{Omega^-1} as weights (Smith, Cullis & Gilmour),
#' `"diagonal"` those of the variances, \eqn{1/\Omega_{ii}}{1 / Omega_ii}, and `"none"` takes the
#' means as they are: their errors go into the residual.
#'
#' Each environment may have a spatial model of its own. `residual` is one structure for all, as
#' `~ ar1(row):ar1(col)`; a list by environment, `list(E1 = ~ ar1(row):ar1(col), E2 = ~ ar1(row))`,
#' in which those without one have independent errors; or a list of structures to choose from in
#' each environment, as [compare_structures()] tables them, by the lowest AIC among those that
#' converged. A list by environment may have such a list for an environment.
#'
#' @param first The model of one environment, a formula for [lmmfit()] with `entry` among its fixed
#'   effects: `yield ~ variety + (1 | block)`.
#' @param environment,entry Names of the columns of `data` that have them.
#' @param second A one-sided formula: what is added to the environments' means. By default the
#'   entries are random; the column `unit` (environment and entry), the environment, the entry and
#'   every other column of `data` that is constant within units may be used.
#' @param data A data frame.
#' @param weights `"full"`, `"Smith"`, `"diagonal"` or `"none"`.
#' @param method `"REML"` or `"ML"`, in both stages.
#' @param hold Known variances: a list with the elements `first` and `second`, each as `hold` of
#'   [lmmfit()]; `first` holds in every environment.
#' @param control Settings of the maximiser, see [lmm_control()].
#' @param residual Residual structures of stage 1: a formula, or a list, see Details.
#' @param random Random terms of stage 1 beside those of `first`: a one-sided formula,
#'   `~ (1 | block)` or `~ block`, or a list of them by environment.
#' @return A list of class `two_stage_met` with `means` (environment, entry, adjusted mean and its
#'   SE), `error` (a sparse matrix, the error covariance of the means), `first` (a data frame of the
#'   variance parameters by environment), `residual` (the structure of each environment, with the
#'   AIC of its fit), `structures` (the tables that these were chosen from, by environment), the
#'   fit of stage 2, and `left_out`, the environments that stage 1 could not fit, with the reason.
#' @references Smith A, Cullis B, Gilmour A (2001) The analysis of crop variety evaluation data in
#'   Australia. Aust NZ J Stat 43:129-145. Piepho HP, Moehring J, Schulz-Streeck T, Ogutu JO (2012)
#'   A stage-wise approach for the analysis of multi-environment trials. Biom J 54:844-860.
#' @seealso [two_stage()] for subjects measured over time, [compare_stages()].
#' @examples
#' two <- two_stage_met(yield ~ rep + line, environment = "env", entry = "line", data = trial)
#' two
#'
#' # Fields along rows and columns, where that is better than independent plots
#' spatial <- two_stage_met(yield ~ line, "env", "line", data = trial,
#'   residual = list(~iid, ~ ar1(row):ar1(col)))
#' spatial$residual
#' @export
two_stage_met <- function(first, environment, entry, second = NULL, data,
                          weights = c("full", "Smith", "diagonal", "none"),
                          method = c("REML", "ML"), hold = NULL, control = lmm_control(),
                          residual = NULL, random = NULL, ...) {
  check_given(first, environment, entry, data, ...)
  weights <- check_choice(weights, c("full", "Smith", "diagonal", "none"), "weights")
  method <- check_choice(method, c("REML", "ML"), "method")
  check_met(first, environment, entry, data, hold)
  second <- second %||% stats::as.formula(call("~", call("(", call("|", 1, as.name(entry)))))
  data[[entry]] <- as.factor(data[[entry]])
  trials <- split(data, data[[environment]], drop = TRUE)
  settings <- list(first = first, entry = entry, method = method, hold = hold$first,
    control = control)
  stages <- Map(met_environment, trials, met_structures(residual, names(trials)),
    met_random(random, names(trials)), MoreArgs = list(settings = settings))
  failed <- vapply(stages, is.character, NA)
  if (sum(!failed) < 2L) abort_met_environments(stages[failed])
  means <- met_means(stages[!failed], environment, entry, data)
  error <- Matrix::bdiag(unname(lapply(stages[!failed], `[[`, "error")))
  dimnames(error) <- list(means$unit, means$unit)
  structure(
    list(
      call = match.call(), formula = first, second = second, environment = environment,
      entry = entry, weights = weights, method = method, means = means, error = error,
      first = met_parameters(stages[!failed]), residual = met_residuals(stages[!failed]),
      structures = Filter(Negate(is.null), lapply(stages[!failed], `[[`, "structures")),
      left_out = unlist(stages[failed]),
      fit = met_second(means, error, environment, second, weights, method, hold$second, control)
    ),
    class = "two_stage_met"
  )
}

check_met <- function(first, environment, entry, data, hold) {
  if (!is.data.frame(data)) abort_data(data)
  for (name in c("environment", "entry")) {
    value <- get(name)
    if (!is.character(value) || length(value) != 1L) {
      abort_argument(name, value, "the name of one column of `data`")
    }
    if (!value %in% names(data)) {
      abort_unknown_column(value, nearest_names(value, names(data)), name)
    }
  }
  check_formula(first)
  fixed <- attr(stats::terms(reformulas::nobars(first)), "term.labels")
  if (!entry %in% fixed) abort_met_entry(entry)
  if (!is.null(hold) && (!is.list(hold) || !all(names(hold) %in% c("first", "second")))) {
    abort_argument("hold", hold, "a list with elements first and second")
  }
}

# One environment: adjusted means and their error covariance, or the reason why there are none.
met_environment <- function(own, candidates, random, settings) {
  own <- droplevels(own)
  tryCatch({
    found <- met_fit(met_formula(settings$first, random, own), own, candidates, settings)
    fit <- found$fit
    K <- adjusted_mean_rows(fit, settings$entry)
    kept <- !is.na(fixef(fit))
    covariance <- K[, kept, drop = FALSE] %*% vcov(fit)[kept, kept] %*% t(K[, kept, drop = FALSE])
    list(
      mean = drop(K[, kept, drop = FALSE] %*% fixef(fit)[kept]), error = covariance,
      entries = rownames(K), parameters = varcomp(fit), label = found$label,
      AIC = stats::AIC(fit), structures = found$structures
    )
  }, henderson_error = function(e) conditionMessage(e))
}

# A row for each entry: its own columns of X, and the mean over the records of the others.
adjusted_mean_rows <- function(fit, entry) {
  X <- as.matrix(model.matrix(fit))
  own <- fit$fixed$assign == match(entry, fit$fixed$labels)
  x <- fit$frame[[entry]]
  entries <- levels(x)
  K <- matrix(colMeans(X), length(entries), ncol(X), byrow = TRUE)
  K[, own] <- X[match(entries, x), own]
  dimnames(K) <- list(entries, colnames(X))
  K
}

met_means <- function(stages, environment, entry, data) {
  n <- vapply(stages, function(stage) length(stage$entries), 0L)
  means <- data.frame(rep(names(stages), n), unlist(lapply(stages, `[[`, "entries")))
  names(means) <- c(environment, entry)
  means[] <- lapply(names(means), function(name) factor(means[[name]], column_labels(data[[name]])))
  means$unit <- paste(means[[1L]], means[[2L]], sep = ":")
  means$mean <- unlist(lapply(stages, `[[`, "mean"), use.names = FALSE)
  means$se <- unlist(lapply(stages, function(stage) sqrt(diag(stage$error))), use.names = FALSE)
  row.names(means) <- NULL
  with_unit_columns(means, environment, entry, data)
}

column_labels <- function(x) if (is.factor(x)) levels(x) else as.character(sort(unique(x)))

# The other columns of the data, where each unit has one value.
with_unit_columns <- function(means, environment, entry, data) {
  unit <- paste(data[[environment]], data[[entry]], sep = ":")
  first <- match(means$unit, unit)
  for (name in setdiff(names(data), names(means))) {
    x <- data[[name]]
    known <- unit %in% means$unit & !is.na(x)
    if (!is.atomic(x) || is.matrix(x) || anyNA(x[first])) next
    if (all(x[known] == x[first][match(unit[known], means$unit)])) means[[name]] <- x[first]
  }
  means
}

met_parameters <- function(stages) {
  rows <- Map(function(stage, name) cbind(environment = name, stage$parameters), stages,
    names(stages))
  table <- do.call(rbind, rows)
  row.names(table) <- NULL
  table
}

# The error of stage 1 is a random term with a known covariance: its variance is held at 1.
met_second <- function(means, error, environment, second, weights, method, hold, control) {
  rhs <- call("+", as.name(environment), second[[2L]])
  if (weights != "none") {
    rhs <- call("+", rhs, quote((1 | gr(unit, precision = stage1_precision))))
    hold <- c(hold, unit = 1)
  }
  env <- new.env(parent = environment(second))
  formula <- stats::as.formula(call("~", quote(mean), rhs), env = env)
  precision <- Matrix::forceSymmetric(Matrix::solve(error))
  if (weights == "Smith") precision <- Matrix::Diagonal(x = Matrix::diag(precision))
  if (weights == "diagonal") precision <- Matrix::Diagonal(x = 1 / Matrix::diag(error))
  precision <- methods::as(precision, "CsparseMatrix")
  dimnames(precision) <- list(means$unit, means$unit)
  assign("stage1_precision", precision, env)
  lmmfit(formula, means, method = method, hold = hold, control = control)
}

#' @rdname two_stage_met
#' @param x,object An analysis by `two_stage_met()`.
#' @param ... Nothing more: what is not an argument is an error.
#' @method print two_stage_met
#' @export
print.two_stage_met <- function(x, ...) {
  check_unused(...)
  weights <- switch(x$weights, full = "the whole error covariance of stage 1",
    Smith = "the weights of stage 1 by Smith et al.",
    diagonal = "the variances of stage 1 as weights", none = "unweighted means")
  cat("Two-stage analysis of ", length(unique(x$means[[x$environment]])), " environments and ",
    length(unique(x$means[[x$entry]])), " entries, with ", weights, "\n", sep = "")
  cat("Stage 1: ", deparse_one(x$formula), "\n", sep = "")
  residuals <- residuals_text(x)
  if (!is.null(residuals)) cat("Residual of stage 1: ", residuals, "\n", sep = "")
  cat("Stage 2: mean ~ ", x$environment, " + ", deparse_one(x$second[[2L]]), "\n", sep = "")
  if (length(x$left_out) > 0L) {
    cat("Left out: ", paste0(names(x$left_out), collapse = ", "), " (see $left_out)\n", sep = "")
  }
  cat("\nVariance parameters of stage 2 (residual: ", x$entry, " by ", x$environment, ")\n",
    sep = "")
  shown <- met_variances(x)
  print_table(list(Parameter = shown$parameter, Estimate = format_numbers(shown$estimate),
    SE = format_numbers(shown$se, 4L)))
  cat("\nAdjusted means of stage 1 are in $means, the fit of stage 2 in $fit\n")
  invisible(x)
}

met_variances <- function(x) {
  table <- varcomp(x$fit)
  table[table$parameter != "unit", , drop = FALSE]
}

#' @rdname two_stage_met
#' @method coef two_stage_met
#' @export
coef.two_stage_met <- function(object, ...) {
  check_unused(...)
  fixef(object$fit)
}

#' @rdname two_stage_met
#' @method vcov two_stage_met
#' @export
vcov.two_stage_met <- function(object, ...) {
  check_unused(..., .ignored = "complete")
  vcov(object$fit)
}

#' @rdname two_stage_met
#' @param se As in [ranef()][ranef.lmmfit]; the error of stage 1 is not among the effects.
#' @method ranef two_stage_met
#' @export
ranef.two_stage_met <- function(object, se = FALSE, ...) {
  check_unused(...)
  effects <- ranef(object$fit, se = se)
  structure(unclass(effects)[names(effects) != "unit"], class = "ranef.lmmfit")
}
