#' Compare nested fits
#'
#' Likelihood ratio tests of nested models. Fits that differ in their fixed effects must be by
#' `"ML"`; fits with the same fixed effects may be by `"REML"`. A variance that is zero under the
#' smaller model is at the boundary of its range, so that the p-value is conservative.
#'
#' @param object,... Fits by [lmmfit()] to the same records.
#' @return A data frame of class `anova` with a row for each fit, in the order of their number of
#'   parameters.
#' @examples
#' a <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, method = "ML")
#' b <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont, method = "ML")
#' anova(a, b)
#' @export
anova.lmmfit <- function(object, ...) {
  fits <- list(object, ...)
  if (length(fits) == 1L) {
    abort_not_available("anova() of one fit",
      "Compare two fits, or use the standard errors of {.fn summary}.", "object")
  }
  for (fit in fits) check_fit(fit, "...")
  names <- fit_names(as.list(substitute(list(object, ...)))[-1L])
  check_comparable(fits)
  order <- order(vapply(fits, n_free, 0))
  table <- ratio_table(fits[order])
  row.names(table) <- make.unique(names[order])
  formulas <- vapply(fits[order], function(fit) deparse_one(fit$formula), "")
  structure(table,
    heading = c(
      paste0("Likelihood ratio tests (", object$method, ", ", object$n, " records)\n"),
      paste0(row.names(table), ": ", formulas, collapse = "\n"), ""
    ),
    class = c("anova", "data.frame")
  )
}

# The names of the fits as they were given; what is not a name gets its place.
fit_names <- function(expressions) {
  named <- vapply(expressions, is.symbol, NA)
  ifelse(named, vapply(expressions, deparse_one, ""), paste("fit", seq_along(expressions)))
}

check_comparable <- function(fits) {
  first <- fits[[1L]]
  for (fit in fits[-1L]) {
    if (fit$method != first$method) {
      abort_compare("The fits are by different methods: {.val {c(first$method, fit$method)}}.",
        "Fit all of them by {.code method = \"ML\"}.")
    }
    same <- all.equal(as.double(fit$frame[[1L]]), as.double(first$frame[[1L]]))
    if (!isTRUE(same)) {
      abort_compare("The fits are to different records.",
        "Fit all of them to the same records: missing values may differ between the models.")
    }
    if (fit$method == "REML" && !identical(sort(fit$fixed$names), sort(first$fixed$names))) {
      abort_compare("REML likelihoods of models with different fixed effects cannot be compared.",
        "Fit them by {.code update(fit, method = \"ML\")}.")
    }
  }
}

ratio_table <- function(fits) {
  criterion <- vapply(fits, stats::deviance, 0)
  df <- vapply(fits, n_free, 0)
  chisq <- c(NA, -diff(criterion))
  added <- c(NA, diff(df))
  data.frame(
    npar = df, AIC = vapply(fits, stats::AIC, 0), BIC = vapply(fits, stats::BIC, 0),
    `-2logLik` = criterion, Chisq = chisq, Df = added,
    `Pr(>Chisq)` = ifelse(added > 0, stats::pchisq(pmax(chisq, 0), added, lower.tail = FALSE), NA),
    check.names = FALSE
  )
}
