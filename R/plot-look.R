# The look that all pictures share, with base graphics and with ggplot2.

accent <- "#B2182B"
cold <- "#2166AC"

# Colours of groups: those of Okabe and Ito that are readable on white, and more where there are
# more groups.
group_colours <- function(n) {
  known <- c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C564B")
  if (n <= length(known)) known[seq_len(n)] else grDevices::hcl.colors(n, "Dark 3")
}

# Blue to white to red, over -1 to 1 or the range of the values.
diverging <- function(n) grDevices::colorRampPalette(c(cold, "white", accent))(n)

point_size <- function(n) if (n > 2000L) 0.4 else if (n > 200L) 0.6 else 0.8

# Points that overlap are seen through.
point_colour <- function(n) {
  grDevices::adjustcolor("black", if (n > 2000L) 0.25 else if (n > 200L) 0.5 else 0.8)
}

# Base graphics ------------------------------------------------------------------------------------

# graphics::plot() with the look, where the user has not asked for another.
base_plot <- function(x, y, ..., ylab = "") {
  look <- list(bty = "l", las = 1L, tcl = -0.25, mgp = c(1.7, 0.4, 0), pch = 20, cex.main = 1,
    font.main = 1L)
  given <- list(...)
  check_graphics(names(given))
  line <- if (identical(given$yaxt, "n")) 0.7 else number_lines(given$ylim %||% range(y)) + 0.7
  # Letters of formulas are deeper.
  if (!identical(ylab, "")) make_lines(2L, line + if (is.expression(ylab)) 1.5 else 1.1)
  do.call(graphics::plot, c(list(x, y, ylab = ""), given, look[setdiff(names(look), names(given))]))
  lab <- given[intersect(names(given), c("cex.lab", "col.lab", "font.lab"))]
  do.call(graphics::title, c(list(ylab = ylab, line = line), lab))
}

# R passes over what is no graphical parameter with a warning for each part of a picture.
check_graphics <- function(names) {
  known <- c(names(formals(graphics::plot.default)), graphical_parameters)
  unknown <- setdiff(names, c(known, ""))
  if (length(unknown) > 0L) abort_graphics(unknown[1L], nearest_names(unknown[1L], known))
}

graphical_parameters <- c("adj", "bg", "bty", "cex", "cex.axis", "cex.lab", "cex.main", "cex.sub",
  "col", "col.axis", "col.lab", "col.main", "col.sub", "crt", "err", "family", "fg", "font",
  "font.axis", "font.lab", "font.main", "font.sub", "lab", "las", "lend", "lheight", "ljoin",
  "lmitre", "lty", "lwd", "mgp", "mkh", "pch", "smo", "srt", "tck", "tcl", "xaxp", "xaxs", "xaxt",
  "xpd", "yaxp", "yaxs", "yaxt", "ylbias")

# Lines of margin that the numbers of an axis with these limits need.
number_lines <- function(limits) {
  0.4 + text_width(format(pretty(limits))) / line_height()
}

line_height <- function() graphics::par("mai")[1L] / graphics::par("mar")[1L]

# At least so many lines of margin at a side.
make_lines <- function(side, lines) {
  mar <- graphics::par("mar")
  if (mar[side] < lines) graphics::par(mar = replace(mar, side, lines))
}

# Panels in one picture, with narrow margins: side by side as far as each is `least` inches wide,
# if that leaves rows `high` inches. Gives the settings to return to.
panels <- function(n = 1L, top = 0.6, mar = c(2.8, 2.8, top, 0.8), least = 1.4, high = 1.3) {
  if (n == 1L) return(graphics::par(mar = mar))
  size <- graphics::par("din")
  shape <- rev(grDevices::n2mfrow(n))
  columns <- min(shape[2L], max(1, floor(size[1L] / least)))
  rows <- ceiling(n / columns)
  old <- graphics::par(mfrow = if (high * rows <= size[2L]) c(rows, columns) else shape)
  # R writes at two thirds of the size where there are three rows or columns.
  if (graphics::par("cex") < 0.8) graphics::par(cex = 0.8)
  c(old, graphics::par(mar = mar))
}

title_room <- function(titled) if (titled) 1.8 else 0.6

text_width <- function(labels, cex = 1) {
  max(graphics::strwidth(labels, units = "inches", cex = cex), 0)
}

# Room in inches at a side for text; gives the settings to return to.
room_for <- function(side, labels, cex = 0.8, more = 0.3) {
  most <- 0.45 * graphics::par("din")[1L + (side %% 2L == 1L)]
  size <- min(text_width(labels, cex) + more, most)
  graphics::par(mai = replace(graphics::par("mai"), side, size))
}

# Long names in several lines.
wrapped <- function(names, width = 22L) {
  vapply(strwrap(names, width, simplify = FALSE), paste, "", collapse = "\n")
}

