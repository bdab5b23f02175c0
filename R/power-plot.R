# Power curves, printed and drawn.

#' Print or draw a power curve
#'
#' @param x,object A power curve by [power_curve()].
#' @param target Power that is aimed at, drawn as a line; `NULL` for none.
#' @param ... Of `plot()`: graphical parameters.
#' @return `print()`: `x`, invisibly. `plot()`: the plotted data frame, invisibly. `autoplot()`: a
#'   ggplot.
#' @examples
#' pilot <- lmmfit(distance ~ age * Sex + (age | Subject), nlme::Orthodont)
#' curve <- power_curve(pilot, "age:Sex", n = c(14, 27, 54), nsim = 50, seed = 1)
#' plot(curve)
#' @name plot.power_curve
NULL

#' @rdname plot.power_curve
#' @method print power_curve
#' @export
print.power_curve <- function(x, ...) {
  if (is.null(attr(x, "test"))) return(print(structure(x, class = "data.frame"), ...))
  check_unused(...)
  cat("Power of ", attr(x, "test"), " at ", format(attr(x, "alpha")), ", by simulation (",
    sub("^t tests with d", "d", ddf_text(attr(x, "ddf"), NULL)), ")\n\n", sep = "")
  columns <- list(format(x$n), format(x$records), decimals_text(x$power, 3L),
    paste0("(", decimals_text(x$lower, 3L), ", ", decimals_text(x$upper, 3L), ")"), format(x$tests))
  names(columns) <- c(attr(x, "along") %||% "n", "records", "power",
    paste0(100 * attr(x, "level"), " %"), "data sets")
  if (all(is.na(x$n))) columns <- columns[-1L]
  print_table(columns)
  failed <- sum(x$failed)
  if (failed > 0L) cat("\n", cli::pluralize("{failed} fit{?s} failed"), "\n", sep = "")
  invisible(x)
}

#' @rdname plot.power_curve
#' @method plot power_curve
#' @export
plot.power_curve <- function(x, target = 0.8, ...) {
  data <- power_data(x)
  check_target(target)
  old <- panels()
  on.exit(graphics::par(old))
  draw_power(data, target, ...)
  invisible(data)
}

#' @rdname plot.power_curve
#' @rawNamespace S3method(ggplot2::autoplot, power_curve)
autoplot.power_curve <- function(object, target = 0.8, ...) {
  check_unused(...)
  check_target(target)
  power_ggplot(power_data(object), target)
}

check_target <- function(target) {
  if (!is.null(target)) check_level(target, "target")
}

power_data <- function(x) {
  data <- as.data.frame(x)[order(x$n), c("n", "records", "power", "lower", "upper")]
  class(data) <- "data.frame"
  of_records <- all(is.na(data$n))
  data$at <- if (of_records) data$records else data$n
  structure(data, xlab = if (of_records) "Records" else paste("Levels of", attr(x, "along")),
    ylab = paste("Power of", attr(x, "test")))
}

draw_power <- function(data, target, xlab = attr(data, "xlab"), ylab = attr(data, "ylab"), ...) {
  base_plot(data$at, data$power, xlab = xlab, ylab = ylab, type = "n", ylim = c(0, 1), ...)
  if (!is.null(target)) graphics::abline(h = target, lty = 2L, col = "grey50")
  graphics::segments(data$at, data$lower, data$at, data$upper, col = cold)
  graphics::lines(data$at, data$power, col = cold)
  graphics::points(data$at, data$power, pch = 19, col = cold)
}

power_ggplot <- function(data, target) {
  .data <- ggplot2::.data
  look_ggplot(data, ggplot2::aes(.data[["at"]], .data[["power"]])) +
    (if (!is.null(target))
      ggplot2::geom_hline(yintercept = target, linetype = 2L, colour = "grey50")) +
    ggplot2::geom_linerange(ggplot2::aes(ymin = .data[["lower"]], ymax = .data[["upper"]]),
      colour = cold) +
    ggplot2::geom_line(colour = cold) + ggplot2::geom_point(colour = cold, size = 1.8) +
    ggplot2::scale_y_continuous(limits = c(0, 1)) +
    ggplot2::labs(x = attr(data, "xlab"), y = attr(data, "ylab"))
}
