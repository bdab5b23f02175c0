# Pictures of a two-stage analysis.

#' @rdname two_stage-methods
#' @param type `"curves"`: the fitted curve of every subject (thin) and of the population (thick,
#'   one for each row of W). `"coefficients"`: those of the subjects against each other.
#' @param points `TRUE` draws the records too.
#' @method plot two_stage
#' @export
plot.two_stage <- function(x, type = c("curves", "coefficients"), points = TRUE, ...) {
  type <- check_choice(type, c("curves", "coefficients"), "type")
  if (type == "coefficients" || x$summary) return(draw_coefficients(x, ...))
  data <- two_stage_curves(x)
  draw_curves(x, data, points, ...)
  invisible(data)
}

#' @rdname two_stage-methods
#' @rawNamespace S3method(ggplot2::autoplot, two_stage)
autoplot.two_stage <- function(object, type = c("curves", "coefficients"), points = TRUE, ...) {
  check_unused(...)
  type <- check_choice(type, c("curves", "coefficients"), "type")
  check_flag(points, "points")
  if (type == "coefficients" || object$summary) return(coefficients_ggplot(object))
  curves_ggplot(object, two_stage_curves(object), points)
}

# Subject and population curves on a grid of the covariate.
two_stage_curves <- function(x, n = 41L) {
  records <- x$records
  name <- records$covariate
  if (is.null(name) || length(all.vars(records$terms)) > 1L) abort_two_stage_curves()
  range <- range(records$frame[[name]])
  grid <- stats::setNames(data.frame(seq(range[1L], range[2L], length.out = n)), name)
  Z <- stats::model.matrix(stats::delete.response(records$terms), grid_frame(records, grid))
  B <- as.matrix(x$subjects[colnames(records$Z)])
  own <- Z %*% t(B)
  own[outside_records(x, grid[[1L]])] <- NA
  patterns <- unique(as.data.frame(x$W))
  beta <- matrix(replace(x$coefficients, is.na(x$coefficients), 0), ncol(x$W))
  population <- Z %*% t(as.matrix(patterns) %*% beta)
  group <- group_of_subjects(x)
  rbind(
    data.frame(kind = "subject", curve = rep(x$subjects$subject, each = n),
      group = rep(group, each = n), x = grid[[1L]], y = as.vector(own)),
    data.frame(kind = "population",
      curve = rep(x$label[match(seq_len(nrow(patterns)), group)], each = n),
      group = rep(seq_len(nrow(patterns)), each = n), x = grid[[1L]], y = as.vector(population))
  )
}

# Subjects with the same row of W are one group; the groups are numbered as they come.
group_of_subjects <- function(x) {
  row <- do.call(paste, as.data.frame(x$W))
  match(row, unique(row))
}

# TRUE where the grid (rows) is beyond the records of a subject (columns) by more than a step.
outside_records <- function(x, grid) {
  records <- x$records
  at <- match(x$subjects$subject, records$levels)
  ends <- vapply(split(records$frame[[records$covariate]], factor(records$subject,
    seq_along(records$levels))), range, double(2L))[, at, drop = FALSE]
  step <- grid[2L] - grid[1L]
  outer(grid, ends[1L, ], `<`) & outer(grid + step, ends[1L, ], `<=`) |
    outer(grid - step, ends[2L, ], `>=`)
}

grid_frame <- function(records, grid) {
  stats::model.frame(stats::delete.response(records$terms), grid)
}

draw_curves <- function(x, data, points, xlab = x$records$covariate, ylab = x$records$response,
                        col = NULL, ...) {
  own <- data[data$kind == "subject", ]
  population <- data[data$kind == "population", ]
  n_groups <- max(population$group)
  col <- rep_len(col %||% group_colours(n_groups), n_groups)
  keyed <- n_groups > 1L && n_groups <= 8L
  old <- panels()
  on.exit(graphics::par(old))
  if (keyed) room_for(4L, unique(population$curve), more = 0.5)
  records <- data.frame(x = x$records$frame[[x$records$covariate]], y = x$records$y)
  base_plot(records$x, records$y, type = if (points) "p" else "n", col = "grey60", cex = 0.5,
    xlab = xlab, ylab = ylab, ylim = range(records$y, data$y, na.rm = TRUE), ...)
  for (curve in split(own, own$curve)) {
    graphics::lines(curve$x, curve$y, col = grDevices::adjustcolor(col[curve$group[1L]], 0.35))
  }
  for (curve in split(population, population$group)) {
    graphics::lines(curve$x, curve$y, col = col[curve$group[1L]], lwd = 4)
  }
  if (keyed) key_beside(unique(population$curve), col = col, lwd = 3)
}

