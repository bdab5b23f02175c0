# What a scan found, in a table, in words and in numbers.

# own: what with_refits() needs; the fits are then dropped.
new_scan <- function(table, found, fits, part, place, settings, loco) {
  calibration <- lapply(found, `[[`, "calibration")
  structure(table,
    class = c("marker_scan", "data.frame"),
    scan = list(fits = fits, part = part, place = place, settings = settings, loco = loco,
      calibration = if (!is.null(calibration[[1L]])) do.call(rbind, calibration))
  )
}

#' Print or draw a scan of markers
#'
#' @param x,object A scan by [scan()].
#' @param n How many of the best markers are shown.
#' @param digits Figures of the numbers.
#' @param type `"manhattan"`: -log10 of the p-values along the genome, with the line of Bonferroni's
#'   5 % and the names of the best; `"qq"`: them against what they would be without effects, with
#'   a band of 95 % for each.
#' @param ... Of `plot()`: graphical parameters.
#' @return `print()`: `x`, invisibly. `plot()`: the plotted data frame, invisibly. `autoplot()`: a
#'   ggplot.
#' @examples
#' genotyped <- subset(lambs, animal %in% rownames(lamb_markers))
#' fit <- lmmfit(birth ~ sex + (1 | gr(animal, cov = grm(lamb_markers))), genotyped)
#' scanned <- scan(fit, lamb_markers)
#' plot(scanned)
#' plot(scanned, "qq")
#' @name plot.marker_scan
NULL

#' @rdname plot.marker_scan
#' @method print marker_scan
#' @export
print.marker_scan <- function(x, n = 10L, digits = 4L, ...) {
  check_unused(...)
  n <- check_count(n, "n", 0)
  digits <- check_count(digits, "digits")
  facts <- scan_facts(x)
  cat(scan_lines(x, facts), sep = "\n")
  best <- utils::head(as.data.frame(x)[order(x$p.value), ], n)
  if (nrow(best) > 0L) {
    cat("\nBest markers\n")
    columns <- Map(function(column, name) {
      if (startsWith(name, "p.")) p_text(column) else column_text(column, name, digits)
    }, best, names(best))
    print_table(columns, left = names(best)[!vapply(best, is.numeric, NA)])
  }
  if (!is.null(attr(x, "refitted"))) {
    cat("\nWith all variances estimated\n")
    table <- attr(x, "refitted")
    columns <- Map(function(column, name) {
      if (startsWith(name, "Pr(")) p_text(column) else column_text(column, name, digits)
    }, table, names(table))
    print_table(columns, left = names(table)[!vapply(table, is.numeric, NA)])
  }
  invisible(x)
}

#' @method as.data.frame marker_scan
#' @export
as.data.frame.marker_scan <- function(x, row.names = NULL, optional = FALSE, ...) {
  class(x) <- "data.frame"
  attr(x, "scan") <- attr(x, "refitted") <- NULL
  x
}

# Markers tested, inflation and how many pass.
scan_facts <- function(x) {
  p <- x$p.value[!is.na(x$p.value)]
  df <- x$df %||% 1
  # The median of the statistics over that of chi-square: by quantiles of one degree of freedom
  # where markers differ in theirs.
  inflation <- stats::qchisq(stats::median(p), 1, lower.tail = FALSE) / stats::qchisq(0.5, 1)
  list(tested = length(p), inflation = if (length(p) > 0L) inflation else NA, df = max(df),
    bonferroni = sum(p < 0.05 / length(p)),
    false_discovery = sum(stats::p.adjust(p, "BH") < 0.05))
}

scan_lines <- function(x, facts) {
  own <- attr(x, "scan")
  lines <- c(
    paste0("Scan of ", format(nrow(x), big.mark = ","), " markers, ",
      format(facts$tested, big.mark = ","), " tested in ",
      format(length(own$place$rows), big.mark = ","), " individuals",
      if (own$loco) ", each chromosome under a fit without it"),
    paste0("Genomic inflation ", format_numbers(facts$inflation, 4L), "; ",
      facts$bonferroni, " pass Bonferroni's 5 % (p < ",
      format(0.05 / max(facts$tested, 1), digits = 2L), "), ", facts$false_discovery,
      " the false discovery rate of 5 %")
  )
  if (is.null(own$calibration)) return(lines)
  exact <- sum(own$calibration[, "exact"])
  c(lines, paste0("Denominators calibrated: ", toString(format(own$calibration[, "ratio"],
    digits = 4L)), " of m'm, which varies by ", toString(paste0(format(100 *
    own$calibration[, "cv"], digits = 2L), " %")), "; exact for the best ", exact))
}
