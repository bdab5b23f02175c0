# Pictures of genetic_trend(): means with intervals of 1.96 standard errors of prediction.

#' @rdname genetic_trend
#' @method plot genetic_trend
#' @export
plot.genetic_trend <- function(x, ...) {
  data <- trend_data(x)
  old <- panels(1L)
  on.exit(graphics::par(old))
  draw <- function(xlab = "Time", ylab = trend_label(x), ...) {
    named <- is.character(x$time)
    base_plot(data$at, data$mean, type = "n", xlab = xlab, ylab = ylab,
      xaxt = if (named) "n" else "s", ylim = range(data$lower, data$upper), ...)
    if (named) graphics::axis(1L, data$at, x$time, las = 2L, cex.axis = 0.8)
  }
  draw(...)
  graphics::polygon(c(data$at, rev(data$at)), c(data$lower, rev(data$upper)), border = NA,
    col = "grey90")
  graphics::abline(h = 0, col = "grey50")
  graphics::lines(data$at, data$mean, type = "o", pch = 20, col = cold, lwd = 2)
  invisible(data)
}

trend_label <- function(x) {
  paste("Mean effect of", sub(", (Intercept)", "", attr(x, "term"), fixed = TRUE))
}

trend_data <- function(x) {
  data.frame(at = if (is.character(x$time)) seq_along(x$time) else x$time, n = x$n, mean = x$mean,
    lower = x$mean - 1.96 * x$se, upper = x$mean + 1.96 * x$se)
}

#' @rdname genetic_trend
#' @rawNamespace S3method(ggplot2::autoplot, genetic_trend)
autoplot.genetic_trend <- function(object, ...) {
  check_unused(...)
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  data <- trend_data(object)
  made <- look_ggplot(data, aes(.data[["at"]], .data[["mean"]])) +
    ggplot2::geom_ribbon(aes(ymin = .data[["lower"]], ymax = .data[["upper"]]), fill = "grey88") +
    ggplot2::geom_hline(yintercept = 0, colour = "grey50") +
    ggplot2::geom_line(colour = cold, linewidth = 0.8) +
    ggplot2::geom_point(colour = cold, size = 1) +
    ggplot2::labs(x = "Time", y = trend_label(object))
  if (!is.character(object$time)) {
    whole <- all(data$at == round(data$at))
    return(if (whole) made + ggplot2::scale_x_continuous(breaks = whole_breaks) else made)
  }
  made + ggplot2::scale_x_continuous(breaks = data$at, labels = object$time)
}
