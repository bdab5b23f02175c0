# Drawing of what plot-spline.R has made, with base graphics and with ggplot2.

curve_colours <- function(n) if (n == 1L) "#B2182B" else grDevices::hcl.colors(n, "Dark 3")

draw_term_plot <- function(data, type, ...) {
  switch(type, spline = draw_spline_curves(data, ...), surface = draw_surface(data, ...),
    biplot = draw_biplot(data, ...))
}

draw_spline_curves <- function(data, main = attr(data, "title"), xlab = attr(data, "variable"),
                        ylab = attr(data, "response"), ...) {
  records <- attr(data, "records")
  lower <- data$fit - 1.96 * data$se
  upper <- data$fit + 1.96 * data$se
  graphics::plot(records$x, records$y, col = "grey70", pch = 20, cex = 0.6, main = main,
    xlab = xlab, ylab = ylab, ylim = range(records$y, lower, upper), ...)
  curves <- unique(data$curve)
  colours <- curve_colours(length(curves))
  for (j in seq_along(curves)) {
    at <- which(data$curve == curves[j])
    graphics::polygon(c(data$x[at], rev(data$x[at])), c(lower[at], rev(upper[at])), border = NA,
      col = grDevices::adjustcolor(colours[j], 0.2))
    graphics::lines(data$x[at], data$fit[at], col = colours[j], lwd = 2)
  }
  if (length(curves) > 1L && length(curves) <= 12L) {
    graphics::legend("topleft", curves, col = colours, lwd = 2, bty = "n")
  }
}

draw_surface <- function(data, main = attr(data, "title"), xlab = attr(data, "variables")[1L],
                         ylab = attr(data, "variables")[2L], ...) {
  levels <- unique(data$level)
  if (length(levels) > 1L) {
    side <- ceiling(sqrt(length(levels)))
    old <- graphics::par(mfrow = c(ceiling(length(levels) / side), side))
    on.exit(graphics::par(old))
  }
  most <- max(abs(data$trend))
  for (level in levels) {
    own <- data[data$level == level, ]
    x <- sort(unique(own$x))
    y <- sort(unique(own$y))
    z <- matrix(NA_real_, length(x), length(y))
    z[cbind(match(own$x, x), match(own$y, y))] <- own$trend
    title <- if (length(levels) > 1L) paste(main, level) else main
    graphics::image(x, y, z, zlim = c(-most, most), col = diverging(51L), xlab = xlab,
      ylab = ylab, main = title, ...)
    graphics::contour(x, y, z, add = TRUE, col = "grey30")
  }
}

draw_biplot <- function(data, main = attr(data, "title"), xlab = attr(data, "axes")[1L],
                        ylab = attr(data, "axes")[2L], ...) {
  arrows <- data[data$kind == "loading", ]
  points <- data[data$kind == "score", ]
  reach <- 1.1 * range(data$x, data$y, 0)
  graphics::plot(points$x, points$y, pch = 20, col = "grey60", asp = 1, xlim = reach, ylim = reach,
    main = main, xlab = xlab, ylab = ylab, ...)
  if (nrow(points) <= 60L) {
    graphics::text(points$x, points$y, points$label, pos = 3, cex = 0.6, col = "grey40")
  }
  graphics::abline(h = 0, v = 0, col = "grey85")
  visible <- arrows$x^2 + arrows$y^2 > 0
  graphics::arrows(0, 0, arrows$x[visible], arrows$y[visible], length = 0.08, col = "#B2182B")
  graphics::text(1.06 * arrows$x, 1.06 * arrows$y, arrows$label, col = "#B2182B", cex = 0.8)
}

# ggplot2 ------------------------------------------------------------------------------------------

term_ggplot <- function(data, type) {
  made <- switch(type, spline = curve_ggplot(data), surface = surface_ggplot(data),
    biplot = biplot_ggplot(data))
  made + ggplot2::ggtitle(attr(data, "title"))
}

curve_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  records <- attr(data, "records")
  data$curve <- factor(data$curve, unique(data$curve))
  several <- nlevels(data$curve) > 1L
  made <- ggplot2::ggplot(data, aes(.data[["x"]], colour = .data[["curve"]])) +
    ggplot2::geom_point(aes(.data[["x"]], .data[["y"]]), records, inherit.aes = FALSE,
      colour = "grey70", size = 0.8) +
    ggplot2::geom_ribbon(aes(ymin = .data[["fit"]] - 1.96 * .data[["se"]],
      ymax = .data[["fit"]] + 1.96 * .data[["se"]], fill = .data[["curve"]]),
      colour = NA, alpha = 0.2) +
    ggplot2::geom_line(aes(y = .data[["fit"]])) +
    ggplot2::labs(x = attr(data, "variable"), y = attr(data, "response"), colour = NULL,
      fill = NULL)
  if (several) made else made + ggplot2::theme(legend.position = "none")
}

surface_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  made <- ggplot2::ggplot(data, aes(.data[["x"]], .data[["y"]])) +
    ggplot2::geom_tile(aes(fill = .data[["trend"]])) +
    ggplot2::geom_contour(aes(z = .data[["trend"]]), colour = "grey30", linewidth = 0.3) +
    ggplot2::scale_fill_gradient2(low = "#2166AC", high = "#B2182B") +
    ggplot2::labs(x = attr(data, "variables")[1L], y = attr(data, "variables")[2L])
  if (length(unique(data$level)) > 1L) made + ggplot2::facet_wrap("level") else made
}

biplot_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  arrows <- data[data$kind == "loading", ]
  points <- data[data$kind == "score", ]
  made <- ggplot2::ggplot(points, aes(.data[["x"]], .data[["y"]])) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey85") +
    ggplot2::geom_vline(xintercept = 0, colour = "grey85") +
    ggplot2::geom_point(colour = "grey60") +
    ggplot2::geom_segment(aes(0, 0, xend = .data[["x"]], yend = .data[["y"]]), arrows,
      colour = "#B2182B", arrow = grid::arrow(length = grid::unit(0.02, "npc"))) +
    ggplot2::geom_text(aes(1.06 * .data[["x"]], 1.06 * .data[["y"]], label = .data[["label"]]),
      arrows, colour = "#B2182B") +
    ggplot2::coord_equal() +
    ggplot2::labs(x = attr(data, "axes")[1L], y = attr(data, "axes")[2L])
  if (nrow(points) > 60L) return(made)
  made + ggplot2::geom_text(aes(label = .data[["label"]]), vjust = -0.7, size = 2.5,
    colour = "grey40")
}
