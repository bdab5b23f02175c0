#' Summary of a fit
#'
#' Fixed effects with standard errors and t values, variance parameters with standard errors,
#' likelihood and convergence. P-values stand only where the degrees of freedom are exact: in models
#' without random terms.
#'
#' @param object A fit by [lmmfit()].
#' @param ... Not used.
#' @return A list of class `summary.lmmfit` with `coefficients` (a data frame), `varcomp` (as by
#'   [varcomp()]), `information` (-2 log-likelihood, AIC, BIC) and the fit.
#' @examples
#' summary(lmmfit(distance ~ age * Sex + (1 + age | Subject), nlme::Orthodont))
#' @method summary lmmfit
#' @export
summary.lmmfit <- function(object, ...) {
  structure(
    list(
      coefficients = fixed_table(object), varcomp = varcomp(object),
      information = c(
        `-2 log-likelihood` = deviance(object), AIC = AIC(object), BIC = BIC(object)
      ),
      fit = object
    ),
    class = "summary.lmmfit"
  )
}

fixed_table <- function(fit) {
  estimate <- fit$fixed$estimate
  se <- fit$fixed$se
  table <- data.frame(estimate = estimate, se = se, statistic = estimate / se)
  if (has_exact_t(fit)) {
    df <- fit$n - fit$rank
    table$p.value <- 2 * stats::pt(abs(table$statistic), df, lower.tail = FALSE)
  }
  row.names(table) <- fit$fixed$names
  table
}

#' @rdname print.lmmfit
#' @method print summary.lmmfit
#' @export
print.summary.lmmfit <- function(x, limit = 40L, ...) {
  fit <- x$fit
  print_header(fit)
  cat(counts_text(fit), "\n\n", sep = "")
  print_table(
    lapply(as.list(x$information), formatC, format = "f", digits = 3L), left = character()
  )
  cat("\nVariance parameters\n")
  print_table(variance_text(fit))
  print_fixed_table(x$coefficients, fit, limit)
  cat("\n", convergence_text(fit), "\n", sep = "")
  print_notes(fit)
  invisible(x)
}

print_fixed_table <- function(table, fit, limit) {
  if (nrow(table) == 0L) return(cat("\nNo fixed effects\n"))
  df <- if (has_exact_t(fit)) paste0(" (t on ", fit$n - fit$rank, " degrees of freedom)")
  cat("\nFixed effects", df, "\n", sep = "")
  print_table(fixed_text(utils::head(table, limit)))
  if (nrow(table) > limit) {
    cat("  and", nrow(table) - limit, "more: see summary(fit)$coefficients\n")
  }
}

convergence_text <- function(fit) {
  if (all(fit$parameters$status == "held")) return("All variances are held at known values")
  how <- fit$convergence
  if (!is_mixed(fit)) return("Least squares")
  paste0(
    if (how$status == "converged") "Converged in " else "Stopped after ", how$iterations,
    if (how$iterations == 1L) " iteration" else " iterations"
  )
}
