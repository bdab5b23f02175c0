# Drawing of what plot-residual.R and plot-profiles.R have made.

# Base graphics ------------------------------------------------------------------------------------

draw_residual_plot <- function(data, type, ...) {
  switch(type, correlation = draw_correlation(data, ...), profiles = draw_profiles(data, ...),
    field = draw_field(data, ...), draw_lags(lag_picture(data, type), ...))
}

# By lag: sample value, that of the fitted structure, and limits: of no correlation, or of a sample
# variogram of independent pairs around the fitted one.
lag_picture <- function(data, type) {
  if (type == "autocorrelation") {
    half <- 1.96 / sqrt(data$pairs)
    picture <- data.frame(value = data$sample, fitted = data$fitted, lower = -half, upper = half)
    name <- "Correlation"
  } else {
    fitted <- 1 - data$fitted
    half <- 1.96 * sqrt(2 / data$pairs) * fitted
    picture <- data.frame(value = data$semivariance, fitted = fitted,
      lower = pmax(fitted - half, 0), upper = fitted + half)
    name <- "Semivariance"
  }
  structure(data.frame(data[c("direction", "lag", "pairs")], picture), name = name,
    title = attr(data, "title"))
}

lag_name <- function(direction) {
  ifelse(direction == "all", "Lag", paste("Lag of", direction))
}

draw_lags <- function(data, main = NULL, xlab = NULL, ylab = attr(data, "name"), ...) {
  parts <- split(data, factor(data$direction, unique(data$direction)))
  if (length(parts) == 1L) main <- main %||% attr(data, "title")
  old <- panels(length(parts), top = if (is.null(main)) 1.6 else 2.8)
  on.exit(graphics::par(old))
  # Room for the counts under the lowest point.
  reach <- range(data$value, data$fitted, data$lower, data$upper, 0)
  reach[1L] <- reach[1L] - 0.12 * diff(reach)
  for (part in parts) {
    base_plot(grDevices::extendrange(part$lag, f = 0.05), reach, type = "n", ylim = reach,
      ylab = ylab, xlab = xlab %||% lag_name(part$direction[1L]), ...)
    graphics::segments(part$lag, part$lower, part$lag, part$upper, lwd = 5, lend = 1L,
      col = "grey85")
    graphics::abline(h = 0, col = "grey50")
    graphics::lines(part$lag, part$fitted, col = cold, lwd = 2)
    graphics::points(part$lag, part$value, pch = 20)
    draw_counts(part$lag, part$pairs)
    if (!is.null(main)) graphics::mtext(main, 3L, 1.5)
    if (part$direction[1L] != data$direction[1L]) next
    key_above(c("sample", "fitted", "95 % limits"), pch = c(20, NA, 15), lty = c(NA, 1, NA),
      lwd = c(NA, 2, NA), col = c("black", cold, "grey85"))
  }
}

# Numbers of pairs along the axis: of those that would overprint only the first.
draw_counts <- function(x, n) {
  bottom <- graphics::par("usr")[3L]
  text <- as.character(n)
  half <- graphics::strwidth(paste0(text, "n"), cex = 0.6) / 2
  end <- -Inf
  for (i in order(x)) {
    if (x[i] - half[i] < end) next
    graphics::text(x[i], bottom, text[i], pos = 3L, offset = 0.2, cex = 0.6, col = "grey40",
      xpd = NA)
    end <- x[i] + half[i]
  }
}

draw_profiles <- function(data, main = NULL, xlab = attr(data, "axis"),
                          ylab = attr(data, "response"), ...) {
  groups <- levels(data$group)
  several <- length(groups) > 1L
  colours <- if (several) group_colours(length(groups)) else accent
  pale <- grDevices::adjustcolor(colours, 0.3)
  old <- panels(top = if (is.null(main)) 1.6 else 2.8)
  on.exit(graphics::par(old))
  if (several) room_for(4L, groups, more = 0.5)
  base_plot(data$x, data$y, type = "n", main = main, xlab = xlab, ylab = ylab,
    ylim = range(data$y, data$fitted), ...)
  for (part in split(data, data$subject)) {
    graphics::lines(part$x, part$y, col = pale[match(part$group[1L], groups)])
  }
  for (part in split(data, data$subject)) {
    graphics::lines(part$x, part$fitted, col = colours[match(part$group[1L], groups)])
  }
  if (several) key_beside(groups, col = colours, lwd = 2, title = attr(data, "group"))
  ends <- if (several) c("grey70", "black") else c(pale, colours)
  key_above(c("observed", "fitted"), lty = 1, col = ends)
}

