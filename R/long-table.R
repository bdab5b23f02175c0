# Tables with a row for each level or record, of which there may be a million: a print shows some,
# after a note where there is one.

as_long_table <- function(table, note = NULL) {
  class(table) <- unique(c("long_table", class(table)))
  attr(table, "note") <- note
  table
}

#' Print a long table
#'
#' What [reliability()], [breeding_values()], [blup_contrasts()] and [outlier_test()] give are data
#' frames; their print shows the first rows and says how many there are.
#'
#' @param x The table.
#' @param n How many rows are shown; `Inf` shows all.
#' @param digits Figures of the largest number of a column.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `x`, invisibly.
#' @examples
#' fit <- lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)
#' outlier_test(fit)
#' print(outlier_test(fit), n = 3)
#' @method print long_table
#' @export
print.long_table <- function(x, n = 10L, digits = 5L, ...) {
  check_unused(..., .ignored = "row.names")
  digits <- check_count(digits, "digits")
  if (!is.numeric(n) || length(n) != 1L || is.na(n) || n < 1) {
    abort_argument("n", n, "a number of rows")
  }
  if (ncol(x) == 0L || nrow(x) == 0L) {
    print(as.data.frame(x))
    return(invisible(x))
  }
  if (!is.null(attr(x, "note"))) cat(attr(x, "note"), "\n", sep = "")
  shown <- utils::head(as.data.frame(x), n)
  columns <- Map(column_text, shown, names(shown), digits)
  print_table(columns, left = names(shown)[!vapply(shown, is.numeric, NA)])
  if (nrow(x) > nrow(shown)) {
    cat("  ", format(nrow(shown), big.mark = ","), " of ", format(nrow(x), big.mark = ","),
      " rows: print(x, n = Inf) shows all\n", sep = "")
  }
  invisible(x)
}

column_text <- function(column, name, digits) {
  text <- if (!is.numeric(column)) as.character(column) else
    if (name %in% c("p.value", "bonferroni")) p_text(column) else
      format_numbers(column, digits)
  ifelse(is.na(column), "NA", text)
}

#' @method as.data.frame long_table
#' @export
as.data.frame.long_table <- function(x, row.names = NULL, optional = FALSE, ...) {
  class(x) <- setdiff(class(x), "long_table")
  x
}
