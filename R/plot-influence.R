#' Pictures of influence
#'
#' What [influence()][influence.lmmfit] found, drawn with base graphics by `plot()` and with ggplot2
#' by `ggplot2::autoplot()`.
#'
#' * `"cooks"`: Cook's distance of each group. The largest are labelled.
#' * `"dfbetas"`: the change of each fixed effect, in its standard errors, when a group is deleted;
#'   dotted lines at \eqn{\pm 2 / \sqrt{\mathrm{groups}}}{+-2 / sqrt(groups)} (Belsley, Kuh and
#'   Welsch 1980). The group that moves each effect most is labelled where it is beyond them.
#' * `"leverage"`: standardised residuals of records against their leverage, with contours of
#'   Cook's distance.
#' * `"fitted"`: studentised residuals against fitted values.
#' * `"outliers"`: standardised residuals, the statistics of [outlier_test()], in the order of the
#'   records. Beyond the broken lines lies one of all records with probability 5 % (Bonferroni).
#'
#' @param x,object The value of `influence()`.
#' @param type Which picture.
#' @param label How many points are labelled.
#' @param ... Further arguments for [graphics::plot()].
#' @return `plot()` the plotted data frame, invisibly; `autoplot()` a ggplot; `as.data.frame()` a
#'   row for each group with Cook's distance and the DFBETAS; `print()` its argument.
#' @seealso [influence()][influence.lmmfit] for what the numbers are.
#' @references Belsley, D. A., Kuh, E. and Welsch, R. E. (1980) Regression Diagnostics. Wiley.
#' @examples
#' fit <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont)
#' found <- influence(fit)
#' found
#' plot(found)
#' plot(found, "leverage")
#' plot(influence(fit, group = NULL), "cooks")
#' @name plot_influence
NULL

#' @rdname plot_influence
#' @method plot lmmfit_influence
#' @export
plot.lmmfit_influence <- function(x, type = c("cooks", "dfbetas", "leverage", "fitted",
                                              "outliers"), label = 3L, ...) {
  type <- check_choice(type, influence_types, "type")
  data <- influence_data(x, type, check_count(label, "label", 0))
  draw <- switch(type, cooks = draw_cooks, dfbetas = draw_dfbetas, leverage = draw_leverage,
    fitted = draw_studentised, outliers = draw_outliers)
  old <- panels(1L, top = 1.2)
  on.exit(graphics::par(old))
  draw(data, ...)
  invisible(data)
}

#' @rdname plot_influence
#' @rawNamespace S3method(ggplot2::autoplot, lmmfit_influence)
autoplot.lmmfit_influence <- function(object, type = c("cooks", "dfbetas", "leverage", "fitted",
                                                       "outliers"), label = 3L, ...) {
  type <- check_choice(type, influence_types, "type")
  data <- influence_data(object, type, check_count(label, "label", 0))
  switch(type, cooks = cooks_ggplot(data), dfbetas = dfbetas_ggplot(data),
    leverage = leverage_ggplot(data), fitted = studentised_ggplot(data),
    outliers = outliers_ggplot(data))
}

# Base graphics ------------------------------------------------------------------------------------

draw_cooks <- function(data, xlab = attr(data, "title"), ylab = "Cook's distance", ...) {
  few <- nrow(data) <= 40L
  top <- max(data$cooks.distance, 0, na.rm = TRUE)
  if (few) room_for(1L, data$group, 0.7, more = 0.4)
  base_plot(data$number, data$cooks.distance, type = "h", xlab = if (few) "" else xlab, ylab = ylab,
    xaxt = if (few) "n" else "s", ylim = c(0, if (top > 0) 1.15 * top else 1), lwd = if (few) 3
    else 1, lend = 1L, col = ifelse(is.na(data$label), "grey50", accent), ...)
  if (few) {
    graphics::axis(1L, data$number, data$group, las = 2L, cex.axis = 0.7, tick = FALSE, line = -0.6)
    graphics::title(xlab = xlab, line = graphics::par("mar")[1L] - 1.1)
  }
  named <- data[!is.na(data$label), ]
  if (nrow(named) == 0L) return(invisible())
  height <- raised_labels(named$number, named$cooks.distance,
    graphics::strwidth(paste0(named$label, "n"), cex = 0.8),
    1.3 * graphics::strheight("0", cex = 0.8))
  graphics::text(named$number, height, named$label, pos = 3L, offset = 0.25, cex = 0.8,
    col = accent, xpd = NA)
}