draw_field <- function(data, main = attr(data, "title"), xlab = attr(data, "axes")[2L],
                       ylab = attr(data, "axes")[1L], ...) {
  most <- max(abs(data$residual), na.rm = TRUE)
  fields <- split(data, data$subject)
  old <- panels(length(fields), top = 1.8)
  on.exit(graphics::par(old))
  room_for(4L, format(key_values(c(-most, most))), more = 0.4)
  for (field in fields) {
    surface <- matrix(field$residual, max(field$row))
    title <- if (length(fields) > 1L) attr(data, "subjects")[field$subject[1L]] else main
    graphics::image(seq_len(ncol(surface)), seq_len(nrow(surface)), t(surface),
      zlim = c(-most, most), col = diverging(51L), xlab = xlab, ylab = ylab, main = title,
      las = 1L, tcl = -0.25, mgp = c(1.7, 0.4, 0), cex.main = 1, font.main = 1L, ...)
    missing <- field[is.na(field$residual), ]
    graphics::rect(missing$column - 0.5, missing$row - 0.5, missing$column + 0.5,
      missing$row + 0.5, col = "grey88", border = NA)
    graphics::points(missing$column, missing$row, pch = 4, cex = 0.6, col = "grey40")
    colour_key(c(-most, most))
  }
}

# ggplot2 ------------------------------------------------------------------------------------------

residual_ggplot <- function(data, type) {
  switch(type, correlation = correlation_ggplot(data), profiles = profiles_ggplot(data),
    field = field_ggplot(data), lags_ggplot(lag_picture(data, type)))
}

lags_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  data$direction <- factor(data$direction, unique(data$direction))
  made <- look_ggplot(data, aes(.data[["lag"]])) +
    ggplot2::geom_linerange(aes(ymin = .data[["lower"]], ymax = .data[["upper"]],
      linewidth = "95 % limits"), colour = "grey85") +
    ggplot2::geom_hline(yintercept = 0, colour = "grey50") +
    ggplot2::geom_line(aes(y = .data[["fitted"]], colour = "fitted"), linewidth = 0.8) +
    ggplot2::geom_point(aes(y = .data[["value"]], shape = "sample")) +
    ggplot2::geom_text(aes(y = -Inf, label = paste0(" ", .data[["pairs"]], " ")),
      vjust = -0.6, size = 2.3, colour = "grey40", check_overlap = TRUE) +
    ggplot2::scale_linewidth_manual(values = 1.8, name = NULL) +
    ggplot2::scale_colour_manual(values = cold, name = NULL) +
    ggplot2::scale_shape_manual(values = 19, name = NULL) +
    ggplot2::scale_y_continuous(expand = ggplot2::expansion(c(0.12, 0.05))) + key_at_foot() +
    ggplot2::scale_x_continuous(expand = ggplot2::expansion(0.09), n.breaks = 4L) +
    ggplot2::labs(x = "Lag", y = attr(data, "name"), title = attr(data, "title"))
  if (nlevels(data$direction) == 1L) return(made)
  names <- stats::setNames(lag_name(levels(data$direction)), levels(data$direction))
  made + ggplot2::labs(x = NULL) + ggplot2::facet_wrap("direction", scales = "free_x",
    labeller = ggplot2::as_labeller(names))
}

profiles_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  groups <- levels(data$group)
  several <- length(groups) > 1L
  look_ggplot(data, aes(.data[["x"]], group = .data[["subject"]])) +
    ggplot2::geom_line(aes(y = .data[["y"]], colour = .data[["group"]], alpha = "observed")) +
    ggplot2::geom_line(aes(y = .data[["fitted"]], colour = .data[["group"]], alpha = "fitted")) +
    ggplot2::scale_colour_manual(values = if (several) group_colours(length(groups)) else accent,
      name = attr(data, "group"), guide = if (several) ggplot2::guide_legend(order = 1L,
        override.aes = list(linewidth = 1)) else "none") +
    ggplot2::scale_alpha_manual(values = c(observed = 0.3, fitted = 1), name = NULL,
      breaks = c("observed", "fitted"), guide = ggplot2::guide_legend(order = 2L)) +
    key_at_foot("vertical") + ggplot2::labs(x = attr(data, "axis"), y = attr(data, "response"))
}

field_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  axes <- attr(data, "axes")
  made <- look_ggplot(data, aes(.data[["column"]], .data[["row"]])) +
    ggplot2::geom_tile(aes(fill = .data[["residual"]])) +
    ggplot2::geom_point(data = data[is.na(data$residual), ], shape = 4, size = 1,
      colour = "grey40") +
    scale_of_differences(max(abs(data$residual), na.rm = TRUE), na.value = "grey88") +
    ggplot2::scale_x_continuous(expand = c(0, 0), breaks = whole_breaks) +
    ggplot2::scale_y_continuous(expand = c(0, 0), breaks = whole_breaks) +
    ggplot2::labs(x = axes[2L], y = axes[1L], title = attr(data, "title"))
  if (max(data$subject) == 1L) return(made)
  names <- stats::setNames(attr(data, "subjects"), seq_along(attr(data, "subjects")))
  made + ggplot2::facet_wrap("subject", labeller = ggplot2::as_labeller(names))
}
