# The pictures of plot-influence.R with ggplot2.

# Names above points.
names_above <- function(data, x, y) {
  .data <- ggplot2::.data
  ggplot2::geom_text(ggplot2::aes(.data[[x]], .data[[y]], label = .data[["label"]]),
    data[!is.na(data$label), ], colour = accent, size = 2.8, vjust = -0.6, inherit.aes = FALSE)
}

# In the panel of a picture of 80 mm.
with_raised_names <- function(data) {
  named <- data[!is.na(data$label), ]
  named$height <- raised_labels(named$number, named$cooks.distance,
    0.035 * nchar(named$label, "width") * nrow(data), 0.07 * max(named$cooks.distance))
  named
}

cooks_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  data$named <- !is.na(data$label)
  made <- look_ggplot(data, aes(.data[["number"]], .data[["cooks.distance"]])) +
    ggplot2::geom_segment(aes(xend = .data[["number"]], yend = 0, colour = .data[["named"]]),
      linewidth = if (nrow(data) <= 40L) 1.2 else 0.3, na.rm = TRUE) +
    ggplot2::scale_colour_manual(values = c("grey50", accent), guide = "none") +
    names_above(with_raised_names(data), "number", "height") +
    ggplot2::scale_y_continuous(expand = ggplot2::expansion(c(0, 0.1))) +
    ggplot2::labs(x = attr(data, "title"), y = "Cook's distance")
  if (nrow(data) > 40L) return(made)
  size <- if (nrow(data) > 20L) 6 else 8
  made + ggplot2::scale_x_continuous(breaks = data$number, labels = data$group) +
    ggplot2::theme(axis.text.x = ggplot2::element_text(angle = 90, vjust = 0.5, hjust = 1,
      size = size),
      panel.grid.minor.x = ggplot2::element_blank())
}

dfbetas_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  limit <- attr(data, "limit")
  data$coefficient <- factor(data$coefficient, rev(levels(data$coefficient)))
  look_ggplot(data, aes(.data[["dfbetas"]], .data[["coefficient"]])) +
    ggplot2::geom_vline(xintercept = c(-limit, 0, limit), colour = "grey50",
      linetype = c("dotted", "solid", "dotted")) +
    ggplot2::geom_point(alpha = 0.4, size = point_size(nrow(data)) * 2, na.rm = TRUE) +
    names_above(data, "dfbetas", "coefficient") +
    ggplot2::scale_x_continuous(expand = ggplot2::expansion(0.1)) +
    ggplot2::labs(x = "DFBETAS", y = NULL)
}

# Points with the names of some, those that are chosen in colour.
points_with_names <- function(data, x, y, chosen) {
  data$colour <- ifelse(chosen %in% TRUE, accent, "#00000080")
  size <- 2 * point_size(nrow(data))
  list(
    ggplot2::geom_point(colour = data$colour, size = size, stroke = 0, na.rm = TRUE),
    named_points(data, x, y, size)
  )
}

leverage_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  lines <- contour_data(data)
  ends <- lines[lines$leverage == max(lines$leverage) & lines$branch > 0, ]
  look_ggplot(data, aes(.data[["leverage"]], .data[["standardised"]])) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey50") +
    ggplot2::geom_line(aes(group = interaction(.data[["level"]], .data[["branch"]])), lines,
      linetype = "dashed", colour = "grey40", na.rm = TRUE) +
    ggplot2::geom_text(aes(label = format(.data[["level"]])), ends, hjust = -0.2, size = 2.8,
      colour = "grey40", na.rm = TRUE) +
    points_with_names(data, "leverage", "standardised", !is.na(data$label)) + room_above() +
    ggplot2::scale_x_continuous(limits = c(0, NA), expand = ggplot2::expansion(c(0, 0.2))) +
    ggplot2::labs(x = "Leverage", y = "Standardised residual",
      caption = "Broken lines: Cook's distance")
}

studentised_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  look_ggplot(data, aes(.data[["fitted"]], .data[["studentised"]])) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey50") +
    points_with_names(data, "fitted", "studentised", !is.na(data$label)) + room_above() +
    ggplot2::labs(x = "Fitted value", y = "Studentised residual")
}

outliers_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  limit <- attr(data, "limit")
  look_ggplot(data, aes(.data[["number"]], .data[["standardised"]])) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey50") +
    ggplot2::geom_hline(yintercept = c(-limit, limit), colour = accent, linetype = "dashed") +
    points_with_names(data, "number", "standardised", abs(data$standardised) > limit) +
    room_above() +
    ggplot2::labs(x = "Record", y = "Standardised residual")
}
