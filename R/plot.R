#' Plots of a fit
#'
#' `plot()` draws with base graphics, `ggplot2::autoplot()` the same with ggplot2.
#'
#' @param x,object A fit by [lmmfit()].
#' @param type `"residuals"`: Pearson residuals against fitted values, with a robust smooth; the
#'   three largest have their names. `"qq"`: against normal quantiles, with the line through the
#'   quartiles and pointwise 95 % limits of a normal sample. `"scale"`: the root of their size
#'   against fitted values. `"panel"`: these three and a histogram. `"caterpillar"`: predicted
#'   random effects in order, with intervals of 1.96 standard errors of prediction.
#'   `"correlation"`: the estimated correlation matrix of structured residuals or of a random term.
#'   Of structured residuals: `"autocorrelation"`, sample correlations of the Pearson residuals by
#'   lag beside those of the fitted structure, with the number of pairs and the limits \eqn{\pm
#'   1.96/\sqrt{\mathrm{pairs}}}{+-1.96 / sqrt(pairs)} of no correlation; `"variogram"`, half their
#'   mean squared differences, with limits around the fitted curve as for independent pairs;
#'   `"field"`, the residual of each plot of a field, plots without a record crossed. `"profiles"`:
#'   response and fitted values of each subject along the index of the residual, or the covariate
#'   of a random regression, coloured by group. Of random terms: `"spline"`, the curve of a [spl()]
#'   with a band of 1.96 standard errors, averaged over the levels of other factors, over the
#'   records; `"surface"`, the trend of a [spl2()], its bilinear part included, as the deviation
#'   from its mean; `"biplot"`, rotated loadings of an `fa` or `rr` term with two factors or more
#'   as arrows, and the scores of its levels as points (see [loadings_of()]). Of influence:
#'   `"cooks"`, `"dfbetas"`, `"leverage"` and `"outliers"`, see [plot_influence].
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
plot.lmmfit <- function(x, type = "residuals", term = NULL, coefficient = NULL, ...) {
  type <- check_choice(type, plot_types, "type")
  if (type %in% influence_types) return(plot(influence_by(x, term), type, ...))
  data <- plot_data(x, type, term, coefficient)
  if (type %in% diagnostic_plots) draw_diagnostics(data, type, ...) else
    if (type %in% residual_plots) draw_residual_plot(data, type, ...) else
      if (type %in% term_plots) draw_term_plot(data, type, ...) else draw_caterpillar(data, ...)
  invisible(data)
}

#' @rdname plot.lmmfit
#' @param y For `qqnorm()`: a fit.
#' @importFrom stats qqnorm
#' @method qqnorm lmmfit
#' @export
qqnorm.lmmfit <- function(y, ...) plot(y, type = "qq", ...)

plot_types <- c("residuals", "qq", "scale", "panel", "caterpillar", "correlation",
  "autocorrelation", "variogram", "profiles", "field", "spline", "surface", "biplot", "cooks",
  "dfbetas", "leverage", "outliers")

influence_by <- function(fit, term) influence(fit, term %||% "default")

# The numbers of a plot: what plot() and autoplot() draw.
plot_data <- function(fit, type, term, coefficient) {
  if (!type %in% c("caterpillar", "correlation", "biplot")) {
    check_has_records(fit, "This plot of records")
  }
  if (type %in% diagnostic_plots) return(diagnostic_data(fit, type))
  if (type == "profiles") return(profile_data(fit, term))
  if (type %in% residual_plots) return(residual_plot_data(fit, type, term))
  if (type %in% term_plots) return(term_plot_data(fit, type, term))
  caterpillar_data(fit, term, coefficient)
}

#' @rdname plot.lmmfit
#' @rawNamespace S3method(ggplot2::autoplot, lmmfit)
autoplot.lmmfit <- function(object, type = "residuals", term = NULL, coefficient = NULL, ...) {
  type <- check_choice(type, plot_types, "type")
  if (type %in% influence_types) return(autoplot.lmmfit_influence(influence_by(object, term), type))
  data <- plot_data(object, type, term, coefficient)
  if (type %in% diagnostic_plots) return(diagnostic_ggplot(data, type))
  if (type %in% residual_plots) return(residual_ggplot(data, type))
  if (type %in% term_plots) return(term_ggplot(data, type))
  caterpillar_ggplot(data)
}
