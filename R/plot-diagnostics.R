# Residuals against what they should not depend on: pictures of "residuals", "qq", "scale", and all
# of them with a histogram as "panel".

diagnostic_plots <- c("residuals", "qq", "scale", "panel")

# A row for each record: Pearson residual, its normal quantile, the pointwise 95 % limits of the
# order statistic of a normal sample around the line through the quartiles, and the name of the
# record where the residual is among the three largest.
diagnostic_data <- function(fit, type) {
  e <- residuals(fit, type = "pearson")
  data <- data.frame(fitted = unname(fitted(fit)), residual = unname(e))
  names <- names(e) %||% as.character(seq_along(e))
  told <- !is.na(e)
  data <- data[told, ]
  n <- nrow(data)
  data$theoretical <- stats::qnorm(stats::ppoints(n))[rank(data$residual, ties.method = "first")]
  line <- quartile_line(data$residual)
  order <- rank(data$residual, ties.method = "first")
  for (limit in c("lower", "upper")) {
    p <- if (limit == "lower") 0.025 else 0.975
    data[[limit]] <- line[1L] + line[2L] * stats::qnorm(stats::qbeta(p, order, n + 1 - order))
  }
  data$label <- labels_of_largest(names[told], abs(data$residual), 3L)
  row.names(data) <- NULL
  if (type == "qq") data <- data[order(data$theoretical), ]
  structure(data, line = line)
}

# Intercept and slope of the line through the quartiles, as stats::qqline().
quartile_line <- function(x) {
  ends <- stats::quantile(x, c(0.25, 0.75), names = FALSE)
  slope <- diff(ends) / diff(stats::qnorm(c(0.25, 0.75)))
  c(mean(ends), slope)
}

# A robust smooth, where there is enough to be smoothed.
smoothed <- function(x, y) {
  if (length(unique(x)) < 5L) return(data.frame(x = double(), y = double()))
  as.data.frame(stats::lowess(x, y))
}

# x, y and axes of each panel.
diagnostic_axes <- list(
  residuals = c("fitted", "residual", "Fitted value", "Residual"),
  qq = c("theoretical", "residual", "Normal quantile", "Residual"),
  scale = c("fitted", "size", "Fitted value", "Root of |residual|"),
  histogram = c("residual", NA, "Pearson residual", "Density")
)

# A picture by itself has room for the whole name.
axes_of <- function(panel, type) {
  axes <- diagnostic_axes[[panel]]
  if (type == "panel") axes else sub("^Residual", "Pearson residual", axes)
}

# Above panels whose axes have no names.
diagnostic_titles <- c(residuals = "Residual by fitted value", qq = "Residual by quantile",
  scale = "Root |residual| by fitted", histogram = "Density of residuals")

diagnostic_panels <- function(type) if (type == "panel") names(diagnostic_axes) else type

# Base graphics ------------------------------------------------------------------------------------

draw_diagnostics <- function(data, type, ...) {
  data$size <- sqrt(abs(data$residual))
  shown <- diagnostic_panels(type)
  old <- panels(length(shown))
  on.exit(graphics::par(old))
  for (panel in shown) {
    if (panel == "histogram") draw_histogram(data$residual, ...) else
      draw_diagnostic(data, panel, axes_of(panel, type), ...)
  }
}

draw_diagnostic <- function(data, panel, axes, xlab = axes[3L], ylab = axes[4L], ...) {
  x <- data[[axes[1L]]]
  y <- data[[axes[2L]]]
  reach <- range(y, if (panel == "qq") unlist(data[c("lower", "upper")]), if (panel == "scale") 0)
  reach <- grDevices::extendrange(reach, f = 0.05)
  base_plot(x, y, xlab = xlab, ylab = ylab, ylim = reach, type = "n", ...)
  if (panel == "qq") draw_qq_band(data) else if (panel == "residuals") {
    graphics::abline(h = 0, col = "grey50")
  }
  graphics::points(x, y, pch = 20, cex = point_size(length(x)), col = point_colour(length(x)))
  if (panel != "qq") graphics::lines(smoothed(x, y), col = cold, lwd = 2)
  label_points(x, y, data$label)
}

draw_qq_band <- function(data) {
  data <- data[order(data$theoretical), ]
  graphics::polygon(c(data$theoretical, rev(data$theoretical)), c(data$lower, rev(data$upper)),
    col = "grey90", border = NA)
  line <- attr(data, "line")
  graphics::abline(line[1L], line[2L], col = cold)
}

