# Estimates of several analyses beside each other, a panel for each effect: their units differ.

# A row for each effect and analysis, with intervals of 1.96 standard errors: of variances on the
# scale of their logarithms, so that none reaches zero.
estimates_data <- function(names, estimates, errors, labels, positive = FALSE) {
  shown <- which(rowSums(is.finite(as.matrix(as.data.frame(estimates)))) > 0L)
  positive <- rep_len(positive, length(names))
  parts <- lapply(shown, function(k) {
    value <- vapply(estimates, `[`, 0, k)
    se <- vapply(errors, `[`, 0, k)
    logs <- positive[k] & !is.na(value) & value > 0
    half <- 1.96 * ifelse(logs, se / value, se)
    data.frame(effect = names[k], analysis = labels, estimate = value,
      lower = ifelse(logs, value * exp(-half), value - half),
      upper = ifelse(logs, value * exp(half), value + half))
  })
  data <- do.call(rbind, parts)
  data$effect <- factor(data$effect, unique(data$effect))
  data$analysis <- factor(data$analysis, labels)
  row.names(data) <- NULL
  data
}

# Up to so many panels are one above the other.
most_rows <- 3L

draw_estimates <- function(data, ...) {
  analyses <- levels(data$analysis)
  colours <- group_colours(length(analyses))
  parts <- split(data, data$effect)
  old <- panels(length(parts), mar = c(1.6, 1, 1.6, 0.6),
    least = if (length(parts) <= most_rows) Inf else 2, high = 0.4 + 0.12 * length(analyses))
  on.exit(graphics::par(old))
  room_for_names(wrapped(analyses))
  for (part in parts) {
    y <- nlevels(part$analysis) + 1L - as.integer(part$analysis)
    base_plot(part$estimate, y, xlim = range(part[c("estimate", "lower", "upper")], na.rm = TRUE),
      ylim = c(0.5, length(analyses) + 0.5), yaxt = "n", xlab = "", ylab = "",
      main = part$effect[1L], type = "n", ...)
    graphics::segments(part$lower, y, part$upper, y, col = colours[part$analysis], lwd = 2)
    graphics::points(part$estimate, y, col = colours[part$analysis], pch = 19)
    name_axis(rev(seq_along(analyses)), analyses)
  }
}

estimates_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  data$row <- factor(data$analysis, rev(levels(data$analysis)))
  look_ggplot(data, aes(.data[["estimate"]], .data[["row"]], colour = .data[["analysis"]])) +
    ggplot2::geom_linerange(aes(xmin = .data[["lower"]], xmax = .data[["upper"]]),
      linewidth = 0.8, na.rm = TRUE) + ggplot2::geom_point(na.rm = TRUE) +
    ggplot2::scale_colour_manual(values = group_colours(nlevels(data$analysis)),
      guide = "none") +
    ggplot2::facet_wrap("effect", scales = "free_x",
      ncol = if (nlevels(data$effect) <= most_rows) 1L) + narrow_axis() +
    ggplot2::theme(panel.spacing.y = grid::unit(1, "pt"),
      axis.text.y = ggplot2::element_text(size = 7),
      strip.text = ggplot2::element_text(margin = ggplot2::margin(2, 0, 1, 0))) +
    ggplot2::labs(x = "Estimate", y = NULL)
}
