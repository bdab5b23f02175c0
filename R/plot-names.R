# Names of the rows of a picture.

# Names at all of the places along the left: in two columns where one would leave them too small,
# then as small as they need to be. The room for them is that of room_for_names().
name_axis <- function(at, names, cex = 0.8) {
  names <- wrapped(names)
  columns <- name_columns(names)
  cex <- max(min(cex, 1.1 * columns * lines_per_name(names)), 0.35)
  inner <- seq_along(at) %% columns == 0L
  step <- (text_width(names[inner], cex) + 0.08) / line_height()
  draw <- function(which, line) {
    graphics::axis(2L, at[which], names[which], las = 1L, cex.axis = cex, tick = FALSE,
      line = line - 0.5, gap.axis = -1)
  }
  draw(inner, 0)
  if (columns == 1L) return(invisible())
  # From the names of the outer column to the axis.
  left <- graphics::par("usr")[1L]
  graphics::segments(left - graphics::xinch(step * line_height()), at[!inner], left, at[!inner],
    col = "grey80", lwd = 0.5, xpd = NA)
  draw(!inner, step)
}

# Lines of text that each name has to itself.
lines_per_name <- function(names) {
  lines <- sum(lengths(strsplit(names, "\n", fixed = TRUE)))
  graphics::par("pin")[2L] / graphics::par("cin")[2L] / max(lines, 1L)
}

name_columns <- function(names) if (1.1 * lines_per_name(names) < 0.65) 2L else 1L

room_for_names <- function(names) {
  columns <- name_columns(names)
  cex <- if (columns == 1L) 0.8 else max(min(0.8, 2.2 * lines_per_name(names)), 0.35)
  room_for(2L, names, cex, more = 0.3 + (columns - 1L) * (text_width(names, cex) + 0.08))
}

# ggplot2 ------------------------------------------------------------------------------------------

# Names of the rows of a picture: in two columns where there are many.
row_name_guide <- function(n) {
  if (n > 25L) ggplot2::guide_axis(n.dodge = 2L) else ggplot2::guide_axis()
}

row_name_theme <- function(n) {
  size <- if (n <= 16L) 8 else if (n <= 40L) 6 else max(3.5, min(5, 300 / n))
  ggplot2::theme(axis.text.y = ggplot2::element_text(size = size))
}
