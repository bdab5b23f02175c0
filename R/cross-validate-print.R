# What a cross-validation found, in a table and in words.

# Of each fold, their mean, and of all records together.
fold_table <- function(records, folds) {
  by_fold <- split(records, factor(records$fold, vapply(folds, `[[`, "", "name")))
  rows <- do.call(rbind, lapply(by_fold, fold_row))
  left_out <- lengths(lapply(folds, `[[`, "deleted"))
  mean <- as.data.frame(lapply(rows, function(x) if (all(is.na(x))) NA else mean(x, na.rm = TRUE)))
  all <- fold_row(records)
  data.frame(fold = c(names(by_fold), "mean", "all"),
    left_out = c(left_out, round(mean(left_out)), sum(left_out)),
    rbind(rows, replace(mean, "predicted", round(mean$predicted)), all), row.names = NULL)
}

fold_row <- function(records) {
  error <- records$observed - records$predicted
  slope <- function(y, x) if (has_spread(x)) stats::cov(y, x) / stats::var(x) else NA
  data.frame(
    predicted = sum(!is.na(records$effect)),
    correlation = correlation_of(records$observed, records$predicted),
    rmse = if (all(is.na(error))) NA else sqrt(mean(error^2, na.rm = TRUE)),
    ability = correlation_of(records$adjusted, records$effect),
    slope = slope(records$adjusted, records$effect), bias = bias_of(records$effect, records$whole),
    dispersion = slope(records$whole, records$effect),
    consistency = correlation_of(records$whole, records$effect)
  )
}

bias_of <- function(part, whole) {
  known <- !is.na(part)
  if (any(known)) mean((part - whole)[known]) else NA
}

has_spread <- function(x) {
  x <- x[!is.na(x)]
  length(x) > 2L && stats::sd(x) > 1e-12 * max(abs(x))
}

correlation_of <- function(x, y) {
  both <- !is.na(x) & !is.na(y)
  if (has_spread(x[both]) && has_spread(y[both])) stats::cor(x[both], y[both]) else NA
}

#' @rdname cross_validate
#' @param x A cross-validation.
#' @param n How many folds are shown, beside their mean and all records.
#' @param digits Figures of the numbers.
#' @param ... Nothing more: what is not an argument is an error.
#' @method print cross_validation
#' @export
print.cross_validation <- function(x, n = 10L, digits = 4L, ...) {
  check_unused(...)
  n <- check_count(n, "n", 0)
  digits <- check_count(digits, "digits")
  table <- x$folds
  folds <- nrow(table) - 2L
  cat("Cross-validation", if (!is.null(x$scheme)) paste0(" (", x$scheme, ")"), " in ", folds,
    " fold", if (folds != 1L) "s", ", effects of ", toString(x$terms), ", variances ",
    if (x$estimated) "estimated without each fold" else "as in the fit", "\n\n", sep = "")
  shown <- c(utils::head(seq_len(folds), n), folds + 1:2)
  columns <- Map(column_text, table[shown, ], names(table), digits)
  counts <- c("left_out", "predicted")
  columns[counts] <- lapply(table[shown, counts], formatC, format = "d", big.mark = ",")
  print_table(columns, left = "fold")
  if (folds > n) cat("  ", n, " of ", folds, " folds: print(x, n = Inf) shows all\n", sep = "")
  invisible(x)
}

#' @method as.data.frame cross_validation
#' @export
as.data.frame.cross_validation <- function(x, row.names = NULL, optional = FALSE, ...) x$records
