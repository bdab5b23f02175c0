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

# A data frame of text: the columns named in `left` to the left, the others to the right.
print_table <- function(table, left = names(table)[1L], indent = "  ") {
  columns <- Map(function(column, name) {
    format(c(name, column), justify = if (name %in% left) "left" else "right")
  }, table, names(table))
  lines <- do.call(paste, c(unname(columns), sep = "  "))
  cat(paste0(indent, sub(" +$", "", lines)), sep = "\n")
  invisible(table)
}

# Variance parameters as text: estimate, SE on request, and the SD of a variance or the correlation
# of a covariance. The status stands in a column where one is not free.
variance_text <- function(fit, se = TRUE) {
  parameters <- fit$parameters
  estimate <- reported_estimates(fit)
  variance <- parameters$kind == "variance"
  sd <- ifelse(variance & estimate >= 0, sqrt(pmax(estimate, 0)), NA)
  columns <- list(Parameter = parameters$name, Estimate = format_numbers(estimate))
  if (se && !all(is.na(parameters$se))) columns$SE <- format_numbers(parameters$se, 4L)
  columns$Std.Dev. <- format_numbers(sd)
  if (any(parameters$kind == "covariance")) {
    columns$Corr <- decimals_text(parameter_correlations(fit), 3L)
  }
  if (any(parameters$status != "free")) {
    columns$` ` <- ifelse(parameters$status == "free", "", parameters$status)
  }
  columns
}

parameter_correlations <- function(fit) {
  correlation <- rep(NA_real_, length(fit$parameters$name))
  for (k in seq_along(fit$random)) {
    at <- which(fit$parameters$index == k)
    matrix <- correlation_matrix(term_covariance(fit$random[[k]], k, fit$parameters))
    entry <- !is.na(fit$parameters$row[at])
    at <- at[entry]
    correlation[at] <- matrix[cbind(fit$parameters$row[at], fit$parameters$col[at])]
  }
  sections <- if (any(fit$parameters$kind == "covariance" & fit$parameters$index == 0L)) {
    fit_residual(fit)$sections
  }
  for (k in seq_along(sections)) {
    at <- which(fit$parameters$section == k)
    found <- section_correlations(sections[[k]]$structure, fit$parameters$estimate[at])
    correlation[at[seq_along(found)]] <- found
  }
  correlation[fit$parameters$kind != "covariance"] <- NA
  correlation
}

# The entries of Sigma among the values of a recipe, divided by the standard deviations.
section_correlations <- function(recipe, values) {
  if (recipe$name == "product") recipe <- recipe$factors[[1L]]
  at <- structure_entry(recipe)$parameters(recipe)
  entry <- at$kind %in% c("variance", "covariance")
  variance <- which(entry & at$row == at$col)
  sd <- numeric(recipe$n_coef)
  sd[at$row[variance]] <- sqrt(values[variance])
  ifelse(entry, values[seq_along(entry)] / (sd[at$row] * sd[at$col]), NA)
}

decimals_text <- function(x, decimals) {
  ifelse(is.finite(x), formatC(x, format = "f", digits = decimals), "")
}

# Fixed effects as text. The decimals follow the standard errors.
fixed_text <- function(table) {
  decimals <- column_decimals(table$se, 4L)
  estimate <- format_numbers(table$estimate, decimals = decimals)
  columns <- list(
    ` ` = row.names(table), Estimate = ifelse(is.na(table$estimate), "NA", estimate),
    SE = format_numbers(table$se, 4L)
  )
  columns <- c(columns, test_columns(table))
  columns
}

# Covariance matrices by term, as lme4 prints them.
variance_table <- function(matrices, residual) {
  rows <- lapply(names(matrices), function(label) {
    covariance <- matrices[[label]]
    t <- nrow(covariance)
    correlation <- attr(covariance, "correlation")
    correlation[upper.tri(correlation, diag = TRUE)] <- NA
    list(
      label = c(label, rep("", t - 1L)), coef = rownames(covariance),
      variance = diag(covariance), correlation = correlation
    )
  })
  width <- max(1L, vapply(rows, function(row) length(row$coef), 0L)) - 1L
  variance <- c(unlist(lapply(rows, `[[`, "variance")), residual)
  last <- if (!is.null(residual)) ""
  columns <- list(
    Term = c(unlist(lapply(rows, `[[`, "label")), if (!is.null(residual)) "Residual"),
    Coefficient = c(unlist(lapply(rows, `[[`, "coef")), last),
    Variance = format_numbers(variance), Std.Dev. = format_numbers(sqrt(variance))
  )
  for (j in seq_len(width)) {
    column <- unlist(lapply(rows, function(row) {
      if (j <= ncol(row$correlation)) row$correlation[, j] else rep(NA, nrow(row$correlation))
    }))
    columns[[if (j == 1L) "Corr" else strrep(" ", j)]] <- c(decimals_text(column, 3L), last)
  }
  columns
}
