# Drawing of what plot-spline.R has made, with base graphics and with ggplot2.

curve_colours <- function(n) if (n == 1L) accent else group_colours(n)

draw_term_plot <- function(data, type, ...) {
  switch(type, spline = draw_spline_curves(data, ...), surface = draw_surface(data, ...),
    biplot = draw_biplot(data, ...))
}

draw_spline_curves <- function(data, main = attr(data, "title"), xlab = attr(data, "variable"),
                               ylab = attr(data, "response"), ...) {
  records <- attr(data, "records")
  lower <- data$fit - 1.96 * data$se
  upper <- data$fit + 1.96 * data$se
  curves <- unique(data$curve)
  colours <- curve_colours(length(curves))
  keyed <- length(curves) > 1L && length(curves) <= 12L
  old <- panels(top = title_room(!is.null(main)))
  on.exit(graphics::par(old))
  if (keyed) room_for(4L, curves, more = 0.5)
  base_plot(records$x, records$y, col = "grey70", cex = 0.6, main = main, xlab = xlab, ylab = ylab,
    ylim = range(records$y, lower, upper), ...)
  for (j in seq_along(curves)) {
    at <- which(data$curve == curves[j])
    graphics::polygon(c(data$x[at], rev(data$x[at])), c(lower[at], rev(upper[at])), border = NA,
      col = grDevices::adjustcolor(colours[j], 0.2))
    graphics::lines(data$x[at], data$fit[at], col = colours[j], lwd = 2)
  }
  if (keyed) key_beside(curves, col = colours, lwd = 2, title = attr(data, "own"))
}

draw_surface <- function(data, main = attr(data, "title"), xlab = attr(data, "variables")[1L],
                         ylab = attr(data, "variables")[2L], ...) {
  levels <- unique(data$level)
  most <- max(abs(data$trend))
  old <- panels(length(levels), top = 1.8)
  on.exit(graphics::par(old))
  room_for(4L, format(key_values(c(-most, most))), more = 0.4)
  for (level in levels) {
    own <- data[data$level == level, ]
    x <- sort(unique(own$x))
    y <- sort(unique(own$y))
    z <- matrix(NA_real_, length(x), length(y))
    z[cbind(match(own$x, x), match(own$y, y))] <- own$trend
    title <- if (length(levels) > 1L) paste(main, level) else main
    graphics::image(x, y, z, zlim = c(-most, most), col = diverging(51L), xlab = xlab,
      ylab = ylab, main = title, las = 1L, tcl = -0.25, mgp = c(1.7, 0.4, 0), cex.main = 1,
      font.main = 1L, ...)
    graphics::contour(x, y, z, add = TRUE, col = "grey30", drawlabels = FALSE)
    colour_key(c(-most, most))
  }
}

draw_biplot <- function(data, main = attr(data, "title"), xlab = attr(data, "axes")[1L],
                        ylab = attr(data, "axes")[2L], ...) {
  old <- panels(top = title_room(!is.null(main)))
  on.exit(graphics::par(old))
  named <- biplot_names(data)
  named$width <- graphics::strwidth(paste0(named$label, "n"), "inches", cex = 1) * named$cex
  named$height <- 1.3 * graphics::strheight("Mg", "inches", cex = 1) * named$cex
  mai <- graphics::par("mai")
  placed <- biplot_places(data, named, min(graphics::par("din") - mai[1:2] - mai[3:4]))
  arrows <- data[data$kind == "loading" & data$x^2 + data$y^2 > 0, ]
  points <- data[data$kind == "score", ]
  base_plot(points$x, points$y, col = "grey60", asp = 1, xlim = placed$x, ylim = placed$y,
    main = main, xlab = xlab, ylab = ylab, ...)
  graphics::abline(h = 0, v = 0, col = "grey85")
  graphics::arrows(0, 0, arrows$x, arrows$y, length = 0.08, col = accent)
  named <- placed$named
  graphics::segments(named$x0, named$y0, named$x, named$y, col = "grey80", lwd = 0.6)
  graphics::text(named$x, named$y, named$label, cex = named$cex, col = named$colour, xpd = NA)
}

# Arrows have names, and so have the points that are farthest out.
biplot_names <- function(data, most = 12L) {
  far <- rank(-ifelse(data$kind == "score", data$x^2 + data$y^2, -1), ties.method = "first") <= most
  named <- data[data$kind == "loading" | far, ]
  arrow <- named$kind == "loading"
  named$cex <- ifelse(arrow, 0.8, 0.6)
  named$colour <- ifelse(arrow, accent, "grey40")
  named
}

# list(named, x, y): names spread such that they do not overprint each other, and limits of the axes
# that hold them. `width` and `height` of names are in inches, and so is `panel`, the side of the
# picture.
biplot_places <- function(data, named, panel) {
  limits <- list(x = range(data$x, 0), y = range(data$y, 0))
  for (round in 1:3) {
    unit <- max(diff(limits$x), diff(limits$y)) / panel
    w <- named$width * unit
    h <- named$height * unit
    # Ahead of the arrow, above the point.
    length <- pmax(sqrt(named$x^2 + named$y^2), 1e-300)
    ahead <- (h + w * abs(named$x) / length) / 2
    arrow <- named$kind == "loading"
    found <- list(x = named$x + ifelse(arrow, ahead * named$x / length, 0),
      y = named$y + ifelse(arrow, ahead * named$y / length, 0.6 * h))
    for (push in 1:30) {
      clear <- clear_of_arrows(found, w, h, named[arrow, c("x", "y")])
      moved <- spread_labels(clear$x, clear$y, w, h)
      if (identical(moved, found)) break
      found <- moved
    }
    limits <- list(x = range(data$x, found$x - w / 2, found$x + w / 2),
      y = range(data$y, found$y - h / 2, found$y + h / 2))
  }
  places <- data.frame(named[c("label", "cex", "colour")], x0 = named$x, y0 = named$y,
    x = found$x, y = found$y)
  on_arrow <- clear_of_arrows(found, w, h, named[arrow, c("x", "y")])
  free <- on_arrow$x == found$x & on_arrow$y == found$y
  c(list(named = places[with_room(found, w, h, arrow, free), ]), limits)
}

