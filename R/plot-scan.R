# Pictures of a scan of markers.

#' @rdname plot.marker_scan
#' @method plot marker_scan
#' @export
plot.marker_scan <- function(x, type = c("manhattan", "qq"), ...) {
  type <- check_choice(type, c("manhattan", "qq"), "type")
  data <- if (type == "manhattan") manhattan_data(x) else scan_qq_data(x)
  old <- panels()
  on.exit(graphics::par(old))
  if (type == "manhattan") draw_manhattan(data, ...) else draw_scan_qq(data, ...)
  invisible(data)
}

#' @rdname plot.marker_scan
#' @rawNamespace S3method(ggplot2::autoplot, marker_scan)
autoplot.marker_scan <- function(object, type = c("manhattan", "qq"), ...) {
  check_unused(...)
  type <- check_choice(type, c("manhattan", "qq"), "type")
  if (type == "manhattan") manhattan_ggplot(manhattan_data(object)) else
    scan_qq_ggplot(scan_qq_data(object))
}

# Along the genome: chromosomes one after the other, in their natural order, with gaps.
manhattan_data <- function(x) {
  x <- as.data.frame(x)
  x <- x[!is.na(x$p.value), ]
  if (is.null(x$chromosome)) {
    data <- data.frame(marker = x$marker, chromosome = "", at = seq_len(nrow(x)))
    centres <- NULL
  } else {
    chromosomes <- unique(as.character(x$chromosome))
    chromosomes <- chromosomes[order_naturally(chromosomes)]
    chromosome <- factor(x$chromosome, chromosomes)
    span <- tapply(x$position, chromosome, function(p) diff(range(p)))
    gap <- 0.015 * max(sum(span), 1)
    first <- tapply(x$position, chromosome, min)
    offset <- cumsum(c(0, span[-length(span)] + gap))
    at <- offset[chromosome] + x$position - first[chromosome]
    data <- data.frame(marker = x$marker, chromosome = chromosome, at = as.vector(at))
    centres <- data.frame(chromosome = chromosomes, at = offset + span / 2)
  }
  data$height <- -log10(pmax(x$p.value, 1e-300))
  line <- -log10(0.05 / max(nrow(x), 1))
  structure(data, centres = centres, line = line, label = peak_names(data, line))
}

# The names of the highest markers above the line, no two within a fiftieth of the genome.
peak_names <- function(data, line, most = 8L) {
  label <- rep(NA_character_, nrow(data))
  near <- diff(range(data$at)) / 50
  for (j in order(-data$height)) {
    if (data$height[j] < line || sum(!is.na(label)) == most) break
    if (all(abs(data$at[!is.na(label)] - data$at[j]) > near)) label[j] <- data$marker[j]
  }
  label
}

genome_colours <- function(chromosome) {
  c("#2F4B6E", "#7FA6CF")[1L + (as.integer(factor(chromosome, unique(chromosome))) - 1L) %% 2L]
}

p_axis <- expression(-log[10](italic(p)))

draw_manhattan <- function(data, xlab = if (has_map(data)) "Chromosome" else "Marker",
                           ylab = p_axis, ...) {
  line <- attr(data, "line")
  base_plot(data$at, data$height, xlab = xlab, ylab = ylab, xaxt = if (has_map(data)) "n" else "s",
    ylim = c(0, max(line, data$height) * 1.08), col = genome_colours(data$chromosome),
    cex = point_size(nrow(data)), ...)
  centres <- attr(data, "centres")
  if (!is.null(centres)) {
    graphics::axis(1L, centres$at, centres$chromosome, tick = FALSE, mgp = c(1.7, 0.2, 0),
      gap.axis = 0.1)
  }
  graphics::abline(h = line, col = accent, lty = 2L)
  label_points(data$at, data$height, attr(data, "label"))
}

has_map <- function(data) !is.null(attr(data, "centres"))

manhattan_ggplot <- function(data) {
  .data <- ggplot2::.data
  data$label <- attr(data, "label")
  data$colour <- genome_colours(data$chromosome)
  centres <- attr(data, "centres")
  size <- 1.6 * point_size(nrow(data))
  made <- look_ggplot(data, ggplot2::aes(.data[["at"]], .data[["height"]])) +
    ggplot2::geom_point(colour = data$colour, size = size) +
    ggplot2::geom_hline(yintercept = attr(data, "line"), colour = accent, linetype = 2L) +
    ggplot2::labs(x = if (has_map(data)) "Chromosome" else "Marker", y = p_axis) +
    ggplot2::scale_y_continuous(limits = c(0, NA), expand = ggplot2::expansion(c(0.02, 0.1))) +
    named_points(data, "at", "height", size)
  if (is.null(centres)) return(made)
  made + ggplot2::scale_x_continuous(breaks = centres$at, labels = centres$chromosome,
    guide = ggplot2::guide_axis(check.overlap = TRUE)) +
    ggplot2::theme(panel.grid.major.x = ggplot2::element_blank(),
      axis.ticks.x = ggplot2::element_blank())
}

# Ordered p-values against those of uniform numbers: the k-th of n is a Beta(k, n - k + 1). Of many
# the small ones are all drawn, and of the others every so manieth.
scan_qq_data <- function(x, most = 5000L) {
  p <- sort(x$p.value)
  n <- length(p)
  k <- seq_len(n)
  if (n > most) k <- unique(round(c(seq_len(most / 2), exp(seq(log(most / 2), log(n),
    length.out = most / 2)))))
  data.frame(
    expected = -log10((k - 0.5) / n), observed = -log10(pmax(p[k], 1e-300)),
    lower = -log10(stats::qbeta(0.975, k, n - k + 1)),
    upper = -log10(stats::qbeta(0.025, k, n - k + 1))
  )
}

draw_scan_qq <- function(data, xlab = "Expected", ylab = p_axis, ...) {
  base_plot(data$expected, data$observed, xlab = xlab, ylab = ylab, type = "n",
    ylim = c(0, max(data$observed, data$upper)), ...)
  graphics::polygon(c(data$expected, rev(data$expected)), c(data$lower, rev(data$upper)),
    col = "grey90", border = NA)
  graphics::abline(0, 1, col = "grey50")
  graphics::points(data$expected, data$observed, pch = 20, cex = point_size(nrow(data)))
}

scan_qq_ggplot <- function(data) {
  .data <- ggplot2::.data
  look_ggplot(data, ggplot2::aes(.data[["expected"]], .data[["observed"]])) +
    ggplot2::geom_ribbon(ggplot2::aes(ymin = .data[["lower"]], ymax = .data[["upper"]]),
      fill = "grey90") +
    ggplot2::geom_abline(colour = "grey50") +
    ggplot2::geom_point(size = 1.6 * point_size(nrow(data))) +
    ggplot2::labs(x = "Expected", y = p_axis)
}
