#' Summary of a fit
#'
#' Fixed effects with standard errors and t values, variance parameters with standard errors,
#' likelihood and convergence.
#'
#' @param object A fit by [lmmfit()].
#' @param ddf Degrees of freedom of the t tests, see [contest()]; by default those that [lmmfit()]
#'   was given. With more than 500 fixed effects the default is `"none"`: ask for others by name.
#' @param information Which information of the variance parameters, see [contest()].
#' @param coef `TRUE` adds `coef.fixed` and `coef.random`, matrices of effects, standard errors and
#'   their ratios, as ASReml does.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A list of class `summary.lmmfit` with `coefficients` (a data frame), `varcomp` (as by
#'   [varcomp()]), `information` (-2 log-likelihood, AIC, BIC) and the fit.
#' @examples
#' summary(lmmfit(distance ~ age * Sex + (1 + age | Subject), nlme::Orthodont))
#' @method summary lmmfit
#' @export
summary.lmmfit <- function(object, ddf = NULL, information = NULL, coef = FALSE, ...) {
  check_unused(...)
  effects <- if (check_flag(coef, "coef")) solutions(object)
  if (coef) names(effects) <- paste0("coef.", names(effects))
  table <- fixed_table(object, ddf, information)
  structure(
    c(list(
      coefficients = table, ddf = attr(table, "ddf"), varcomp = varcomp(object),
      information = c(
        `-2 log-likelihood` = deviance(object), AIC = AIC(object), BIC = BIC(object)
      ),
      fit = object
    ), effects),
    class = "summary.lmmfit"
  )
}

#' @rdname print.lmmfit
#' @method print summary.lmmfit
#' @export
print.summary.lmmfit <- function(x, limit = 40L, correlation = FALSE, ...) {
  check_unused(...)
  check_flag(correlation, "correlation")
  fit <- x$fit
  print_header(fit)
  cat(counts_text(fit), "\n\n", sep = "")
  print_table(
    lapply(as.list(x$information), formatC, format = "f", digits = 3L), left = character()
  )
  cat("\nVariance parameters\n")
  print_table(variance_text(fit))
  print_fixed_table(x$coefficients, x$ddf, limit)
  if (correlation) print_fixed_correlation(fit, limit)
  cat("\n", convergence_text(fit), "\n", sep = "")
  print_notes(fit)
  invisible(x)
}

print_fixed_correlation <- function(fit, limit) {
  kept <- utils::head(which(!is.na(fixef(fit))), limit)
  if (length(kept) < 2L) return(invisible())
  correlation <- correlation_matrix(as.matrix(stats::vcov(fit)))[kept, kept]
  shown <- formatC(correlation, format = "f", digits = 3L)
  shown[upper.tri(shown, diag = TRUE)] <- ""
  cat("\nCorrelations of the fixed effects\n")
  print(shown[-1L, -ncol(shown), drop = FALSE], quote = FALSE, right = TRUE)
}

print_fixed_table <- function(table, how, limit) {
  if (nrow(table) == 0L) return(cat("\nNo fixed effects\n"))
  cat("\n", fixed_heading(table, how), "\n", sep = "")
  print_table(fixed_text(utils::head(table, limit)))
  if (nrow(table) > limit) {
    cat("  and", nrow(table) - limit, "more: see summary(fit)$coefficients\n")
  }
}

fixed_heading <- function(table, how) {
  # Without derivatives the degrees of freedom are n - rank(X), or none.
  ddf <- if (!any(is.finite(table$df))) "none" else if (is.null(how$information)) "residual"
  paste0("Fixed effects (", ddf_text(ddf %||% how$ddf, how$information), ")")
}

summary_tables <- function(x) {
  fit <- x$fit
  information <- formatC(x$information, format = "f", digits = 3L)
  # What the printed summary says around its tables stands below them.
  about <- utils::capture.output(print_notes(fit))
  note <- paste(c(counts_text(fit), paste(names(information), information, collapse = ", "),
    convergence_text(fit), about), collapse = "; ")
  header <- sub("\n *", ": ", paste(utils::capture.output(print_header(fit)), collapse = "\n"))
  header <- gsub("\n *", " ", header)
  tables <- list(
    if (nrow(x$coefficients) > 0L) {
      document_table(fixed_text(x$coefficients), fixed_heading(x$coefficients, x$ddf),
        note = header)
    },
    document_table(variance_text(fit), "Variance parameters", c("Parameter", " "), note)
  )
  Filter(Negate(is.null), tables)
}

#' @rdname document-tables
#' @method toLatex summary.lmmfit
#' @export
toLatex.summary.lmmfit <- function(object, caption = FALSE, booktabs = TRUE, ...) {
  check_unused(...)
  latex_tables(summary_tables(object), caption, booktabs)
}

#' @rdname document-tables
#' @rawNamespace S3method(knitr::knit_print, summary.lmmfit)
knit_print.summary.lmmfit <- function(x, ...) {
  check_unused(..., .ignored = asked_by_knitr)
  knit_tables(summary_tables(x))
}

convergence_text <- function(fit) {
  if (is_iterative(fit)) return(paste(c(solver_text(fit), simulation_text(fit)), collapse = "\n"))
  if (all(fit$parameters$status == "held")) return("All variances are held at known values")
  how <- fit$convergence
  if (is_least_squares(fit)) return("Least squares")
  if (!is.null(fit$anova)) return("Solved in closed form")
  paste0(
    if (how$status == "converged") "Converged in " else "Stopped after ", how$iterations,
    if (how$iterations == 1L) " iteration" else " iterations"
  )
}

#' @rdname summary.lmmfit
#' @method coef summary.lmmfit
#' @export
coef.summary.lmmfit <- function(object, ...) {
  check_unused(...)
  table <- object$coefficients
  normal <- !any(is.finite(table$df))
  test <- if (normal) c("z value", "Pr(>|z|)") else c("t value", "Pr(>|t|)")
  columns <- if (normal) c("estimate", "se", "statistic", "p.value") else
    c("estimate", "se", "df", "statistic", "p.value")
  values <- as.matrix(table[columns])
  colnames(values) <- c("Estimate", "Std. Error", if (!normal) "df", test)
  values
}

#' @rdname summary.lmmfit
#' @method vcov summary.lmmfit
#' @export
vcov.summary.lmmfit <- function(object, ...) {
  check_unused(...)
  vcov(object$fit, ddf = object$ddf$ddf, information = object$ddf$information)
}