draw_dfbetas <- function(data, xlab = "DFBETAS", ylab = "", ...) {
  names <- levels(data$coefficient)
  n <- length(names)
  height <- n + 1L - as.integer(data$coefficient)
  room_for(2L, names)
  limit <- attr(data, "limit")
  reach <- 1.15 * range(data$dfbetas, -limit, limit, na.rm = TRUE)
  base_plot(data$dfbetas, height, xlim = reach, ylim = c(0.5, n + 0.5), yaxt = "n",
    xlab = xlab, ylab = ylab, cex = 1.25 * point_size(nrow(data)),
    col = ifelse(is.na(data$label), "#00000060", accent), ...)
  graphics::abline(h = seq_len(n), col = "grey90")
  graphics::abline(v = c(-limit, 0, limit), col = "grey50", lty = c(3, 1, 3))
  graphics::axis(2L, seq_len(n), rev(names), las = 1L, cex.axis = 0.8, tick = FALSE)
  named <- !is.na(data$label)
  if (any(named)) {
    graphics::text(data$dfbetas[named], height[named], data$label[named], pos = 3L, offset = 0.25,
      cex = 0.8, col = accent, xpd = NA)
  }
}

draw_leverage <- function(data, xlab = "Leverage", ylab = "Standardised residual", ...) {
  top <- max(data$leverage, 0, na.rm = TRUE)
  reach <- 1.08 * max(abs(data$standardised), 1, na.rm = TRUE)
  base_plot(data$leverage, data$standardised, xlim = c(0, 1.1 * top), ylim = c(-reach, reach),
    xlab = xlab, ylab = ylab, pch = 20, cex = point_size(nrow(data)),
    col = ifelse(is.na(data$label), "#00000080", accent), ...)
  graphics::mtext("broken lines: Cook's distance", 3L, 0.2, cex = 0.7, col = "grey40")
  graphics::abline(h = 0, col = "grey50")
  lines <- contour_data(data)
  for (level in unique(lines$level)) {
    for (branch in c(1, -1)) {
      own <- lines[lines$level == level & lines$branch == branch, ]
      graphics::lines(own$leverage, own$standardised, lty = 2L, col = "grey40")
      end <- own[nrow(own), ]
      if (branch > 0) graphics::text(end$leverage, end$standardised, format(level), pos = 4L,
        cex = 0.7, col = "grey40", xpd = NA)
    }
  }
  label_points(data$leverage, data$standardised, data$label)
}

draw_studentised <- function(data, xlab = "Fitted value", ylab = "Studentised residual", ...) {
  base_plot(data$fitted, data$studentised, xlab = xlab, ylab = ylab, pch = 20,
    cex = point_size(nrow(data)), col = ifelse(is.na(data$label), "#00000080", accent), ...)
  graphics::abline(h = 0, col = "grey50")
  label_points(data$fitted, data$studentised, data$label)
}

draw_outliers <- function(data, xlab = "Record", ylab = "Standardised residual", ...) {
  limit <- attr(data, "limit")
  reach <- 1.05 * max(abs(data$standardised), limit, na.rm = TRUE)
  beyond <- abs(data$standardised) > limit
  base_plot(data$number, data$standardised, ylim = c(-reach, reach), xlab = xlab, ylab = ylab,
    pch = 20, cex = point_size(nrow(data)), col = ifelse(beyond, accent, "#00000080"), ...)
  graphics::abline(h = c(-limit, 0, limit), col = c(accent, "grey50", accent), lty = c(2, 1, 2))
  label_points(data$number, data$standardised, data$label)
}