# Names of parameters for narrow panels: in several lines, after a point.
wrapped_parameter <- function(names, width = 13L) {
  lines <- strwrap(gsub(".", ". ", names, fixed = TRUE), width, simplify = FALSE)
  vapply(lines, function(own) gsub(". ", ".", paste(own, collapse = "\n"), fixed = TRUE), "")
}

# A key at the right of the panel, in the room that room_for(4, labels, more = 0.5) has made.
key_beside <- function(labels, ..., cex = 0.8) {
  ends <- graphics::par("usr")
  graphics::legend(ends[2L], ends[4L], labels, ..., cex = cex, bty = "n", xpd = NA,
    seg.len = 1.2, x.intersp = 0.6, title.adj = 0.1)
}

# A key of a few entries in a line above the panel, under its title: `...` are vectors of lty, col
# and so on, an element for each entry.
key_above <- function(labels, ..., cex = 0.8) {
  ends <- graphics::par("usr")
  left <- ends[1L]
  for (k in seq_along(labels)) {
    own <- lapply(list(...), function(value) rep_len(value, length(labels))[k])
    drawn <- do.call(graphics::legend, c(list(left, ends[4L], labels[k], cex = cex, bty = "n",
      xpd = NA, horiz = TRUE, yjust = 0, seg.len = 1.2, x.intersp = 0.6), own))
    left <- left + drawn$rect$w
  }
}

# A bar of colours for limits at the right of the panel, in the room of room_for().
colour_key <- function(limits, colours = diverging(51L), cex = 0.8) {
  ends <- graphics::par("usr")
  left <- ends[2L] + graphics::xinch(0.1)
  right <- left + graphics::xinch(0.15)
  edges <- seq(ends[3L], ends[4L], length.out = length(colours) + 1L)
  graphics::rect(left, edges[-length(edges)], right, edges[-1L], col = colours, border = NA,
    xpd = NA)
  at <- key_values(limits)
  y <- ends[3L] + (at - limits[1L]) / diff(limits) * (ends[4L] - ends[3L])
  graphics::text(right, y, format(at), pos = 4L, offset = 0.3, cex = cex, xpd = NA)
}

key_values <- function(limits) {
  at <- pretty(limits, 4L)
  at[at >= limits[1L] & at <= limits[2L]]
}

# Names beside points, on the side where there is room, on a pale ground that lets other points
# shine through. x in so fine a unit that overlaps are less, and names are pushed, in the height.
label_points <- function(x, y, label) {
  named <- which(!is.na(label))
  if (length(named) == 0L) return(invisible())
  ends <- graphics::par("usr")[1:2]
  side <- ifelse(x[named] > mean(ends), -1, 1)
  width <- graphics::strwidth(label[named], cex = 0.8)
  height <- 1.3 * graphics::strheight("0", cex = 0.8)
  centre <- x[named] + side * (0.5 * width + graphics::strwidth("n", cex = 0.6))
  at <- spread_labels(1e3 * centre, y[named], 1e3 * width, height)$y
  graphics::rect(centre - width / 2, at - height / 2, centre + width / 2, at + height / 2,
    col = pale_ground, border = NA, xpd = NA)
  graphics::text(centre, at, label[named], cex = 0.8, col = accent, xpd = NA)
}

pale_ground <- "#FFFFFFB3"

# ggplot2 ------------------------------------------------------------------------------------------

look_ggplot <- function(...) ggplot2::ggplot(...) + look_theme()

look_theme <- function() {
  blank <- ggplot2::element_blank()
  ggplot2::theme_bw(base_size = 10) + ggplot2::theme(
    panel.grid.minor = blank, panel.grid.major = ggplot2::element_line(colour = "grey93"),
    strip.background = blank, strip.clip = "off",
    strip.text = ggplot2::element_text(hjust = 0, size = 8),
    plot.title = ggplot2::element_text(size = 10), legend.title = ggplot2::element_text(size = 9),
    plot.title.position = "plot", panel.spacing.x = grid::unit(1.4, "lines"),
    legend.key.size = grid::unit(0.9, "lines"), plot.margin = ggplot2::margin(4, 9, 4, 4)
  )
}

# An axis whose numbers do not run into each other in narrow panels.
narrow_axis <- function(n_breaks = 4L, expand = ggplot2::waiver()) {
  ggplot2::scale_x_continuous(n.breaks = n_breaks, expand = expand,
    guide = ggplot2::guide_axis(check.overlap = TRUE))
}

room_above <- function() ggplot2::scale_y_continuous(expand = ggplot2::expansion(0.1))

# Breaks of rows and columns.
whole_breaks <- function(limits) unique(floor(pretty(limits)))

