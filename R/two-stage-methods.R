#' Read a two-stage analysis
#'
#' @param x,object An analysis by [two_stage()].
#' @param ... For `plot()` further arguments of [graphics::plot()]; else not used.
#' @return `coef()` the fixed effects of stage 2 (`NA` for dependent columns), `vcov()` their
#'   covariance matrix, `summary()` a list of class `summary.two_stage` with the table
#'   `coefficients` (t on subjects less columns for `weights = "none"`, where it is exact, else
#'   normal), `D`, `sigma2` and `error`, the share of D that is the sampling variance of stage 1
#'   (for `weights = "none"`). `plot()` the drawn curves as a data frame, invisibly;
#'   `autoplot()` a ggplot.
#' @examples
#' two <- two_stage(distance ~ age | Subject, second = ~ Sex, data = nlme::Orthodont)
#' coef(two)
#' plot(two)
#' plot(two, type = "coefficients")
#' @name two_stage-methods
NULL

#' @rdname two_stage-methods
#' @method coef two_stage
#' @export
coef.two_stage <- function(object, ...) {
  check_unused(...)
  object$coefficients
}

#' @rdname two_stage-methods
#' @method vcov two_stage
#' @export
vcov.two_stage <- function(object, ...) {
  check_unused(..., .ignored = "complete")
  object$vcov
}

#' @rdname two_stage-methods
#' @method print two_stage
#' @export
print.two_stage <- function(x, ...) {
  check_unused(...)
  print_two_stage_header(x)
  cat("\nFixed effects of stage 2\n")
  shown <- x$coefficients
  text <- ifelse(is.na(shown), "NA", format_numbers(shown))
  print(stats::setNames(text, names(shown)), quote = FALSE, right = TRUE)
  print_two_stage_variances(x)
  invisible(x)
}

print_two_stage_header <- function(x) {
  stage2 <- if (x$weights == "none") "unweighted" else "weighted by the covariance of stage 1"
  cat("Two-stage analysis, stage 2 by ", x$method, ", ", stage2, "\n", sep = "")
  cat(strwrap(paste0(deparse_one(x$formula), "; second stage ~ ", deparse_one(x$second[[2L]])),
    exdent = 4L), sep = "\n")
  cat(nrow(x$subjects), " subjects, ", x$n_records, " records\n", sep = "")
  if (length(x$left_out) > 0L) {
    shown <- utils::head(names(x$left_out), 8L)
    more <- length(x$left_out) - length(shown)
    cat(strwrap(paste0("Left out, too few records: ", toString(shown),
      if (more > 0L) paste0(" and ", more, " more")), exdent = 4L), sep = "\n")
  }
}

print_two_stage_variances <- function(x) {
  cat("\nD, covariance of the subjects' ", if (x$summary) "statistics" else "coefficients",
    if (x$weights == "none" && !x$summary) " (with the error of stage 1 in it)", "\n", sep = "")
  print(signif(x$D, 5L))
  if (!is.na(x$sigma2)) {
    cat("\nError variance of stage 1: ", format_numbers(x$sigma2), " (", x$df_stage1,
      " degrees of freedom)\n", sep = "")
  }
}

#' @rdname two_stage-methods
#' @method summary two_stage
#' @export
summary.two_stage <- function(object, ...) {
  check_unused(...)
  estimate <- object$coefficients
  se <- rep(NA_real_, length(estimate))
  se[!is.na(estimate)] <- sqrt(diag(object$vcov))
  statistic <- estimate / se
  table <- data.frame(
    estimate = estimate, se = se, df = object$df_stage2, statistic = statistic,
    p.value = 2 * stats::pt(abs(statistic), object$df_stage2, lower.tail = FALSE)
  )
  structure(
    list(coefficients = table, D = object$D, sigma2 = object$sigma2,
      error = if (object$weights == "none") object$error, analysis = object),
    class = "summary.two_stage"
  )
}

#' @rdname two_stage-methods
#' @method print summary.two_stage
#' @export
print.summary.two_stage <- function(x, ...) {
  check_unused(...)
  print_two_stage_header(x$analysis)
  df <- x$analysis$df_stage2
  cat("\nFixed effects of stage 2",
    if (!is.finite(df)) " (normal quantiles: the variances are taken as known)", "\n", sep = "")
  print_table(fixed_text(x$coefficients))
  print_two_stage_variances(x$analysis)
  if (!is.null(x$error)) {
    cat("\nError of stage 1 within D: sigma^2 times the mean of (Z_i'Z_i)^-1\n")
    print(signif(x$error, 5L))
  }
  invisible(x)
}
