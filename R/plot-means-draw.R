# Drawing of what plot-means.R has made.

# Base graphics ------------------------------------------------------------------------------------

draw_means <- function(data, xlab = attr(data, "name"), ylab = "", main = NULL, ...) {
  parts <- split(data, data$panel)
  old <- panels(length(parts), top = 1.6, least = 2, high = 0.5 + 0.1 * nlevels(data$label))
  on.exit(graphics::par(old))
  room_for_names(wrapped(levels(data$label)))
  ends <- range(data[c("lower", "upper", "estimate", "arrow_left", "arrow_right")], na.rm = TRUE)
  if (any(nzchar(data$letters))) ends[2L] <- ends[2L] + 0.12 * diff(ends)
  for (part in parts) {
    draw_mean_panel(droplevels(part), ends, xlab = xlab, ylab = ylab, main = main, ...)
    graphics::mtext(part$panel[1L], 3L, 0.1, adj = 0, cex = 0.8)
    # What the names are, above them.
    graphics::mtext(paste0(attr(data, "own"), "  "), 3L, 0.1, at = graphics::par("usr")[1L],
      adj = 1, cex = 0.7, col = "grey40")
  }
  if (!is.null(arrows_caption(data))) {
    graphics::mtext(arrows_caption(data), 3L, 0.2, cex = 0.7, col = "grey40")
  }
}

draw_mean_panel <- function(part, ends, ...) {
  y <- as.integer(part$label)
  base_plot(part$estimate, y, type = "n", xlim = ends, yaxt = "n",
    ylim = c(0.5, nlevels(part$label) + 0.5), ...)
  graphics::segments(part$lower, y, part$upper, y, lwd = min(5, 120 / length(y)), lend = 1L,
    col = "grey80")
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

# Of several curves with few points the intervals stand beside each other.
has_bars <- function(data) nlevels(data$curve) > 1L && length(unique(data$x)) <= 12L

apart <- function(data) {
  if (!has_bars(data)) return(data)
  n <- nlevels(data$curve)
  at <- sort(unique(data$x))
  step <- min(0.02 * diff(range(at)), 0.4 * min(diff(at)) / n)
  data$x <- data$x + step * (as.integer(data$curve) - (n + 1) / 2)
  data
}

# Lines along a number, with bands or bars; a colour for each cell of the other variables.
draw_mean_curves <- function(data, xlab = attr(data, "axis"), ylab = attr(data, "name"),
                             main = NULL, ...) {
  bars <- has_bars(data)
  data <- apart(data)
  parts <- split(data, data$panel)
  old <- panels(length(parts), title_room(length(parts) > 1L || !is.null(main)))
  on.exit(graphics::par(old))
  curves <- levels(data$curve)
  colours <- group_colours(length(curves))
  if (length(curves) > 1L) room_for(4L, curves, more = 0.5)
  for (part in parts) {
    title <- if (length(parts) > 1L) as.character(part$panel[1L]) else main
    base_plot(part$x, part$estimate, type = "n", xlab = xlab, ylab = ylab,
      ylim = range(data$lower, data$upper, na.rm = TRUE), main = title, ...)
    for (k in seq_along(curves)) {
      draw_mean_curve(part[part$curve == curves[k], ], colours[k], bars)
    }
    if (length(curves) > 1L) {
      key_beside(curves, col = colours, lwd = 2, title = attr(data, "others"))
    }
  }
}

draw_mean_curve <- function(own, colour, bars) {
  own <- own[order(own$x), ]
  pale <- grDevices::adjustcolor(colour, if (bars) 0.4 else 0.2)
  if (bars) {
    graphics::segments(own$x, own$lower, own$x, own$upper, col = pale, lwd = 3, lend = 1L)
  } else {
    graphics::polygon(c(own$x, rev(own$x)), c(own$lower, rev(own$upper)), border = NA, col = pale)
  }
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
  rows <- nlevels(data$label)
  arrow <- function(side) {
    shown <- data[which(data[[side]] != data$estimate), ]
    ggplot2::geom_segment(aes(xend = .data[[side]], yend = .data[["label"]]), shown,
      colour = accent, linewidth = 0.4, arrow = grid::arrow(length = grid::unit(0.05, "inches")))
  }
  made <- look_ggplot(data, aes(.data[["estimate"]], .data[["label"]])) +
    ggplot2::geom_linerange(aes(xmin = .data[["lower"]], xmax = .data[["upper"]]),
      linewidth = min(1.8, 40 / rows), colour = "grey80", na.rm = TRUE) +
    ggplot2::geom_point(na.rm = TRUE, size = min(1.4, 40 / rows)) +
    arrow("arrow_left") + arrow("arrow_right") +
    ggplot2::labs(x = attr(data, "name"), y = attr(data, "own"),
      caption = arrows_caption(data))
  if (any(nzchar(data$letters))) {
    made <- made + ggplot2::geom_text(aes(x = .data[["upper"]],
      label = paste0(" ", .data[["letters"]])), hjust = 0, size = 2.8, na.rm = TRUE)
  }
  right <- 0.05 + 0.04 * max(nchar(data$letters))
  made <- made + narrow_axis(expand = ggplot2::expansion(c(0.05, right)))
  made <- made + ggplot2::scale_y_discrete(labels = wrapped, guide = row_name_guide(rows)) +
    row_name_theme(rows)
  if (nlevels(data$panel) > 1L) made + ggplot2::facet_wrap("panel") else made
}

mean_curves_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  n <- nlevels(data$curve)
  interval <- aes(ymin = .data[["lower"]], ymax = .data[["upper"]])
  made <- look_ggplot(apart(data), aes(.data[["x"]], .data[["estimate"]],
    colour = .data[["curve"]], fill = .data[["curve"]])) +
    (if (has_bars(data)) {
      ggplot2::geom_linerange(interval, linewidth = 1.2, alpha = 0.4, na.rm = TRUE)
    } else {
      ggplot2::geom_ribbon(interval, colour = NA, alpha = 0.2, na.rm = TRUE)
    }) + ggplot2::geom_line(na.rm = TRUE) +
    ggplot2::scale_colour_manual(values = group_colours(n), name = attr(data, "others"),
      aesthetics = c("colour", "fill"), guide = if (n > 1L) "legend" else "none") +
    ggplot2::labs(x = attr(data, "axis"), y = attr(data, "name"))
  if (length(unique(data$x)) <= 12L) made <- made + ggplot2::geom_point(size = 1, na.rm = TRUE)
  if (nlevels(data$panel) > 1L) made + ggplot2::facet_wrap("panel") else made
}
