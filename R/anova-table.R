# The likelihood of a fit by ANOVA is the REML one at its estimates.
criterion_name <- function(fit) {
  if (is.null(fit$anova)) fit$method else "REML, at these estimates"
}

print_anova_notes <- function(fit) {
  if (is.null(fit$anova)) return(invisible())
  for (status in c("negative", "truncated")) {
    names <- fit$parameters$name[fit$parameters$status == status]
    if (length(names) == 0L) next
    cat(switch(status,
      negative = "Negative as it came out; BLUE and BLUP are made with 0 in its place: ",
      truncated = "Negative, reported as 0: "
    ), toString(names), "\n", sep = "")
  }
  if (anyNA(fit$parameter_covariance)) {
    cat("Without sampling variances: they would take ", format(fit$anova$flops, digits = 2L),
      " operations\n", sep = "")
  }
  cat("Sums of squares and their expectations: anova_table()\n")
}

#' Analysis of variance table of a fit by Henderson's Method 3
#'
#' The reductions in sums of squares that `lmmfit(method = "ANOVA")` equates to their expectations:
#' each random term is fitted after the fixed effects and the terms above it in the table, with its
#' levels taken as fixed. A term that is nested within another stands below it; otherwise the order
#' is that of the formula, and with unbalanced data the estimates depend on it.
#'
#' In a balanced design this is the classical analysis of variance. With
#' \eqn{P_k}{P_k} the projection on X and the first k terms, the sum of squares of term k is
#' \eqn{y'(P_k - P_{k-1})y}{y'(P_k - P_k-1)y}, and the coefficient of
#' \eqn{\sigma_j^2}{sigma_j^2} in its expectation \eqn{tr Z_j'(P_k - P_{k-1})Z_j}{
#' tr Z_j'(P_k - P_k-1)Z_j}.
#'
#' @param object A fit by [lmmfit()] with `method = "ANOVA"`.
#' @return A data frame of class `anova_table` with a row for the fixed effects, each random term
#'   and the residual: `source`, `df`, `ss`, `ms` and `expected`, the expected mean square as text.
#'   Its attribute `coefficients` is the matrix of the coefficients of the variances (columns) in
#'   the expected mean squares (rows).
#' @references Henderson CR (1953) Estimation of variance and covariance components. Biometrics
#'   9:226-252. Searle SR, Casella G, McCulloch CE (1992) Variance Components, chapter 5. Wiley.
#' @seealso [compare_methods()]
#' @examples
#' fit <- lmmfit(yield ~ nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats, method = "ANOVA")
#' anova_table(fit)
#' @export
anova_table <- function(object, ...) {
  check_given(object, ...)
  check_fit(object)
  if (is.null(object$anova)) abort_not_anova(object$method)
  found <- object$anova
  name <- object$parameters$name[c(found$order, length(found$df))]
  coefficients <- found$expected / found$df
  dimnames(coefficients) <- list(name, name)
  labels <- object$fixed$labels
  fixed <- data.frame(
    source = if (length(labels) == 1L) labels else "fixed effects", df = found$fixed$df,
    ss = found$fixed$ss, expected = ""
  )
  rows <- data.frame(
    source = name, df = found$df, ss = found$sums_of_squares,
    expected = apply(coefficients, 1L, expectation_text, name)
  )
  table <- rbind(if (found$fixed$df > 0L) fixed, rows)
  table <- data.frame(table[1:3], ms = table$ss / table$df, expected = table$expected)
  row.names(table) <- NULL
  structure(table,
    coefficients = coefficients, intercept = found$fixed$intercept, formula = object$formula,
    class = c("anova_table", "data.frame")
  )
}

# residual + 2.5846 a:b + 7.8 b: the nearest terms first. What is rounding is left out.
expectation_text <- function(coefficients, names) {
  kept <- rev(which(coefficients > 1e-9 * max(coefficients)))
  text <- vapply(coefficients, function(x) format(signif(x, 5L), digits = 5L), "")
  text <- ifelse(text == "1", names, paste(text, names))
  paste(text[kept], collapse = " + ")
}

#' @rdname anova_table
#' @param x A table by `anova_table()`.
#' @param ... Nothing more: what is not an argument is an error.
#' @method print anova_table
#' @export
print.anova_table <- function(x, ...) {
  check_unused(...)
  cat("Henderson's Method 3: each random term after the fixed effects and the terms above it\n")
  cat(strwrap(deparse_one(attr(x, "formula")), exdent = 4L), "", sep = "\n")
  print_table(list(
    Source = x$source, df = format(x$df), `Sum of squares` = format_numbers(x$ss),
    `Mean square` = format_numbers(x$ms), `Expected mean square` = x$expected
  ), left = c("Source", "Expected mean square"))
  invisible(x)
}