# Names of points that still lie on another name or an arrow are left out; those of arrows are not.
with_room <- function(places, w, h, arrow, free) {
  kept <- arrow
  for (k in which(!arrow & free)) {
    over <- abs(places$x - places$x[k]) < (w + w[k]) / 2 &
      abs(places$y - places$y[k]) < (h + h[k]) / 2
    kept[k] <- !any(over & kept)
  }
  kept
}

# Boxes, of widths w and heights h around the places, are moved off the arrows from the origin to
# tips: sideways or ahead, whichever is less. They overlap where no direction separates them.
clear_of_arrows <- function(places, w, h, tips) {
  for (k in seq_len(nrow(tips))) {
    tip <- c(tips$x[k], tips$y[k])
    length <- sqrt(sum(tip^2))
    if (length == 0) next
    u <- tip / length
    along <- places$x * u[1L] + places$y * u[2L]
    beside <- places$y * u[1L] - places$x * u[2L]
    half_along <- (w * abs(u[1L]) + h * abs(u[2L])) / 2
    half_beside <- (h * abs(u[1L]) + w * abs(u[2L])) / 2
    hit <- abs(beside) < half_beside & along + half_along > 0 & along - half_along < length &
      places$x - w / 2 < max(tip[1L], 0) & places$x + w / 2 > min(tip[1L], 0) &
      places$y - h / 2 < max(tip[2L], 0) & places$y + h / 2 > min(tip[2L], 0)
    sideways <- half_beside - abs(beside)
    ahead <- length - along + half_along
    side <- ifelse(beside >= 0, 1, -1) * ifelse(hit & sideways <= ahead, 1.02 * sideways, 0)
    on <- ifelse(hit & sideways > ahead, 1.02 * ahead, 0)
    places$x <- places$x + on * u[1L] - side * u[2L]
    places$y <- places$y + on * u[2L] + side * u[1L]
  }
  places
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
  made <- look_ggplot(data, aes(.data[["x"]], colour = .data[["curve"]])) +
    ggplot2::geom_point(aes(.data[["x"]], .data[["y"]]), records, inherit.aes = FALSE,
      colour = "grey70", size = 0.8) +
    ggplot2::geom_ribbon(aes(ymin = .data[["fit"]] - 1.96 * .data[["se"]],
      ymax = .data[["fit"]] + 1.96 * .data[["se"]], fill = .data[["curve"]]),
      colour = NA, alpha = 0.2) +
    ggplot2::geom_line(aes(y = .data[["fit"]])) +
    ggplot2::labs(x = attr(data, "variable"), y = attr(data, "response"),
      colour = attr(data, "own"), fill = attr(data, "own"))
  colours <- curve_colours(nlevels(data$curve))
  made <- made + ggplot2::scale_colour_manual(values = colours, aesthetics = c("colour", "fill"))
  if (several) made else made + ggplot2::theme(legend.position = "none")
}

surface_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  made <- look_ggplot(data, aes(.data[["x"]], .data[["y"]])) +
    ggplot2::geom_raster(aes(fill = .data[["trend"]])) +
    ggplot2::geom_contour(aes(z = .data[["trend"]]), colour = "grey30", linewidth = 0.3) +
    scale_of_differences(max(abs(data$trend))) +
    ggplot2::scale_x_continuous(expand = c(0, 0)) + ggplot2::scale_y_continuous(expand = c(0, 0)) +
    ggplot2::labs(x = attr(data, "variables")[1L], y = attr(data, "variables")[2L])
  if (length(unique(data$level)) > 1L) made + ggplot2::facet_wrap("level") else made
}

biplot_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  arrows <- data[data$kind == "loading", ]
  points <- data[data$kind == "score", ]
  named <- biplot_names(data)
  # For the panel of a picture of 80 mm.
  named$width <- 0.073 * named$cex * (nchar(named$label, "width") + 1)
  named$height <- 0.15 * named$cex
  placed <- biplot_places(data, named, 62 / 25.4)
  named <- placed$named
  look_ggplot(points, aes(.data[["x"]], .data[["y"]])) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey85") +
    ggplot2::geom_vline(xintercept = 0, colour = "grey85") +
    ggplot2::geom_point(colour = "grey60", size = 1) +
    ggplot2::geom_segment(aes(.data[["x0"]], .data[["y0"]], xend = .data[["x"]],
      yend = .data[["y"]]), named, colour = "grey80", linewidth = 0.2) +
    ggplot2::geom_segment(aes(0, 0, xend = .data[["x"]], yend = .data[["y"]]), arrows,
      colour = accent, arrow = grid::arrow(length = grid::unit(0.08, "inches"))) +
    ggplot2::geom_text(aes(label = .data[["label"]]), named, size = 3.1 * named$cex,
      colour = named$colour) +
    ggplot2::coord_equal(xlim = placed$x, ylim = placed$y) +
    ggplot2::labs(x = attr(data, "axes")[1L], y = attr(data, "axes")[2L])
}
