# Drawing of what plot-means.R has made.

# Base graphics ------------------------------------------------------------------------------------

draw_means <- function(data, xlab = attr(data, "name"), ylab = "", main = NULL, ...) {
  parts <- split(data, data$panel)
  old <- panels(length(parts), least = 2)
  on.exit(graphics::par(old))
  room_for(2L, levels(data$label))
  ends <- range(data$lower, data$upper, data$estimate, na.rm = TRUE)
  if (any(nzchar(data$letters))) ends[2L] <- ends[2L] + 0.12 * diff(ends)
  for (part in parts) {
    title <- if (length(parts) > 1L) as.character(part$panel[1L]) else main
    draw_mean_panel(droplevels(part), ends, xlab = xlab, ylab = ylab, main = title, ...)
  }
  if (!is.null(arrows_caption(data))) {
    graphics::mtext(arrows_caption(data), 3L, 0.2, cex = 0.7, col = "grey40")
  }
}

draw_mean_panel <- function(part, ends, ...) {
  y <- as.integer(part$label)
  base_plot(part$estimate, y, type = "n", xlim = ends, yaxt = "n",
    ylim = c(0.5, nlevels(part$label) + 0.5), ...)
  graphics::segments(part$lower, y, part$upper, y, lwd = 5, lend = 1L, col = "grey80")
  graphics::points(part$estimate, y, pch = 20)
  drawn <- which(part$arrow_right > part$estimate)
  graphics::arrows(part$estimate[drawn], y[drawn], part$arrow_right[drawn], length = 0.04,
    col = accent)
  drawn <- which(part$arrow_left < part$estimate)
  graphics::arrows(part$estimate[drawn], y[drawn], part$arrow_left[drawn], length = 0.04,
    col = accent)
  graphics::text(part$upper, y, part$letters, pos = 4L, cex = 0.8)
  name_axis(seq_len(nlevels(part$label)), levels(part$label))
}

# Lines along a number, with bands; a colour for each cell of the other variables.
draw_mean_curves <- function(data, xlab = attr(data, "axis"), ylab = attr(data, "name"),
                             main = NULL, ...) {
  parts <- split(data, data$panel)
  old <- panels(length(parts))
  on.exit(graphics::par(old))
  curves <- levels(data$curve)
  colours <- group_colours(length(curves))
  if (length(curves) > 1L) room_for(4L, curves, more = 0.5)
  for (part in parts) {
    title <- if (length(parts) > 1L) as.character(part$panel[1L]) else main
    base_plot(part$x, part$estimate, type = "n", xlab = xlab, ylab = ylab,
      ylim = range(data$lower, data$upper, na.rm = TRUE), main = title, ...)
    for (k in seq_along(curves)) draw_mean_curve(part[part$curve == curves[k], ], colours[k])
    if (length(curves) > 1L) key_beside(curves, col = colours, lwd = 2)
  }
}

draw_mean_curve <- function(own, colour) {
  own <- own[order(own$x), ]
  graphics::polygon(c(own$x, rev(own$x)), c(own$lower, rev(own$upper)), border = NA,
    col = grDevices::adjustcolor(colour, 0.2))
  graphics::lines(own$x, own$estimate, col = colour, lwd = 2)
  if (nrow(own) <= 12L) graphics::points(own$x, own$estimate, col = colour, pch = 20)
}

arrows_caption <- function(data) {
  misled <- attr(data, "misled") %||% 0L
  if (misled > 0L) paste("Arrows mislead about", misled, if (misled == 1L) "pair" else "pairs")
}

# ggplot2 ------------------------------------------------------------------------------------------

means_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  arrow <- function(side) {
    shown <- data[which(data[[side]] != data$estimate), ]
    ggplot2::geom_segment(aes(xend = .data[[side]], yend = .data[["label"]]), shown,
      colour = accent, linewidth = 0.4, arrow = grid::arrow(length = grid::unit(0.05, "inches")))
  }
  made <- look_ggplot(data, aes(.data[["estimate"]], .data[["label"]])) +
    ggplot2::geom_linerange(aes(xmin = .data[["lower"]], xmax = .data[["upper"]]),
      linewidth = 1.8, colour = "grey80", na.rm = TRUE) +
    ggplot2::geom_point(na.rm = TRUE, size = 1.4) + arrow("arrow_left") + arrow("arrow_right") +
    ggplot2::labs(x = attr(data, "name"), y = attr(data, "own"),
      caption = arrows_caption(data))
  if (any(nzchar(data$letters))) {
    made <- made + ggplot2::geom_text(aes(x = .data[["upper"]], label = .data[["letters"]]),
      hjust = -0.4, size = 2.8, na.rm = TRUE)
  }
  right <- if (any(nzchar(data$letters))) 0.15 else 0.05
  made <- made + narrow_axis(ggplot2::expansion(c(0.05, right)))
  if (nlevels(data$label) > 25L) {
    made <- made + ggplot2::theme(axis.text.y = ggplot2::element_text(size = 5.5))
  }
  if (nlevels(data$panel) > 1L) made + ggplot2::facet_wrap("panel") else made
}

mean_curves_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  n <- nlevels(data$curve)
  made <- look_ggplot(data, aes(.data[["x"]], .data[["estimate"]], colour = .data[["curve"]],
    fill = .data[["curve"]])) +
    ggplot2::geom_ribbon(aes(ymin = .data[["lower"]], ymax = .data[["upper"]]), colour = NA,
      alpha = 0.2, na.rm = TRUE) + ggplot2::geom_line(na.rm = TRUE) +
    ggplot2::scale_colour_manual(values = group_colours(n), name = attr(data, "others"),
      aesthetics = c("colour", "fill"), guide = if (n > 1L) "legend" else "none") +
    ggplot2::labs(x = attr(data, "axis"), y = attr(data, "name"))
  if (length(unique(data$x)) <= 12L) made <- made + ggplot2::geom_point(size = 1, na.rm = TRUE)
  if (nlevels(data$panel) > 1L) made + ggplot2::facet_wrap("panel") else made
}
