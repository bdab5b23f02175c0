#' Functions of variance parameters
#'
#' Heritabilities, repeatabilities, correlations and other functions of the variance parameters,
#' with standard errors by the delta method with exact derivatives.
#'
#' @param fit A fit by [lmmfit()].
#' @param ... Formulas `name ~ expression`, in the names that [varcomp()] prints. A name that is not
#'   plain R (`"Block:Variety"`) may stand as it is or in backticks. A formula may use the names of
#'   those before it. One-sided formulas are named by their expression.
#' @param information The information of the variance parameters: `"average"` (that of
#'   [varcomp()]), `"observed"` or `"expected"`, see [contest()].
#' @param level Confidence level of Wald intervals on the scale of the function; `NULL` for none.
#' @return A data frame with a row for each function: `estimate`, `se` and, with `level`, `lower`
#'   and `upper`. Parameters that were held and variances at a boundary count as known. A covariance
#'   at the boundary (of a term with a singular matrix, as with a correlation of 1) moves with its
#'   variances, and the delta method does not hold there: functions that use it have `NA` for `se`,
#'   `lower` and `upper`. The attribute `covariance` has the covariance matrix of the functions.
#' @seealso [confint()][confint.lmmfit] for profile and bootstrap intervals.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' varcomp(fit)
#' vpredict(fit,
#'   r ~ Subject.Intercept.age / sqrt(Subject.Intercept * Subject.age),
#'   at11 ~ Subject.Intercept + 22 * Subject.Intercept.age + 121 * Subject.age,
#'   repeatability ~ at11 / (at11 + residual)
#' )
#' @export
vpredict <- function(fit, ..., information = c("average", "observed", "expected"), level = NULL) {
  check_fit(fit, "fit")
  information <- check_choice(information, c("average", "observed", "expected"), "information")
  functions <- variance_functions(list(...), fit$parameters$name)
  found <- Map(function(expression, name) {
    function_gradient(expression, name, fit$parameters)
  }, functions$expressions, functions$names)
  gradient <- do.call(rbind, lapply(found, `[[`, "gradient"))
  covariance <- parameter_covariance(fit, information)
  free <- is_estimated(fit)
  covariance <- gradient[, free, drop = FALSE] %*% covariance[free, free, drop = FALSE] %*%
    t(gradient[, free, drop = FALSE])
  unknown <- uses_moving_boundary(gradient, fit$parameters)
  covariance[unknown, ] <- covariance[, unknown] <- NA_real_
  dimnames(covariance) <- list(functions$names, functions$names)
  table <- data.frame(
    estimate = vapply(found, `[[`, 0, "value"), se = sqrt(pmax(diag(covariance), 0)),
    row.names = functions$names
  )
  if (!is.null(level)) {
    half <- stats::qnorm(1 - (1 - check_level(level)) / 2) * table$se
    table$lower <- table$estimate - half
    table$upper <- table$estimate + half
  }
  structure(table, covariance = covariance)
}

# Functions of a covariance at the boundary: |cov| <= sqrt(v1 v2) binds it to variances that are
# still free, so that to count it as known gives a wrong standard error.
uses_moving_boundary <- function(gradient, parameters) {
  moving <- parameters$kind == "covariance" & parameters$status == "at boundary"
  rowSums(gradient[, moving, drop = FALSE] != 0, na.rm = TRUE) > 0
}

# list(names, expressions): each in the parameters alone.
variance_functions <- function(formulas, known) {
  if (length(formulas) == 1L && is.list(formulas[[1L]])) formulas <- formulas[[1L]]
  if (length(formulas) == 0L) abort_function_formula("vpredict(fit)")
  expressions <- list()
  names <- character()
  for (k in seq_along(formulas)) {
    formula <- formulas[[k]]
    if (!inherits(formula, "formula")) abort_function_formula(deparse_one(formula))
    expression <- with_parameter_names(formula[[length(formula)]], known)
    name <- if (length(formula) == 3L) as.character(formula[[2L]])[1L] else
      names(formulas)[k] %||% ""
    if (!nzchar(name)) name <- deparse_one(expression)
    expression <- substitute_names(expression, stats::setNames(expressions, names))
    unknown <- setdiff(all.vars(expression), c(known, "pi"))
    if (length(unknown) > 0L) abort_function_names(unknown, c(known, names))
    expressions[[k]] <- expression
    names[k] <- name
  }
  list(names = make.unique(names), expressions = expressions)
}

# Value and derivatives by all parameters. Functions that D() does not know are differenced.
function_gradient <- function(expression, name, parameters) {
  at <- stats::setNames(as.list(parameters$estimate), parameters$name)
  evaluate <- function(at, what = expression) {
    value <- tryCatch(eval(what, at, baseenv_with_stats()), error = function(e) {
      abort_function_value(name, conditionMessage(e))
    })
    if (!is.numeric(value) || length(value) != 1L) {
      abort_function_value(name, "it is not one number")
    }
    value
  }
  value <- evaluate(at)
  used <- intersect(all.vars(expression), parameters$name)
  gradient <- stats::setNames(numeric(length(parameters$name)), parameters$name)
  for (parameter in used) {
    exact <- tryCatch(stats::D(expression, parameter), error = function(e) NULL)
    gradient[parameter] <- if (!is.null(exact)) {
      evaluate(at, exact)
    } else {
      step <- 1e-5 * max(abs(at[[parameter]]), 1e-8)
      above <- below <- at
      above[[parameter]] <- at[[parameter]] + step
      below[[parameter]] <- at[[parameter]] - step
      (evaluate(above) - evaluate(below)) / (2 * step)
    }
  }
  list(value = value, gradient = gradient)
}

baseenv_with_stats <- function() asNamespace("stats")
