# Pictures of variance_by_age().

#' @rdname variance_by_age
#' @method plot variance_by_age
#' @export
plot.variance_by_age <- function(x, what = c("share", "variance"), ...) {
  data <- age_variance_data(x, what)
  terms <- levels(data$term)
  colours <- group_colours(length(terms))
  old <- panels()
  on.exit(graphics::par(old))
  room_for(4L, terms, more = 0.5)
  draw <- function(xlab = attr(data, "axis"), ylab = attr(data, "name"), ...) {
    base_plot(data$x, data$value, type = "n", xlab = xlab, ylab = ylab,
      ylim = c(0, 1.05 * max(data$value)), ...)
  }
  draw(...)
  for (k in seq_along(terms)) {
    own <- data[data$term == terms[k], ]
    graphics::lines(own$x, own$value, col = colours[k], lwd = 2)
  }
  key_beside(terms, col = colours, lwd = 2)
  invisible(x)
}

#' @rdname variance_by_age
#' @rawNamespace S3method(ggplot2::autoplot, variance_by_age)
autoplot.variance_by_age <- function(object, what = c("share", "variance"), ...) {
  check_unused(...)
  data <- age_variance_data(object, what)
  .data <- ggplot2::.data
  look_ggplot(data, ggplot2::aes(.data[["x"]], .data[["value"]], colour = .data[["term"]])) +
    ggplot2::geom_line(linewidth = 0.8) +
    ggplot2::scale_colour_manual(values = group_colours(nlevels(data$term)), name = NULL) +
    ggplot2::scale_y_continuous(limits = c(0, NA), expand = ggplot2::expansion(c(0, 0.05))) +
    ggplot2::labs(x = attr(data, "axis"), y = attr(data, "name"))
}

# A row for each term and point.
age_variance_data <- function(x, what) {
  what <- check_choice(what, c("share", "variance"), "what")
  terms <- attr(x, "terms")
  axis <- attr(x, "axis")
  columns <- if (what == "share") paste0("share.", terms) else terms
  values <- as.data.frame(unclass(x)[columns], optional = TRUE)
  data <- data.frame(x = x[[axis]], term = factor(rep(terms, each = nrow(x)), terms),
    value = unlist(values, use.names = FALSE))
  structure(data, axis = axis,
    name = if (what == "share") "Share of the variance" else "Variance")
}
