# What many fits found, in words and tables.

#' @method print lmmfit_many
#' @export
print.lmmfit_many <- function(x, digits = 4L, ...) {
  check_unused(...)
  digits <- check_count(digits, "digits")
  fits <- x$fits
  cat(cli::pluralize("{nrow(fits)} response{?s}"), " by ", attr(x, "method"), ": ",
    deparse_one(attr(x, "formula")), "\n", sep = "")
  ends <- table(fits$status)
  cat(paste(ends, gsub("_", " ", names(ends)), collapse = ", "), "\n", sep = "")
  if (nrow(x$effects) > 0L) {
    cat("\nFixed effects (", attr(x, "ddf"), ")\n", sep = "")
    print_table(many_summary(x$effects, "term", digits), left = "term")
  }
  if (!is.null(x$joint) && any(x$joint$ndf > 1, na.rm = TRUE)) {
    found <- p_counts(x$joint$p.value)
    cat("\nAll rows of K together: p < 0.05 in ", found[1L], ", of which ", found[2L],
      " pass a false discovery rate of 0.05\n", sep = "")
  }
  if (nrow(x$variances) > 0L) {
    cat("\nVariances\n")
    print_table(variance_summary(x$variances, digits), left = "parameter")
  }
  troubled <- which(nzchar(fits$message))
  for (i in utils::head(troubled, 3L)) cat("\n", fits$response[i], ": ", fits$message[i], sep = "")
  if (length(troubled) > 0L) cat("\n")
  if (length(troubled) > 3L) {
    cat("and ", length(troubled) - 3L, " more with a message, see $fits\n", sep = "")
  }
  invisible(x)
}

# Of each effect over responses: its median, and how many are told from zero.
many_summary <- function(table, label, digits) {
  groups <- split(table, factor(table[[label]], unique(table[[label]])))
  counts <- vapply(groups, function(own) p_counts(own$p.value), c(0L, 0L))
  median_of <- function(column) {
    vapply(groups, function(own) stats::median(own[[column]], na.rm = TRUE), 0)
  }
  columns <- list(names(groups), format_numbers(median_of("estimate"), digits),
    format_numbers(median_of("se"), digits), format_numbers(median_of("df"), digits),
    format(counts[1L, ]), format(counts[2L, ]))
  stats::setNames(lapply(columns, unname),
    c(label, "median", "median se", "median df", "p < 0.05", "FDR < 0.05"))
}

p_counts <- function(p) {
  c(sum(p < 0.05, na.rm = TRUE), sum(stats::p.adjust(p, "BH") < 0.05, na.rm = TRUE))
}

variance_summary <- function(table, digits) {
  groups <- split(table, factor(table$parameter, unique(table$parameter)))
  quantiles <- vapply(groups, function(own) {
    stats::quantile(own$estimate, c(0.25, 0.5, 0.75), names = FALSE)
  }, double(3L))
  bound <- vapply(groups, function(own) sum(own$status == "at boundary"), 0L)
  list(parameter = names(groups), `lower quartile` = format_numbers(quantiles[1L, ], digits),
    median = format_numbers(quantiles[2L, ], digits),
    `upper quartile` = format_numbers(quantiles[3L, ], digits), `at boundary` = format(bound))
}

#' @method as.data.frame lmmfit_many
#' @export
as.data.frame.lmmfit_many <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_unused(..., .ignored = "stringsAsFactors")
  x$effects
}

#' @method tidy lmmfit_many
#' @export
tidy.lmmfit_many <- function(x, ...) {
  check_unused(...)
  names(x$effects)[names(x$effects) == "se"] <- "std.error"
  x$effects
}

#' @method glance lmmfit_many
#' @export
glance.lmmfit_many <- function(x, ...) {
  check_unused(...)
  data.frame(response = x$fits$response, nobs = x$fits$n, deviance = x$fits$minus2loglik,
    converged = x$fits$status == "converged")
}
