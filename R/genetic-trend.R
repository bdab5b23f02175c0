#' Genetic trend
#'
#' The mean predicted effect of the levels of a random term by year of birth (or any other class),
#' with the standard error of its prediction error, and the gain per unit of time: the regression of
#' the means on time, each counted once.
#'
#' Means of predictions understate a change where reliabilities are low, as predictions are shrunk
#' towards the expectation of the model; groups of unknown parents are part of the effects. The
#' variances are taken as known.
#'
#' @inheritParams reliability
#' @param time For each level its year or class: a vector named by levels, or a data frame with the
#'   levels in the first column and the years in the second. Levels that are not named are left
#'   out.
#' @param x,object For pictures: what `genetic_trend()` gave.
#' @param ... For `plot()` further arguments of [graphics::plot()]; else nothing more.
#' @return A data frame of class `genetic_trend` with a row for each year: `time`, `n` (levels),
#'   `mean`, `se`. Where the years are numbers the attribute `gain` is a data frame with the
#'   `estimate` of the gain and its `se`. `plot()` gives the drawn data frame, invisibly,
#'   `ggplot2::autoplot()` a ggplot.
#' @seealso [breeding_values()][reliability]
#' @examples
#' ped <- pedigree(flock)
#' fit <- lmmfit(weaning ~ sex + year + (1 | gr(animal, pedigree = ped)), lambs)
#' trend <- genetic_trend(fit, flock[c("id", "born")])
#' trend
#' attr(trend, "gain")
#' plot(trend)
#' @export
genetic_trend <- function(object, time, term = NULL, coefficient = NULL, ...) {
  check_given(object, time, ...)
  check_fit(object)
  k <- find_term(object, term)
  term <- object$random[[k]]
  coefficient <- check_choice(coefficient %||% term$coef_names[1L], term$coef_names, "coefficient")
  coef <- match(coefficient, term$coef_names)
  time <- time_of_levels(time, term)
  values <- sort(unique(time))
  told <- which(!is.na(time))
  class <- match(time[told], values)
  counts <- tabulate(class, length(values))
  shares <- Matrix::sparseMatrix(class, told, x = 1 / counts[class],
    dims = c(length(values), term$n_levels))
  found <- combined_effects(object, k, shares, coef)
  trend <- data.frame(time = values, n = counts, mean = found$estimate, se = found$se)
  structure(trend, class = c("genetic_trend", "data.frame"), gain = gain_of(object, k, shares,
    coef, values), term = paste0(term$label, ", ", coefficient))
}

# The year of each level of the term, NA for those that have none.
time_of_levels <- function(time, term) {
  if (is.data.frame(time) && ncol(time) >= 2L) {
    time <- stats::setNames(time[[2L]], as.character(time[[1L]]))
  }
  if (is.factor(time)) time <- stats::setNames(as.character(time), names(time))
  if (is.null(names(time)) || !is.numeric(time) && !is.character(time)) {
    abort_argument("time", class(time)[1L],
      "a vector named by levels, or a data frame of two columns")
  }
  own <- unname(time[match(term$levels, names(time))])
  if (all(is.na(own))) {
    abort_argument("time", utils::head(names(time), 3L),
      paste("named by levels of", term$label, "such as", term$levels[1L]))
  }
  own
}

# Estimates and standard errors of prediction of combinations of the effects of one term.
combined_effects <- function(fit, k, shares, coef) {
  term <- fit$random[[k]]
  groups <- if (has_groups(term)) as_dgc(shares %*% term$relationship$groups$shares)
  list(estimate = as.vector(shares %*% total_effects(fit, k)[coef, ]),
    se = sqrt(pmax(combination_variance(fit, k, shares, coef, groups), 0)))
}

gain_of <- function(fit, k, shares, coef, values) {
  if (!is.numeric(values) || length(values) < 2L) return(NULL)
  centred <- values - mean(values)
  slope <- Matrix::Matrix(centred / sum(centred^2), 1L) %*% shares
  as.data.frame(combined_effects(fit, k, as_dgc(slope), coef))
}
