#' Plots of a fit
#'
#' `plot()` draws with base graphics, `ggplot2::autoplot()` the same with ggplot2.
#'
#' @param x,object A fit by [lmmfit()].
#' @param type `"residuals"`: Pearson residuals against fitted values. `"qq"`: normal quantiles of
#'   the residuals. `"caterpillar"`: predicted random effects in order, with intervals of 1.96
#'   standard errors of prediction. `"correlation"`: the estimated correlation matrix of structured
#'   residuals or of a random term. Of structured residuals: `"autocorrelation"`, sample
#'   correlations of the Pearson residuals by lag beside those of the fitted structure;
#'   `"profiles"`, response and fitted values of each subject along the index; `"field"`, the
#'   residual of each plot of a field. Of random terms: `"spline"`, the curve of a [spl()] with a
#'   band of 1.96 standard errors, averaged over the levels of other factors, over the records;
#'   `"surface"`, the trend of a [spl2()], its bilinear part included, as the deviation from its
#'   mean; `"biplot"`, rotated loadings of an `fa` or `rr` term with two factors or more as arrows,
#'   and the scores of its levels as points (see [loadings_of()]). Of influence: `"cooks"`,
#'   `"dfbetas"`, `"leverage"` and `"outliers"`, see [plot_influence].
#' @param term For the caterpillar, splines, the biplot and correlations: the label of the random
#'   term, by default the first that there is a picture of. With `by` or a group each level has a
#'   curve. For pictures of influence: the term whose levels are deleted one by one. For structured
#'   residuals with several sets of parameters: the label of one, such as `"residual.treated"`.
#' @param coefficient For the caterpillar: the name of the coefficient, by default the first.
#' @param ... Further arguments for [graphics::plot()].
#' @return `plot()` the plotted data frame, invisibly; `autoplot()` a ggplot.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' plot(fit)
#' plot(fit, type = "caterpillar")
#' repeated <- lmmfit(distance ~ age * Sex, nlme::Orthodont, residual = ~ ar1(age | Subject))
#' plot(repeated, type = "autocorrelation")
#' @export
plot.lmmfit <- function(x, type = c("residuals", "qq", "caterpillar", "correlation",
                                    "autocorrelation", "profiles", "field", "spline",
                                    "surface", "biplot", "cooks", "dfbetas", "leverage",
                                    "outliers"),
                        term = NULL, coefficient = NULL, ...) {
  type <- check_choice(type, eval(formals()$type), "type")
  if (type %in% influence_types) return(plot(influence_by(x, term), type, ...))
  data <- plot_data(x, type, term, coefficient)
  if (type %in% residual_plots) {
    draw_residual_plot(data, type, ...)
    return(invisible(data))
  }
  if (type %in% term_plots) {
    draw_term_plot(data, type, ...)
    return(invisible(data))
  }
  draw <- switch(type, residuals = draw_residuals, qq = draw_qq, caterpillar = draw_caterpillar)
  draw(data, ...)
  invisible(data)
}

influence_by <- function(fit, term) influence(fit, term %||% "default")

# The numbers of a plot: what plot() and autoplot() draw.
plot_data <- function(fit, type, term, coefficient) {
  if (type == "caterpillar") return(caterpillar_data(fit, term, coefficient))
  if (type %in% residual_plots) return(residual_plot_data(fit, type, term))
  if (type %in% term_plots) return(term_plot_data(fit, type, term))
  e <- residuals(fit, type = "pearson")
  if (type == "residuals") return(data.frame(fitted = fitted(fit), residual = e))
  e <- sort(e)
  data.frame(theoretical = stats::qnorm(stats::ppoints(length(e))), residual = unname(e))
}

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
  data <- data[order(data$effect), ]
  data$rank <- seq_len(nrow(data))
  attr(data, "title") <- paste0(term, ", ", coefficient)
  data
}

draw_residuals <- function(data, xlab = "Fitted", ylab = "Pearson residual", ...) {
  graphics::plot(data$fitted, data$residual, xlab = xlab, ylab = ylab, ...)
  graphics::abline(h = 0, col = "grey50")
}

draw_qq <- function(data, xlab = "Normal quantile", ylab = "Pearson residual", ...) {
  graphics::plot(data$theoretical, data$residual, xlab = xlab, ylab = ylab, ...)
  graphics::abline(0, 1, col = "grey50")
}

draw_caterpillar <- function(data, xlab = attr(data, "title"), ylab = "", pch = 19, ...) {
  ends <- data$effect + outer(data$se, c(-1.96, 1.96))
  labelled <- nrow(data) <= 60L
  if (labelled) {
    width <- max(graphics::strwidth(data$level, units = "inches", cex = 0.7))
    old <- graphics::par(mai = replace(graphics::par("mai"), 2L, width + 0.4))
    on.exit(graphics::par(old))
  }
  graphics::plot(data$effect, data$rank,
    xlim = range(ends), xlab = xlab, ylab = ylab, yaxt = "n", pch = pch, ...
  )
  graphics::segments(ends[, 1L], data$rank, ends[, 2L], data$rank)
  graphics::abline(v = 0, col = "grey50")
  if (labelled) graphics::axis(2L, data$rank, data$level, las = 1L, cex.axis = 0.7)
}

#' @rdname plot.lmmfit
#' @rawNamespace S3method(ggplot2::autoplot, lmmfit)
autoplot.lmmfit <- function(object, type = c("residuals", "qq", "caterpillar", "correlation",
                                             "autocorrelation", "profiles", "field", "spline",
                                             "surface", "biplot", "cooks", "dfbetas",
                                             "leverage", "outliers"),
                            term = NULL, coefficient = NULL, ...) {
  type <- check_choice(type, eval(formals()$type), "type")
  if (type %in% influence_types) return(autoplot.lmmfit_influence(influence_by(object, term), type))
  data <- plot_data(object, type, term, coefficient)
  if (type %in% residual_plots) return(residual_ggplot(data, type))
  if (type %in% term_plots) return(term_ggplot(data, type))
  if (type == "caterpillar") data$level <- factor(data$level, levels = data$level)
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  switch(type,
    residuals = ggplot2::ggplot(data, aes(.data[["fitted"]], .data[["residual"]])) +
      ggplot2::geom_hline(yintercept = 0, colour = "grey50") + ggplot2::geom_point() +
      ggplot2::labs(x = "Fitted", y = "Pearson residual"),
    qq = ggplot2::ggplot(data, aes(.data[["theoretical"]], .data[["residual"]])) +
      ggplot2::geom_abline(colour = "grey50") + ggplot2::geom_point() +
      ggplot2::labs(x = "Normal quantile", y = "Pearson residual"),
    caterpillar = ggplot2::ggplot(data, aes(.data[["effect"]], .data[["level"]])) +
      ggplot2::geom_vline(xintercept = 0, colour = "grey50") +
      ggplot2::geom_pointrange(aes(
        xmin = .data[["effect"]] - 1.96 * .data[["se"]],
        xmax = .data[["effect"]] + 1.96 * .data[["se"]]
      )) + ggplot2::labs(x = attr(data, "title"), y = NULL)
  )
}
