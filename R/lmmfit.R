#' Fit a linear mixed model
#'
#' Fits \eqn{y = X\beta + Zu + e}{y = Xb + Zu + e} with \eqn{u \sim N(0, G)}{u ~ N(0, G)} and
#' \eqn{e \sim N(0, R)}{e ~ N(0, R)} through Henderson's mixed model equations. The variances are
#' estimated by REML or maximum likelihood, or held at known values.
#'
#' # Formula
#'
#' Random terms are added to the fixed ones as `(coefficients | group)`, as in lme4, or as
#' `structure(coefficients | group)`:
#'
#' * `(1 | g)`: a random intercept for each level of `g`.
#' * `(1 + x | g)`, the same as `us(1 + x | g)`: intercept and slope with their covariance.
#' * `(1 + x || g)`, the same as `diag(1 + x | g)`: without their covariance.
#' * `diag(env | g)`: a variance for each level of the factor `env`. Inside a *named* structure a
#'   bare factor means its levels; a model formula such as `0 + env` means its columns.
#' * `(1 | a/b)` is `(1 | a) + (1 | b:a)`; `(1 | b:a)` has a level for each combination with
#'   records.
#' * `(1 | gr(g, cov = K))`: related levels, see [gr()].
#'
#' A model without random terms is fitted by least squares. Columns of X that depend on the others
#' are dropped, and their effects reported as `NA`.
#'
#' @param formula A formula: response, fixed effects and random terms. `.` stands for every column
#'   of `data` but the response and the grouping factors.
#' @param data A data frame with the variables of the formula.
#' @param residual A one-sided formula with the structure of the residuals: `~ iid`.
#' @param method `"REML"` or `"ML"`.
#' @param weights Weights > 0, evaluated in `data`: the variance of the residual of a record is the
#'   residual variance divided by its weight.
#' @param hold Known values of variance parameters: a numeric vector with the names that
#'   [varcomp()] prints, as in `c(residual = 1)`. The others are estimated.
#' @param start Starting values, named in the same way. By default they come from the data.
#' @param subset Records to use, evaluated in `data`.
#' @param na.action What to do with missing values, by default `getOption("na.action")`. With
#'   `na.exclude`, `fitted()` and `residuals()` have an `NA` for each record left out.
#' @param contrasts A named list of contrasts for factors, as in [stats::lm()].
#' @param control Settings of the maximiser, see [lmm_control()].
#' @return A list of class `lmmfit`. Extract from it with [varcomp()], [fixef()], [ranef()],
#'   [summary()][summary.lmmfit], [predict()][predict.lmmfit] and the other methods; it can be
#'   saved by [saveRDS()].
#' @seealso [mme()] for the mixed model equations of a fit.
#' @examples
#' fit <- lmmfit(distance ~ age * Sex + (1 + age | Subject), nlme::Orthodont)
#' fit
#' varcomp(fit)
#'
#' # Known variances: BLUE and BLUP
#' lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, hold = c(Subject = 4, residual = 2))
#' @export
lmmfit <- function(formula, data = NULL, residual = ~iid, method = "REML", weights = NULL,
                   hold = NULL, start = NULL, subset = NULL, na.action = NULL, contrasts = NULL,
                   control = lmm_control()) {
  call <- match.call()
  check_front_door(data, control)
  method <- check_method(method)
  parts <- parse_formula(formula, data, residual)
  env <- environment(parts$formula)
  frame <- model_frame(parts, data,
    weights = evaluate_in(substitute(weights), data, env, "weights"),
    subset = evaluate_in(substitute(subset), data, env, "subset"), na_action = na.action
  )
  frame <- check_frame(frame, parts)
  design <- model_design(parts, frame, check_contrasts(contrasts))
  parameters <- parameter_table(design$random, parts$residual)
  hold <- check_hold(hold, parameters, design$random)
  start <- check_start(start, parameters, design$random)
  spec <- new_model_spec(design, frame, parts, method)
  spec <- validate_model_spec(spec, parameters, hold)
  est <- estimate(spec, engine_control(control, parameters, hold, start))
  new_lmmfit(call, parts, frame, design, parameters, spec, est, control)
}

check_front_door <- function(data, control) {
  if (!is.null(data) && !is.list(data) && !is.environment(data)) abort_data(data)
  if (!inherits(control, "lmm_control")) {
    abort_argument("control", control, "made by lmm_control()")
  }
}

check_contrasts <- function(contrasts) {
  if (is.null(contrasts)) return(NULL)
  if (!is.list(contrasts)) contrasts <- as.list(contrasts)
  if (is.null(names(contrasts)) || any(names(contrasts) == "")) {
    abort_argument("contrasts", contrasts, "a list named by factors")
  }
  contrasts
}

# The value of an argument that may use the columns of the data, as stats::lm() evaluates it.
evaluate_in <- function(expression, data, env, argument) {
  if (is.null(expression)) return(NULL)
  check_variables(looked_up(expression), data, env, argument)
  value <- eval(expression, data, env)
  if (argument == "weights" && !is.null(value) && (!is.numeric(value) || length(dim(value)) > 1L)) {
    abort_weights_type(value)
  }
  if (argument == "subset" && is.logical(value) && anyNA(value)) value <- value & !is.na(value)
  value
}
