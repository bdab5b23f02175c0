# Correlations of a term or a residual as a picture.

# A row for each entry of the correlation matrix; NaN where a variance is zero.
correlation_cells <- function(covariance, names) {
  r <- correlation_matrix(covariance)
  data.frame(row = factor(names[row(r)], names), column = factor(names[col(r)], names),
    correlation = as.vector(r))
}

# The random term whose correlations are meant: the one of that label, or, where the residual has no
# structure, the first with several coefficients. 0: the residual.
correlation_term <- function(fit, term) {
  several <- which(vapply(fit$random, function(term) term$n_coef > 1L, NA))
  if (is.character(term) && length(term) == 1L) {
    return(c(several[term_labels(fit)[several] == term], 0L)[1L])
  }
  if (!has_iid_residual(fit)) return(0L)
  c(several, 0L)[1L]
}

term_correlation_data <- function(fit, k) {
  term <- fit$random[[k]]
  names <- short_names(fit, term$coef_names)
  structure(correlation_cells(term_covariance(term, k, fit$parameters), names),
    title = paste0("Correlations of ", term$label, " (", structure_name(term$structure), ")"))
}

# Without the name of a factor before all of its levels.
short_names <- function(fit, names) {
  for (factor in names(fit$frame)[vapply(fit$frame, is_factor_like, NA)]) {
    whole <- paste0(factor, column_codes(fit$frame[[factor]])$levels)
    if (all(names %in% whole)) return(substring(names, nchar(factor) + 1L))
  }
  names
}

# Numbers fit into the cells of so many rows.
most_numbers <- 12L

cell_text <- function(r) {
  # Short, as cells are narrow; of a zero the sign says nothing.
  text <- sub("^-?0[.]00$", "0", formatC(r, format = "f", digits = 2L))
  text <- sub("0.", ".", sub("1.00", "1", text, fixed = TRUE), fixed = TRUE)
  ifelse(is.finite(r), text, "")
}

# The smallest print that is read.
least_points <- 4

# Numbers of a square of cells, as large as the cells that they are drawn in allow, up to `most`
# points: known when the picture is drawn only. None where they could not be read.
cell_numbers <- function(r, most = 8) {
  n <- nrow(r)
  grid::gTree(text = cell_text(r), x = (col(r) - 0.5) / n, y = 1 - (row(r) - 0.5) / n, most = most,
    colour = ifelse(is.finite(r) & abs(r) > 0.7, "white", "black"), cl = "henderson_cells")
}

#' @exportS3Method grid::makeContent henderson_cells
#' @noRd
makeContent.henderson_cells <- function(x) {
  wide <- grid::stringWidth("-.00 ")
  # In points, of text of the size that stands.
  width <- grid::convertWidth(wide, "points", valueOnly = TRUE)
  cell <- grid::convertWidth(grid::unit(1 / sqrt(length(x$text)), "npc"), "points",
    valueOnly = TRUE)
  size <- min(x$most, grid::get.gpar("fontsize")$fontsize * cell / width)
  if (size < least_points) return(x)
  grid::setChildren(x, grid::gList(grid::textGrob(x$text, x$x, x$y,
    gp = grid::gpar(fontsize = size, col = x$colour))))
}

shown_labels <- function(n, most = 25L) {
  if (n <= most) seq_len(n) else unique(round(seq(1, n, length.out = 10L)))
}

draw_correlation <- function(data, main = attr(data, "title"), ...) {
  labels <- levels(data$row)
  n <- length(labels)
  r <- matrix(data$correlation, n)
  shown <- shown_labels(n)
  old <- panels()
  on.exit(graphics::par(old))
  room_for(2L, labels[shown])
  room_for(1L, labels[shown])
  room_for(4L, "-0.5", more = 0.4)
  graphics::par(mar = replace(graphics::par("mar"), 3L, title_room(!is.null(main))))
  graphics::image(seq_len(n), seq_len(n), t(r[rev(seq_len(n)), , drop = FALSE]),
    zlim = c(-1, 1), col = diverging(51L), axes = FALSE, xlab = "", ylab = "", main = main,
    cex.main = 1, font.main = 1L, ...)
  graphics::axis(1L, shown, labels[shown], las = 2L, tick = FALSE, cex.axis = 0.8, line = -0.6)
  graphics::axis(2L, n + 1L - shown, labels[shown], las = 1L, tick = FALSE, cex.axis = 0.8,
    line = -0.6)
  if (n <= most_numbers) {
    cex <- min(0.8, 1 / graphics::strwidth("-.00 ", cex = 1))
    numbers <- if (cex * graphics::par("ps") < least_points) "" else cell_text(r)
    graphics::text(col(r), n + 1L - row(r), numbers, cex = cex,
      col = ifelse(abs(r) > 0.7, "white", "black"))
  }
  colour_key(c(-1, 1))
}

correlation_ggplot <- function(data) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  labels <- levels(data$row)
  n <- length(labels)
  shown <- labels[shown_labels(n)]
  data$row <- factor(data$row, rev(labels))
  made <- look_ggplot(data, aes(.data[["column"]], .data[["row"]])) +
    ggplot2::geom_tile(aes(fill = .data[["correlation"]])) +
    scale_of_differences(1, na.value = "grey90") +
    ggplot2::scale_x_discrete(breaks = shown, expand = c(0, 0)) +
    ggplot2::scale_y_discrete(breaks = shown, expand = c(0, 0)) + ggplot2::coord_equal() +
    ggplot2::theme(axis.text.x = ggplot2::element_text(angle = 90, hjust = 1, vjust = 0.5),
      panel.grid.major = ggplot2::element_blank()) +
    ggplot2::labs(x = NULL, y = NULL, title = attr(data, "title"))
  if (n > most_numbers) return(made)
  made + ggplot2::annotation_custom(cell_numbers(matrix(data$correlation, n)))
}
