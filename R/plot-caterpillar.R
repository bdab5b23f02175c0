# Predicted random effects in order, with intervals of 1.96 standard errors of prediction.

# Up to so many levels each has its name; of more the three at each end.
named_levels <- 60L

caterpillar_data <- function(fit, term, coefficient) {
  effects <- ranef(fit, se = TRUE)
  term <- term %||% names(effects)[1L]
  if (!term %in% names(effects)) abort_term("term", term, names(effects))
  table <- effects[[term]]
  coefficient <- coefficient %||% names(table)[1L]
  check_choice(coefficient, names(table), "coefficient")
  data <- data.frame(
    level = row.names(table), effect = table[[coefficient]], se = attr(table, "se")[[coefficient]]
  )
  data$lower <- data$effect - 1.96 * data$se
  data$upper <- data$effect + 1.96 * data$se
  data <- data[order(data$effect), ]
  n <- nrow(data)
  data$rank <- seq_len(n)
  ends <- n <= named_levels | data$rank <= 3L | data$rank > n - 3L
  data$label <- ifelse(ends, data$level, NA)
  own <- short_names(fit, names(table))[match(coefficient, names(table))]
  structure(data, title = if (ncol(table) == 1L) effect_name(term, own) else
    paste0(term, ": ", own))
}

effect_name <- function(term, coefficient) {
  if (coefficient == "(Intercept)") paste("Effect of", term) else paste0(term, ": ", coefficient)
}

draw_caterpillar <- function(data, xlab = attr(data, "title"), ylab = "", ...) {
  n <- nrow(data)
  few <- n <= named_levels
  old <- panels()
  on.exit(graphics::par(old))
  if (few) room_for_names(wrapped(data$level))
  base_plot(data$effect, data$rank, xlim = range(data$lower, data$upper), type = "n", xlab = xlab,
    ylab = if (few) ylab else paste(n, "levels in order"), yaxt = "n", ...)
  graphics::segments(data$lower, data$rank, data$upper, data$rank,
    col = if (few) "grey40" else "grey80", lwd = if (few) 1.5 else 0.5)
  graphics::abline(v = 0, col = "grey50")
  graphics::points(data$effect, data$rank, pch = 20, cex = if (few) 1 else 0.3)
  if (few) {
    name_axis(data$rank, data$level)
  } else {
    draw_end_names(data)
  }
}

stacked <- function(names) paste(names, collapse = "\n")

# Names of the ends, one above the other, in the empty corners.
draw_end_names <- function(data) {
  usr <- graphics::par("usr")
  graphics::text(usr[1L], usr[4L], stacked(rev(data$label[data$rank > nrow(data) - 3L])),
    adj = c(-0.05, 1.1), cex = 0.8, col = accent)
  graphics::text(usr[2L], usr[3L], stacked(rev(data$label[data$rank <= 3L])),
    adj = c(1.05, -0.2), cex = 0.8, col = accent)
}

caterpillar_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  n <- nrow(data)
  few <- n <= named_levels
  made <- look_ggplot(data, aes(.data[["effect"]], .data[["rank"]])) +
    ggplot2::geom_linerange(aes(xmin = .data[["lower"]], xmax = .data[["upper"]]),
      colour = if (few) "grey40" else "grey80", linewidth = if (few) 0.6 else 0.2) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey50") +
    ggplot2::geom_point(size = if (few) min(1.3, 40 / n) else 0.3) +
    ggplot2::labs(x = attr(data, "title"), y = if (few) NULL else paste(n, "levels in order"))
  if (!few) return(made + end_names(data) + without_scale())
  made + ggplot2::scale_y_continuous(breaks = data$rank, labels = wrapped(data$level),
    expand = ggplot2::expansion(add = 0.6), guide = row_name_guide(n)) +
    row_name_theme(n) + ggplot2::theme(panel.grid.major.y = ggplot2::element_blank())
}

without_scale <- function() {
  blank <- ggplot2::element_blank()
  ggplot2::theme(axis.text.y = blank, axis.ticks.y = blank, panel.grid.major.y = blank)
}

end_names <- function(data) {
  n <- nrow(data)
  list(
    ggplot2::annotate("text", -Inf, Inf, label = stacked(rev(data$label[data$rank > n - 3L])),
      hjust = -0.03, vjust = 1.1, lineheight = 0.9, size = 2.8, colour = accent),
    ggplot2::annotate("text", Inf, -Inf, label = stacked(rev(data$label[data$rank <= 3L])),
      hjust = 1.03, vjust = -0.2, lineheight = 0.9, size = 2.8, colour = accent)
  )
}