key_at_foot <- function(box = "horizontal") {
  ggplot2::theme(legend.position = "bottom", legend.box = box,
    legend.spacing.y = grid::unit(0, "lines"), legend.margin = ggplot2::margin(0, 0, 0, 0),
    legend.box.margin = ggplot2::margin(-6, 0, 0, 0))
}

# Blue to white to red between -most and most, with a bar of colours beside the panel.
scale_of_differences <- function(most, name = NULL, ...) {
  list(
    ggplot2::scale_fill_gradient2(low = cold, high = accent, limits = c(-most, most), name = name,
      ...),
    ggplot2::theme(legend.key.height = grid::unit(1.5, "lines"),
      legend.key.width = grid::unit(0.8, "lines"))
  )
}

# Names beside points, on the side where there is room, pushed up and down where two would overprint
# in a panel in which a name has the share `height` of the height. The points are drawn again, over
# the edges of the names, in data$colour.
named_points <- function(data, x, y, size, height = 0.08) {
  named <- data[!is.na(data$label), ]
  if (nrow(named) == 0L) return(NULL)
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  reach <- vapply(data[c(x, y)], function(v) max(diff(range(v, na.rm = TRUE)), 1e-300), 0)
  share <- function(v, k) (named[[v]] - min(data[[v]], na.rm = TRUE)) / reach[k]
  right <- share(x, 1L) > 0.5
  width <- 0.06 * nchar(named$label, "width")
  # x in so fine a unit that overlaps are less, and names are pushed, in the height alone.
  centre <- share(x, 1L) + ifelse(right, -0.5, 0.5) * width
  moved <- spread_labels(1e3 * centre, share(y, 2L), 1e3 * width, height)$y - share(y, 2L)
  texts <- named
  texts[c("x", "y")] <- list(named[[x]], named[[y]] + moved * reach[2L])
  texts$name <- ifelse(right, paste0(named$label, " "), paste0(" ", named$label))
  texts <- with_white_edges(texts, 0.006 * reach[1L], 0.12 * height * reach[2L])
  list(
    ggplot2::geom_text(aes(.data[["x"]], .data[["y"]], label = .data[["name"]]), texts,
      colour = texts$ink, size = 2.8, hjust = rep_len(ifelse(right, 1, 0), nrow(texts)),
      inherit.aes = FALSE),
    ggplot2::geom_point(aes(.data[[x]], .data[[y]]), named, colour = named$colour, size = size,
      stroke = 0, inherit.aes = FALSE)
  )
}

# Texts after white copies of theirs on all sides, so that they are read on points and lines.
with_white_edges <- function(texts, dx, dy) {
  copies <- Map(function(right, up) {
    copy <- texts
    copy[c("x", "y")] <- list(texts$x + right * dx, texts$y + up * dy)
    copy
  }, c(-1, 0, 1, -1, 1, -1, 0, 1), c(-1, -1, -1, 0, 0, 1, 1, 1))
  both <- do.call(rbind, c(copies, list(texts)))
  both$ink <- rep(c("white", accent), c(8L, 1L) * nrow(texts))
  both
}

# Labels -------------------------------------------------------------------------------------------

# Heights of labels above places (x, y) such that none overprints another, of widths w and the
# height h: the lower stay, others go above them.
raised_labels <- function(x, y, w, h) {
  done <- integer()
  for (i in order(y)) {
    beside <- done[abs(x[done] - x[i]) < (w[done] + w[i]) / 2]
    for (j in beside[order(y[beside])]) if (abs(y[j] - y[i]) < h) y[i] <- y[j] + h
    done <- c(done, i)
  }
  y
}

# Places of labels near points (x, y) such that their boxes, of widths w and heights h, do not
# overlap: boxes that do are pushed apart along the direction in which they overlap less.
spread_labels <- function(x, y, w, h, rounds = 500L) {
  n <- length(x)
  if (n < 2L) return(list(x = x, y = y))
  h <- rep_len(h, n)
  pairs <- utils::combn(n, 2L)
  a <- pairs[1L, ]
  b <- pairs[2L, ]
  for (round in seq_len(rounds)) {
    over_x <- (w[a] + w[b]) / 2 - abs(x[a] - x[b])
    over_y <- (h[a] + h[b]) / 2 - abs(y[a] - y[b])
    hit <- which(over_x > 1e-9 & over_y > 1e-9)
    if (length(hit) == 0L) break
    for (k in hit) {
      i <- a[k]
      j <- b[k]
      if (over_y[k] <= over_x[k]) {
        step <- 0.51 * over_y[k] * (if (y[i] >= y[j]) 1 else -1)
        y[c(i, j)] <- y[c(i, j)] + c(step, -step)
      } else {
        step <- 0.51 * over_x[k] * (if (x[i] >= x[j]) 1 else -1)
        x[c(i, j)] <- x[c(i, j)] + c(step, -step)
      }
    }
  }
  list(x = x, y = y)
}
