# A fit again with something changed. Data and weights are found where the formula was made, as in a
# function that has returned; where they are gone, the records are in the fit.

#' Fit again with changes
#'
#' @param object A fit by [lmmfit()].
#' @param formula. A formula of changes, as for [stats::update.formula()].
#' @param ... Arguments of [lmmfit()] that replace those of the fit, or are new. `fixed.`, `random.`
#'   and `residual.` are ASReml's: changes of its formulas, as in `random. = ~ . - env:line`. Where
#'   `method` changes from `"Bayes"` to another, the prior and what else is of draws is left out.
#' @param evaluate `FALSE` gives the call and does not make it.
#' @return A fit, or a call.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' update(fit, . ~ . + Sex)
#' update(fit, method = "ML")
#' @method update lmmfit
#' @export
update.lmmfit <- function(object, formula., ..., evaluate = TRUE) {
  check_flag(evaluate, "evaluate")
  if (!missing(formula.) && !inherits(formula., "formula")) {
    formula. <- check_update_formula(formula.)
  }
  changes <- as.list(match.call(expand.dots = FALSE)$...)
  call <- object$call
  # Not object$formula: step() has put the terms of the fixed part there.
  call$formula <- object$parts$formula
  if (!missing(formula.)) call$formula <- stats::update.formula(call$formula, formula.)
  env <- parent.frame()
  parted <- with_parted_changes(object, call, changes, env)
  call <- parted$call
  changes <- parted$changes
  if (leaves_bayes(object, changes, env)) {
    call <- call[!names(call) %in% bayes_arguments]
  }
  for (name in names(changes)) call[name] <- changes[name]
  if (!evaluate) return(call)
  evaluate_update(object, call, names(changes), env)
}

# Another method has no use for priors and draws.
leaves_bayes <- function(object, changes, env) {
  if (object$method != "Bayes" || is.null(changes$method)) return(FALSE)
  method <- eval(changes$method, env)
  is.character(method) && length(method) == 1L && !tolower(method) %in% "bayes"
}

# Changes of one part of the model; `random` is then read anew.
with_parted_changes <- function(object, call, changes, env) {
  names(changes)[names(changes) == "residual."] <- "residual"
  parts <- intersect(c("fixed", "fixed.", "random", "random."), names(changes))
  if (length(parts) == 0L) return(list(call = call, changes = changes))
  fixed <- object$parts$fixed
  if ("fixed." %in% parts) fixed <- stats::update.formula(fixed, eval(changes[["fixed."]], env))
  if ("fixed" %in% parts) fixed <- eval(changes[["fixed"]], env)
  environment(fixed) <- environment(object$formula)
  if ("random." %in% parts) {
    random <- stats::as.formula(paste("~", paste(asreml_random(object), collapse = " + ")))
    changes$random <- stats::update.formula(random, eval(changes[["random."]], env))
  } else if (!"random" %in% parts) {
    kept <- Filter(function(x) has_bar(x) || has_spline(x), asreml_sum(object$formula[[3L]]))
    fixed[[3L]] <- Reduce(function(a, b) call("+", a, b), kept, fixed[[3L]])
  }
  call$formula <- fixed
  list(call = call, changes = changes[setdiff(names(changes), setdiff(parts, "random"))])
}

# `changed` are the arguments that belong to `env`; the others to where the fit was made.
# A formula as text is one too.
check_update_formula <- function(formula) {
  read <- if (is.character(formula) && length(formula) == 1L && !is.na(formula))
    tryCatch(stats::as.formula(formula), error = function(e) NULL)
  if (is.null(read)) {
    abort_argument("formula.", formula, "a formula of changes, such as {.code . ~ . + x}")
  }
  read
}

evaluate_update <- function(object, call, changed, env) {
  made <- new.env(parent = env)
  native <- call
  kept <- setdiff(names(call)[-1L], c("formula", "method", changed))
  for (name in kept) {
    value <- kept_argument(object, name, call[[name]], env)
    if (is.null(value)) next
    assign(paste0(".", name), value, envir = made)
    native[[name]] <- as.name(paste0(".", name))
  }
  # The records of the frame are those of `subset`, with their weights.
  if (isTRUE(attr(made$.data, "of_fit"))) {
    native["subset"] <- NULL
    if (!"weights" %in% changed && !is.null(object$frame[["(weights)"]])) {
      native$weights <- as.name("(weights)")
    }
  }
  fit <- eval(native, made)
  fit$call <- call
  fit
}

# The value of an argument of the fit, NULL where it is as it stands (an expression in the columns
# of the data is evaluated there again).
kept_argument <- function(object, name, expression, env) {
  if (!is.language(expression)) return(NULL)
  places <- list(environment(object$formula), env)
  if (name == "data") return(fit_data(object, expression, places))
  if (name %in% c("weights", "subset", "residual")) {
    return(if (name == "residual") first_found(expression, places))
  }
  first_found(expression, places)
}

first_found <- function(expression, places) {
  for (place in Filter(is.environment, places)) {
    value <- tryCatch(eval(expression, place), error = function(e) NULL)
    if (!is.null(value)) return(value)
  }
  NULL
}

fit_data <- function(object, expression, places) {
  found <- first_found(expression, places)
  if (is.data.frame(found) || is.environment(found) || is_database(found)) return(found)
  if (inherits(object, "lmmfit_database")) abort_no_table(expression)
  # Records of several responses are not the rows that they came from.
  if (!is.null(object$parts$traits)) return(NULL)
  data <- object$frame
  attr(data, "terms") <- NULL
  structure(as.data.frame(data, optional = TRUE), of_fit = TRUE)
}
