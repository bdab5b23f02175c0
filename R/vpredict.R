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
#'   and `upper`. Parameters that were held, and variances at a boundary beside others that are
#'   free, count as known. The delta method does not hold for a function that changes with
#'   parameters at a boundary alone (a share whose numerator is 0), nor for one of a covariance at
#'   the boundary (of a term with a singular matrix, as with a correlation of 1), which moves with
#'   its variances: `se` is `NA` there, and the interval is that of the profile likelihood (see
#'   [confint()][confint.lmmfit]), which takes some fits. The attribute `covariance` has the
#'   covariance matrix of the functions.
#'   Of a fit by Bayes the functions are those of each draw: posterior means, standard deviations
#'   and quantiles, with the columns of `varcomp()` (see [bayes]).
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
  check_given(fit)
  check_fit(fit, "fit")
  information <- check_choice(information, c("average", "observed", "expected"), "information")
  functions <- variance_functions(given_functions(...), fit$parameters$name, fit_other_names(fit))
  if (is_bayes(fit)) return(posterior_functions(fit, functions, level %||% 0.95))
  found <- functions_at(fit, functions, information)
  table <- data.frame(
    estimate = found$value, se = sqrt(pmax(diag(found$covariance), 0)), row.names = functions$names
  )
  if (!is.null(level)) {
    half <- normal_quantile(check_level(level)) * table$se
    table$lower <- table$estimate - half
    table$upper <- table$estimate + half
    if (any(found$unknown)) {
      stopped <- lapply(functions, `[`, found$unknown)
      table[found$unknown, c("lower", "upper")] <- function_intervals(fit, stopped, level)
    }
  }
  structure(table, covariance = found$covariance)
}

# Parameters are no objects: what is not written as a formula cannot be evaluated.
given_functions <- function(...) {
  tryCatch(list(...), error = function(e) {
    written <- as.list(substitute(list(...)))[-1L]
    bad <- which(!vapply(written, is_call_to, NA, "~"))[1L]
    if (is.na(bad)) stop(e)
    abort_function_formula(deparse_one(written[[bad]]))
  })
}