draw_histogram <- function(e, xlab = "Pearson residual", ylab = "Density", ...) {
  bars <- graphics::hist(e, breaks = "Scott", plot = FALSE)
  normal <- normal_curve(e)
  base_plot(range(bars$breaks), c(0, max(bars$density, normal$y)), type = "n", xlab = xlab,
    ylab = ylab, ...)
  graphics::rect(utils::head(bars$breaks, -1L), 0, bars$breaks[-1L], bars$density, col = "grey80",
    border = "white")
  graphics::lines(normal, col = cold, lwd = 2)
}

normal_curve <- function(e) {
  x <- seq(min(e), max(e), length.out = 101L)
  data.frame(x = x, y = stats::dnorm(x, mean(e), stats::sd(e)))
}

# ggplot2 ------------------------------------------------------------------------------------------

diagnostic_ggplot <- function(data, type) {
  data$size <- sqrt(abs(data$residual))
  shown <- diagnostic_panels(type)
  titles <- diagnostic_titles
  parts <- lapply(setdiff(shown, "histogram"), diagnostic_part, data = data)
  points <- do.call(rbind, parts)
  points$panel <- factor(points$panel, names(titles), titles)
  .data <- ggplot2::.data
  size <- (if (type == "panel") 1.3 else 1.9) * point_size(nrow(data))
  points$colour <- point_colour(nrow(data))
  made <- look_ggplot(points, ggplot2::aes(.data[["x"]], .data[["y"]])) +
    diagnostic_lines(data, shown, titles) +
    ggplot2::geom_point(size = size, stroke = 0, colour = point_colour(nrow(data))) +
    diagnostic_smooths(parts, titles)
  if (type != "panel") {
    axes <- axes_of(type, type)
    return(made + named_points(points, "x", "y", size) + room_above() +
      ggplot2::labs(x = axes[3L], y = axes[4L]))
  }
  made + lapply(split(points, points$panel, drop = TRUE), named_points, "x", "y", size, 0.16) +
    histogram_layers(data$residual, titles) + ggplot2::coord_cartesian(clip = "off") +
    ggplot2::facet_wrap("panel", scales = "free") + narrow_axis() + room_above() +
    ggplot2::labs(x = NULL, y = NULL, caption = "Pearson residuals")
}

diagnostic_part <- function(panel, data) {
  axes <- diagnostic_axes[[panel]]
  data.frame(panel = panel, x = data[[axes[1L]]], y = data[[axes[2L]]], label = data$label)
}

in_panel <- function(part, panel, titles) {
  part$panel <- factor(rep.int(panel, nrow(part)), names(titles), titles)
  part
}

# What lies under the points: the line of zero, and the band of the normal quantiles.
diagnostic_lines <- function(data, shown, titles) {
  .data <- ggplot2::.data
  aes <- ggplot2::aes
  layers <- list()
  if ("qq" %in% shown) {
    band <- in_panel(data.frame(x = data$theoretical, data[c("lower", "upper")]), "qq", titles)
    line <- attr(data, "line")
    ends <- range(band$x)
    line <- in_panel(data.frame(x = ends, y = line[1L] + line[2L] * ends), "qq", titles)
    layers <- list(
      ggplot2::geom_ribbon(aes(.data[["x"]], ymin = .data[["lower"]], ymax = .data[["upper"]]),
        band, inherit.aes = FALSE, fill = "grey88"),
      ggplot2::geom_line(data = line, colour = cold)
    )
  }
  if ("residuals" %in% shown) {
    zero <- in_panel(data.frame(y = 0), "residuals", titles)
    layers <- c(layers, list(ggplot2::geom_hline(aes(yintercept = .data[["y"]]), zero,
      colour = "grey50")))
  }
  layers
}

diagnostic_smooths <- function(parts, titles) {
  lapply(parts, function(part) {
    if (part$panel[1L] == "qq") return(NULL)
    line <- in_panel(smoothed(part$x, part$y), part$panel[1L], titles)
    ggplot2::geom_line(data = line, colour = cold, linewidth = 0.8)
  })
}

histogram_layers <- function(e, titles) {
  bars <- graphics::hist(e, breaks = "Scott", plot = FALSE)
  width <- diff(bars$breaks)[1L]
  bars <- data.frame(x = bars$mids, y = bars$density)
  list(
    ggplot2::geom_col(data = in_panel(bars, "histogram", titles), width = width, fill = "grey80",
      colour = "white"),
    ggplot2::geom_line(data = in_panel(normal_curve(e), "histogram", titles), colour = cold,
      linewidth = 0.8)
  )
}
