# Numbers and tables as text.

# Decimals that a column of numbers needs: `digits` figures of the largest, at least `least` of the
# others that are not far below it. NA: no number of decimals suits them all.
column_decimals <- function(x, digits = 5L, least = 3L) {
  main <- abs(x[is_main(x)])
  exponents <- if (any(main > 0)) floor(log10(main[main > 0])) else 0
  decimals <- max(0, digits - 1 - max(exponents), least - 1 - min(exponents))
  if (decimals <= 8 && max(exponents) < 9) decimals else NA
}

# Finite, and not far below the largest.
is_main <- function(x, share = 1e-5) {
  size <- abs(x[is.finite(x)])
  is.finite(x) & (x == 0 | abs(x) >= share * max(size, 0))
}

# One column of numbers as text. What is far below the largest has its own exponent.
format_numbers <- function(x, digits = 5L, least = 3L,
                           decimals = column_decimals(x, digits, least)) {
  text <- character(length(x))
  main <- is_main(x)
  text[main] <- if (is.na(decimals)) format_general(x[main], digits) else
    drop_common_zeros(formatC(x[main], format = "f", digits = decimals))
  small <- is.finite(x) & !main
  text[small] <- format_general(x[small], least)
  text[is.finite(x) & x == 0] <- "0"
  text[is.nan(x) | is.infinite(x)] <- as.character(x[is.nan(x) | is.infinite(x)])
  text
}

format_general <- function(x, digits) trimws(formatC(x, format = "g", digits = digits))

# 0.720, 0.216 from 0.72000, 0.21600: zeros at the end of every number of a column say nothing.
drop_common_zeros <- function(text) {
  if (length(text) == 0L || !all(grepl(".", text, fixed = TRUE))) return(text)
  zeros <- nchar(text) - nchar(sub("0+$", "", text))
  text <- substr(text, 1L, nchar(text) - min(zeros))
  sub("[.]$", "", text)
}

# The one way in which a p-value is written; what is below the precision of numbers as R writes it.
p_text <- function(p) {
  text <- format.pval(p, digits = 3L, eps = .Machine$double.eps)
  # R leaves the space out beside short numbers.
  ifelse(is.na(p), "", sub("^<([0-9])", "< \\1", text))
}

# "p = 0.0123", "p < 2e-16".
p_phrase <- function(p) {
  text <- p_text(p)
  if (startsWith(text, "<")) paste("p <", trimws(substring(text, 2L))) else paste("p =", text)
}

# A data frame of text: the columns named in `left` to the left, the others to the right.
print_table <- function(table, left = names(table)[1L], indent = "  ") {
  columns <- Map(function(column, name) {
    format(c(name, column), justify = if (name %in% left) "left" else "right")
  }, table, names(table))
  lines <- do.call(paste, c(unname(columns), sep = "  "))
  cat(paste0(indent, sub(" +$", "", lines)), sep = "\n")
  invisible(table)
}

decimals_text <- function(x, decimals) {
  ifelse(is.finite(x), formatC(x, format = "f", digits = decimals), "")
}

seconds_text <- function(seconds) {
  unit <- findInterval(seconds, c(0, 1, 120, 7200))
  scaled <- seconds / c(1e-3, 1, 60, 3600)[unit]
  paste(signif(scaled, 2L), c("ms", "s", "minutes", "hours")[unit])
}