draw_coefficients <- function(x, ...) {
  B <- x$subjects[-(1:2)]
  group <- group_of_subjects(x)
  labels <- group_labels(x)
  colours <- group_colours(length(labels))
  col <- colours[group]
  if (ncol(B) > 2L) {
    graphics::pairs(B, col = col, pch = 19, ...)
  } else {
    old <- panels()
    on.exit(graphics::par(old))
    keyed <- length(labels) > 1L && length(labels) <= 8L
    if (keyed) room_for(4L, labels, more = 0.5)
    if (ncol(B) == 1L) B <- data.frame(Group = group, B, check.names = FALSE)
    base_plot(B[[1L]], B[[2L]], xlab = names(B)[1L], ylab = names(B)[2L], col = col, ...)
    if (keyed) key_beside(labels, col = colours, pch = 20)
  }
  invisible(x$subjects)
}

# ggplot2 ------------------------------------------------------------------------------------------

# One colour for each group, with a key beside the panel where there are two to eight of them.
group_scale <- function(labels) {
  n <- length(labels)
  keyed <- n > 1L && n <= 8L
  ggplot2::scale_colour_manual(values = stats::setNames(group_colours(n), seq_len(n)),
    labels = labels, name = NULL, guide = if (keyed) "legend" else "none")
}

group_labels <- function(x) {
  group <- group_of_subjects(x)
  x$label[match(seq_len(max(group)), group)]
}

curves_ggplot <- function(x, data, points) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  data$group <- factor(data$group)
  own <- data[data$kind == "subject" & !is.na(data$y), ]
  records <- data.frame(x = x$records$frame[[x$records$covariate]], y = x$records$y)
  made <- look_ggplot(own, aes(.data[["x"]], .data[["y"]], colour = .data[["group"]]))
  if (points) {
    made <- made + ggplot2::geom_point(aes(.data[["x"]], .data[["y"]]), records,
      colour = "grey60", size = 0.6, inherit.aes = FALSE)
  }
  made + ggplot2::geom_line(aes(group = .data[["curve"]]), alpha = 0.35, linewidth = 0.4) +
    ggplot2::geom_line(data = data[data$kind == "population", ], linewidth = 1.4) +
    group_scale(group_labels(x)) +
    ggplot2::labs(x = x$records$covariate, y = x$records$response)
}

# The coefficients of the subjects: two against each other, more of them pair by pair.
coefficients_ggplot <- function(x) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  B <- x$subjects[-(1:2)]
  group <- factor(group_of_subjects(x))
  if (ncol(B) == 1L) B <- data.frame(Group = as.integer(group), B, check.names = FALSE)
  pairs <- utils::combn(ncol(B), 2L)
  data <- do.call(rbind, apply(pairs, 2L, function(at) {
    data.frame(x = B[[at[1L]]], y = B[[at[2L]]], group = group, across = names(B)[at[1L]],
      up = names(B)[at[2L]])
  }, simplify = FALSE))
  data$across <- factor(data$across, names(B))
  data$up <- factor(data$up, names(B))
  made <- look_ggplot(data, aes(.data[["x"]], .data[["y"]], colour = .data[["group"]])) +
    ggplot2::geom_point(size = 1) + group_scale(group_labels(x)) + narrow_axis()
  if (ncol(B) == 2L) return(made + ggplot2::labs(x = names(B)[1L], y = names(B)[2L]))
  made + ggplot2::facet_grid(up ~ across, scales = "free", switch = "both") +
    ggplot2::labs(x = NULL, y = NULL) + ggplot2::theme(strip.placement = "outside",
      strip.text = ggplot2::element_text(hjust = 0.5))
}
