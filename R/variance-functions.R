# Functions of the variance parameters, their values and errors by the delta method.

# list(value, covariance, unknown): which have no error by the delta method.
functions_at <- function(fit, functions, information = "average") {
  found <- Map(function(expression, name) {
    function_gradient(expression, name, fit$parameters)
  }, functions$expressions, functions$names)
  gradient <- do.call(rbind, lapply(found, `[[`, "gradient"))
  value <- vapply(found, `[[`, 0, "value")
  value[depends_on_unidentified(gradient, fit)] <- NA
  c(list(value = value), function_errors(fit, gradient, functions$names, information))
}

# list(covariance, unknown) of functions with these derivatives by all parameters.
function_errors <- function(fit, gradient, names, information = "average") {
  free <- has_covariance(fit)
  gradient_free <- gradient[, free, drop = FALSE]
  covariance <- parameter_covariance(fit, information)[free, free, drop = FALSE]
  covariance <- gradient_free %*% covariance %*% t(gradient_free)
  unknown <- uses_moving_boundary(gradient, fit$parameters) |
    is_at_boundary(gradient, sqrt(pmax(diag(covariance), 0)), fit)
  unknown <- unknown | uses_unidentified(gradient, fit) | depends_on_unidentified(gradient, fit)
  covariance[unknown, ] <- covariance[, unknown] <- NA_real_
  dimnames(covariance) <- list(names, names)
  list(covariance = covariance, unknown = unknown)
}

# Functions of a covariance at the boundary: |cov| <= sqrt(v1 v2) binds it to variances that are
# still free, so that to count it as known gives a wrong standard error.
uses_moving_boundary <- function(gradient, parameters) {
  moving <- parameters$kind == "covariance" & parameters$status == "at boundary"
  rowSums(gradient[, moving, drop = FALSE] != 0, na.rm = TRUE) > 0
}

# Functions that change with parameters at a boundary or bound, and hardly with others.
is_at_boundary <- function(gradient, se, fit, hardly = 1e-8) {
  stopped <- fit$parameters$status %in% c("at boundary", "at bound")
  change <- rowSums(abs(gradient[, stopped, drop = FALSE])) * residual_scale(fit)
  change > 0 & se <= hardly * change
}

uses_unidentified <- function(gradient, fit) {
  unidentified <- fit$parameters$status == "not identified"
  rowSums(gradient[, unidentified, drop = FALSE] != 0, na.rm = TRUE) > 0
}

# Functions that change along a direction that the data do not tell: a sum of two variances may be
# known where they are not.
depends_on_unidentified <- function(gradient, fit, least = 1e-6) {
  if (is.null(fit$unidentified)) return(logical(nrow(gradient)))
  change <- abs(gradient %*% fit$unidentified)
  rowSums(change > least * (abs(gradient) %*% abs(fit$unidentified)), na.rm = TRUE) > 0
}

# list(names, expressions): each in the parameters alone.
# `others` are other names of parameters; V1, V2, ... are the rows of varcomp().
variance_functions <- function(formulas, known, others = character()) {
  numbered <- stats::setNames(known, paste0("V", seq_along(known)))
  others <- c(others, numbered[!names(numbered) %in% c(known, names(others))])
  others <- lapply(others, as.name)
  if (length(formulas) == 1L && is.list(formulas[[1L]])) formulas <- formulas[[1L]]
  if (length(formulas) == 0L) abort_function_formula("vpredict(fit)")
  expressions <- list()
  names <- character()
  for (k in seq_along(formulas)) {
    formula <- formulas[[k]]
    if (!inherits(formula, "formula")) abort_function_formula(deparse_one(formula))
    expression <- with_parameter_names(formula[[length(formula)]], c(known, names(others)))
    expression <- substitute_names(expression, others[setdiff(names(others), names)])
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

parsed_functions <- function(fit, functions) {
  if (!is.null(functions)) variance_functions(functions, fit$parameters$name, fit_other_names(fit))
}

function_texts <- function(parsed) c(parsed$names, vapply(parsed$expressions, deparse_one, ""))

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
