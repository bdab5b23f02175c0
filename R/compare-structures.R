#' Compare structures of the residual
#'
#' Fits a model with each of several residual structures, and tables their likelihoods. The fixed
#' effects are the same in all, so that likelihoods by REML can be compared. Fits are made on the
#' workers of `future::plan()` where it has any and future.apply is installed.
#'
#' @param object A fit by [lmmfit()]: its formula, data and method are those of all fits.
#' @param residual A list of structures, each as the argument `residual` of [lmmfit()]. Names are
#'   the labels of the rows; without names the structures are.
#' @param ... Further arguments of [lmmfit()] that replace those of `object`.
#' @param progress `TRUE` shows a bar; by default in an interactive session.
#' @param directory A directory in which finished fits are kept: after an interrupt the same call
#'   goes on where it stood.
#' @return A data frame of class `compare_structures` with a row for each structure: `parameters`
#'   (variance parameters that were estimated), `minus2loglik`, `AIC` and `BIC` (which count the
#'   fixed effects too), `delta` (AIC above the lowest) and `status`: converged, at boundary, or why
#'   there is no fit. The fits are in the attribute `fits`.
#' @seealso [structures], and [anova()][anova.lmmfit] for tests of nested structures.
#' @examples
#' fit <- lmmfit(height ~ sex * visit, growth)
#' compare_structures(fit, list(~iid, ~ cs(visit | id), ~ ar1h(visit | id), ~ us(visit | id),
#'   "cs by sex" = ~ cs(visit | sex / id)))
#' @export
compare_structures <- function(object, residual, ..., progress = someone_waits(),
                               directory = NULL) {
  check_given(object, residual)
  check_fit(object)
  if (!is.list(residual) || inherits(residual, "formula") || length(residual) == 0L) {
    abort_argument("residual", residual, "a list of structures, such as list(~iid, ~ ar1(t | id))")
  }
  unknown <- setdiff(...names(), names(formals(lmmfit)))
  if (length(unknown) > 0L) {
    abort_unused(unknown[1L], list(...)[[unknown[1L]]], quote(lmmfit), names(formals(lmmfit)))
  }
  check_flag(progress, "progress")
  directory <- check_directory(directory)
  names <- structure_labels(residual)
  call <- stats::update(object, ..., evaluate = FALSE)
  models <- structure_models(object, residual, call, ...names(), parent.frame())
  compared_structures(fits_of_models(models, progress, directory), names, object$method)
}

# A structure that cannot be fitted is a row of the table, not the end of it.
or_condition <- function(code) {
  tryCatch(suppressWarnings(code, "henderson_warning_convergence"), henderson_error = identity)
}

# The model of each structure with its call and settings, or why there is none.
structure_models <- function(object, residual, call, changed, env) {
  control <- if ("control" %in% changed) eval(call$control, env) else object$control
  if (!is_control(control)) abort_control(control)
  until_model <- control
  until_model$only_model <- TRUE
  lapply(residual, function(structure) {
    call$residual <- structure
    asked <- call
    asked$control <- until_model
    or_condition({
      made <- evaluate_update(object, asked, c(changed, "residual"), env)
      list(model = made$model, ddf = made$ddf, call = call, control = control)
    })
  })
}

fits_of_models <- function(models, progress, directory) {
  one <- function(task) {
    made <- models[[task$number]]
    if (inherits(made, "condition")) return(made)
    or_condition(new_lmmfit(made$call, made$model, estimate(made$model, made$control),
      made$control, made$ddf))
  }
  tasks <- lapply(seq_along(models), function(k) {
    list(number = k, model = if (!is.null(directory)) model_code(models[[k]]))
  })
  map_over(tasks, one, progress, directory, "structures", "Fitting")
}

# What decides the fit of a model, in plain values.
model_code <- function(made) {
  if (inherits(made, "condition")) return(conditionMessage(made))
  content_code(list(made$model$spec, made$model$asked, made$ddf, unclass(made$control)))
}

# The table of fits, some of them errors.
compared_structures <- function(fits, names, method) {
  names(fits) <- names
  table <- do.call(rbind, lapply(fits, structure_row))
  table$delta <- table$AIC - min(table$AIC, Inf, na.rm = TRUE)
  row.names(table) <- names
  columns <- c("parameters", "minus2loglik", "AIC", "BIC", "delta", "status")
  structure(table[columns],
    fits = fits, method = method, class = c("compare_structures", "data.frame")
  )
}

structure_labels <- function(residual) {
  given <- names(residual) %||% rep.int("", length(residual))
  written <- vapply(residual, function(x) residual_text(parse_residual(x)), "")
  make.unique(ifelse(given == "", written, given))
}

structure_row <- function(fit) {
  if (inherits(fit, "henderson_error")) {
    reason <- sub("\n.*", "", conditionMessage(fit))
    return(data.frame(parameters = NA, minus2loglik = NA_real_, AIC = NA_real_, BIC = NA_real_,
      status = reason))
  }
  own <- fit$parameters$status
  status <- if (fit$convergence$status != "converged") "NOT CONVERGED" else
    if (any(own == "at boundary")) "at boundary" else "converged"
  data.frame(
    parameters = sum(own != "held"), minus2loglik = stats::deviance(fit), AIC = stats::AIC(fit),
    BIC = stats::BIC(fit), status = status
  )
}

#' @rdname compare_structures
#' @param x A table by `compare_structures()`.
#' @method print compare_structures
#' @export
print.compare_structures <- function(x, ...) {
  check_unused(...)
  cat(structures_heading(x), "\n", sep = "")
  print_table(structure_columns(x), left = c("Structure", "Status"))
  invisible(x)
}

structures_heading <- function(x) paste0("Residual structures (", attr(x, "method"), ")")

structure_columns <- function(x) {
  number <- function(column) ifelse(is.na(column), "", formatC(column, format = "f", digits = 2L))
  list(
    Structure = row.names(x), Parameters = ifelse(is.na(x$parameters), "", x$parameters),
    `-2logLik` = number(x$minus2loglik), AIC = number(x$AIC), BIC = number(x$BIC),
    `Delta AIC` = number(x$delta), Status = x$status
  )
}

structures_table <- function(x) {
  document_table(structure_columns(x), structures_heading(x), c("Structure", "Status"))
}

#' @rdname document-tables
#' @method toLatex compare_structures
#' @export
toLatex.compare_structures <- function(object, caption = FALSE, booktabs = TRUE, ...) {
  check_unused(...)
  latex_tables(list(structures_table(object)), caption, booktabs)
}

#' @rdname document-tables
#' @rawNamespace S3method(knitr::knit_print, compare_structures)
knit_print.compare_structures <- function(x, ...) {
  check_unused(..., .ignored = asked_by_knitr)
  knit_tables(list(structures_table(x)))
}
