# Pictures of a posterior with ggplot2.

#' @rdname bayes
#' @rawNamespace S3method(ggplot2::autoplot, lmmfit_bayes)
autoplot.lmmfit_bayes <- function(object, type = "density", parameters = NULL, ...) {
  type <- check_choice(type, unique(c(posterior_plots, plot_types)), "type")
  if (!type %in% posterior_plots) return(NextMethod())
  check_unused(...)
  names <- posterior_names(object, parameters)
  if (type == "pairs" && length(names) == 1L) type <- "density"
  switch(type, density = density_ggplot(object, names), trace = trace_ggplot(object, names),
    pairs = pairs_ggplot(object, names), surface = likelihood_surface_ggplot(object, names))
}

density_ggplot <- function(fit, names) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  data <- do.call(rbind, lapply(posterior_densities(fit, names), function(curve) {
    # A prior far above the posterior would leave nothing to see of it.
    prior <- pmin(curve$prior %||% rep(NA_real_, length(curve$x)), 1.05 * max(curve$y))
    data.frame(name = curve$name, x = curve$x, posterior = curve$y, prior = prior)
  }))
  data$name <- factor(data$name, unique(data$name))
  look_ggplot(data, aes(.data[["x"]])) +
    ggplot2::geom_area(aes(y = .data[["posterior"]]), fill = cold, alpha = 0.3) +
    ggplot2::geom_line(aes(y = .data[["posterior"]], linetype = "posterior", colour = "posterior"),
      linewidth = 0.8) +
    ggplot2::geom_line(aes(y = .data[["prior"]], linetype = "prior", colour = "prior"),
      na.rm = TRUE) +
    ggplot2::scale_linetype_manual(values = c(posterior = "solid", prior = "dashed"), name = NULL) +
    ggplot2::scale_colour_manual(values = c(posterior = cold, prior = "grey30"), name = NULL) +
    ggplot2::facet_wrap("name", scales = "free") + narrow_axis() +
    ggplot2::theme(axis.text.y = ggplot2::element_blank(),
      axis.ticks.y = ggplot2::element_blank(), legend.position = "top",
      legend.justification = "left", legend.margin = ggplot2::margin(0, 0, 0, 0),
      legend.box.spacing = grid::unit(2, "pt")) +
    ggplot2::labs(x = NULL, y = NULL)
}

trace_ggplot <- function(fit, names) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  draws <- fit$posterior
  values <- shown_values(fit, names)
  n <- nrow(values)
  data <- data.frame(name = factor(rep(colnames(values), each = n), colnames(values)),
    value = as.vector(values))
  if (!is_chain(draws)) {
    data$weight <- rep(draws$weight * n, length(names))
    data <- data[as.vector(apply(values, 2L, near_posterior, draws$weight)), ]
    return(look_ggplot(data, aes(.data[["value"]], .data[["weight"]])) +
      ggplot2::geom_point(size = point_size(n) / 2, colour = cold, alpha = 0.4) +
      ggplot2::facet_wrap("name", scales = "free_x") + narrow_axis() +
      ggplot2::labs(x = NULL, y = "Weight"))
  }
  data$chain <- factor(rep(draws$part, length(names)))
  data$draw <- rep(sequence(tabulate(draws$part)), length(names))
  look_ggplot(data, aes(.data[["draw"]], .data[["value"]], colour = .data[["chain"]])) +
    ggplot2::geom_line(linewidth = 0.3) +
    ggplot2::scale_colour_manual(values = group_colours(nlevels(data$chain)), name = "Chain") +
    ggplot2::facet_wrap("name", scales = "free_y", ncol = if (length(names) <= most_rows) 1L) +
    narrow_axis() + ggplot2::labs(x = "Draw", y = NULL)
}

# Below the diagonal, each two parameters once; the panels above it are empty.
pairs_ggplot <- function(fit, names) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  values <- shown_pairs(fit, names)
  label <- gsub("[.]", ".\n", sub("^SD of ", "SD of\n", colnames(values)))
  pairs <- utils::combn(ncol(values), 2L)
  places <- data.frame(across = factor(label[pairs[1L, ]], label),
    down = factor(label[pairs[2L, ]], label))
  data <- places[rep(seq_len(ncol(pairs)), each = nrow(values)), ]
  data$x <- as.vector(values[, pairs[1L, ]])
  data$y <- as.vector(values[, pairs[2L, ]])
  look_ggplot(data) +
    ggplot2::geom_point(aes(.data[["x"]], .data[["y"]]), size = 0.3, colour = cold, alpha = 0.4) +
    ggplot2::geom_rect(data = places, xmin = -Inf, xmax = Inf, ymin = -Inf, ymax = Inf, fill = NA,
      colour = "grey50") +
    ggplot2::facet_grid(down ~ across, scales = "free", switch = "both") +
    narrow_axis() + ggplot2::scale_y_continuous(n.breaks = 4L) +
    ggplot2::theme(strip.placement = "outside", panel.spacing = grid::unit(5, "pt"),
      panel.border = ggplot2::element_blank(), panel.grid.major = ggplot2::element_blank(),
      strip.text = ggplot2::element_text(hjust = 0.5, size = 7, lineheight = 0.85),
      axis.text = ggplot2::element_text(size = 6)) +
    ggplot2::labs(x = NULL, y = NULL)
}

likelihood_surface_ggplot <- function(fit, names) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  found <- likelihood_surface(fit, names)
  grid <- expand.grid(x = found$x, y = found$y)
  grid$z <- as.vector(found$loglik) - max(found$loglik, na.rm = TRUE)
  points <- data.frame(x = found$points[, 1L], y = found$points[, 2L])
  best <- data.frame(x = found$best[1L], y = found$best[2L])
  look_ggplot(grid, aes(.data[["x"]], .data[["y"]])) +
    ggplot2::geom_point(data = points, size = 0.5, colour = cold, alpha = 0.45) +
    ggplot2::geom_contour(aes(z = .data[["z"]]), breaks = surface_levels, colour = "grey40",
      linewidth = 0.3, na.rm = TRUE) +
    ggplot2::geom_point(data = best, shape = 4, size = 3, stroke = 1, colour = accent) +
    ggplot2::coord_cartesian(xlim = range(found$x), ylim = range(found$y)) +
    ggplot2::labs(x = found$names[1L], y = found$names[2L])
}
