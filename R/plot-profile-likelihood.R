# Pictures of profile().

#' @rdname profile.lmmfit
#' @param x,object The value of `profile()`.
#' @method plot profile.lmmfit
#' @export
plot.profile.lmmfit <- function(x, ...) {
  parts <- split_profiles(x)
  old <- panels(length(parts), top = 1)
  on.exit(graphics::par(old))
  room_for_titles(vapply(parts, function(one) one$parameter[1L], ""))
  reach <- range(unlist(lapply(parts, `[[`, "zeta")), finite = TRUE)
  n_columns <- graphics::par("mfrow")[2L]
  for (k in seq_along(parts)) {
    one <- parts[[k]]
    draw_profile(one[is.finite(one$value), ], ylim = reach,
      ylab = if (k %% n_columns == 1L || n_columns == 1L) zeta_label() else "", ...)
  }
  invisible(x)
}

# Names below panels that are narrower than these are written in several lines.
room_for_titles <- function(names) {
  lines <- max(lengths(strsplit(fitting_title(names), "\n", fixed = TRUE)))
  make_lines(1L, graphics::par("mar")[1L] + 0.9 * (lines - 1L))
}

fitting_title <- function(names) {
  narrow <- vapply(names, text_width, 0) > graphics::par("pin")[1L]
  ifelse(narrow, wrapped_parameter(names), names)
}

draw_profile <- function(one, ylab, xlab = fitting_title(one$parameter[1L]), ...) {
  base_plot(one$value, one$zeta, type = "n", xlab = "", ylab = ylab, ...)
  # R writes lines upwards from this one.
  more <- lengths(regmatches(xlab, gregexpr("\n", xlab, fixed = TRUE)))
  graphics::title(xlab = xlab, line = 1.7 + 0.9 * more)
  graphics::abline(h = c(-1.96, 0, 1.96), lty = 3, col = "grey50")
  boundary <- one$value[one$end]
  graphics::abline(v = boundary, lty = 2, col = accent)
  graphics::lines(profile_curve(one), col = cold, lwd = 2)
  graphics::points(one$value, one$zeta, pch = ifelse(one$end, 4, 20),
    col = ifelse(one$end, accent, "black"))
  if (length(boundary) > 0L) {
    graphics::mtext("boundary", 3L, 0.1, at = boundary[1L], cex = 0.6, col = accent)
  }
}

zeta_label <- function() expression(zeta ~ "(signed root)")

# A smooth curve through the points.
profile_curve <- function(one) {
  if (nrow(one) < 3L || anyDuplicated(one$value)) return(one[c("value", "zeta")])
  curve <- stats::spline(one$value, one$zeta, 200L, method = "natural")
  data.frame(value = curve$x, zeta = curve$y)
}

#' @rdname profile.lmmfit
#' @rawNamespace S3method(ggplot2::autoplot, profile.lmmfit)
autoplot.profile.lmmfit <- function(object, ...) {
  check_unused(...)
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  parts <- lapply(split_profiles(object), function(one) one[is.finite(one$value), ])
  name <- function(one) factor(one$parameter, unique(object$parameter))
  points <- do.call(rbind, lapply(parts, function(one) transform(one, parameter = name(one))))
  curves <- do.call(rbind, lapply(parts, function(one) {
    data.frame(parameter = name(one)[1L], profile_curve(one))
  }))
  ends <- points[points$end, ]
  look_ggplot(points, aes(.data[["value"]], .data[["zeta"]])) +
    ggplot2::geom_hline(yintercept = c(-1.96, 0, 1.96), linetype = "dotted", colour = "grey50") +
    ggplot2::geom_vline(aes(xintercept = .data[["value"]]), ends, linetype = "dashed",
      colour = accent) +
    ggplot2::geom_line(data = curves, colour = cold, linewidth = 0.8) +
    ggplot2::geom_point(data = points[!points$end, ], size = 1) +
    ggplot2::geom_point(data = ends, shape = 4, colour = accent) +
    ggplot2::facet_wrap("parameter", scales = "free_x",
      labeller = ggplot2::as_labeller(wrapped_parameter)) + narrow_axis(3L) +
    ggplot2::theme(axis.text.x = ggplot2::element_text(size = 7)) +
    ggplot2::labs(x = "Variance parameter", y = zeta_label(),
      caption = if (nrow(ends) > 0L) "Broken line: the boundary, where the curve ends")
}
