#' Predictions
#'
#' Predictions for the records of the fit or for new data, with or without the random effects.
#'
#' Predictions use the fixed and random effects. With `residual = TRUE` (mmrm's `conditional =
#' TRUE`) a new record of a subject of the fit, such as its next visit, has its residual predicted
#' too, from those of the subject's records and their covariance (`us`, `ar1`, `exp`, ...).
#' Positions may be new where the structure tells their covariance: a number in `ar1`, coordinates
#' in `exp`. The standard errors are then those of the prediction of the record itself, and so is
#' `interval = "prediction"`. A row at the place of a record of the fit gets that record.
#'
#' With several responses, `newdata` without a column `trait` gives each row a prediction for each
#' trait.
#'
#' Effects of groups of unknown parents (see [gr()]) belong to the fixed part: rows of `newdata`
#' need their animal, also with `random = FALSE`.
#'
#' @param object A fit by [lmmfit()].
#' @param newdata A data frame with the variables of the formula. By default the data of the fit.
#' @param random `TRUE`: with all random effects. `FALSE`: with none, the fixed part alone. Or the
#'   labels of the random terms to include, as [varcomp()] names them, or a formula of them,
#'   `~ (1 | Subject)`, which may leave coefficients out. (`re.form` of lme4 is understood too:
#'   `NULL` means `TRUE`, `NA` or `~0` means `FALSE`.)
#' @param allow_new_levels `TRUE` predicts a level that was not in the fit by a random effect of 0;
#'   its variance is part of the standard error, as of a level that is related to no other. New
#'   animals of a pedigree with groups of unknown parents are refused: their groups are not known.
#' @param se `TRUE` adds standard errors (`se.fit` is understood too).
#' @param interval `"confidence"` gives intervals for X b + Z u, `"prediction"` for a new record:
#'   with a residual of its own (with the variance of its place in the structure, and the weight
#'   that the expression of the call gives in `newdata`), and with all random terms. For a record of
#'   a new group use `random = TRUE` and a level that is not in the fit.
#' @param level Level of the intervals.
#' @param ddf Degrees of freedom of confidence intervals with `random = FALSE`, see [contest()].
#'   Those with random effects use normal quantiles.
#' @param classify A formula such as `~ line` or `~ trt | visit`: means for the levels of factors,
#'   fixed or random, in place of predictions of rows. `predict(fit, classify = )` is
#'   [marginal_means()], whose arguments it takes.
#' @param residual `TRUE` adds the residual of each row, predicted from those of the records that it
#'   is correlated with.
#' @param ... Arguments of [marginal_means()], with `classify`; there ASReml's `levels =` is read as
#'   `at =`, and `sed = TRUE` and `vcov = TRUE` need not be asked for. Otherwise nothing more: what
#'   is not an argument is an error.
#' @return A numeric vector with `NA` for rows with missing values. With `se = TRUE` a list of `fit`
#'   and `se.fit`: the standard errors of the prediction of the expected response, X b + Z u: they
#'   account for the estimation of b, and take the variances as known. With an interval `fit` is a
#'   matrix with the columns `fit`, `lwr` and `upr`.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' new <- data.frame(age = c(9, 15), Subject = c("M01", "F99"))
#' predict(fit, new, allow_new_levels = TRUE, se = TRUE)
#' predict(fit, data.frame(age = 9), random = FALSE, interval = "confidence")
#' predict(fit, classify = ~ Subject, at = list(age = 14))
#'
#' # The next visit of the first boy
#' fit <- lmmfit(distance ~ age * Sex, nlme::Orthodont, residual = ~ ar1(age | Subject))
#' next_visit <- data.frame(age = 16, Sex = "Male", Subject = "M01")
#' predict(fit, next_visit, residual = TRUE, interval = "prediction")
#' @export
predict.lmmfit <- function(object, newdata = NULL, random = TRUE, allow_new_levels = FALSE,
                           se = FALSE, interval = c("none", "confidence", "prediction"),
                           level = 0.95, ddf = NULL, classify = NULL, residual = FALSE, ...) {
  if (!is.null(classify)) {
    of_rows <- intersect(names(match.call()),
      c("newdata", "random", "allow_new_levels", "interval", "residual"))
    if (length(of_rows) > 0L) abort_classify_argument(of_rows[1L])
    return(classified_means(object, classify, level, ddf, list(...)))
  }
  check_unused(..., .ignored = c("re.form", "se.fit", "allow.new.levels", "type", "random.only"))
  interval <- check_choice(interval, c("none", "confidence", "prediction"), "interval")
  # The level of a group, for nlme.
  if (is.numeric(level) && all(level %in% 0:9)) abort_prediction_level(level)
  level <- check_level(level)
  asked <- asked_prediction(list(...), random, se, allow_new_levels)
  if (asked$random.only) {
    return(random_predictions(object, newdata, asked, interval))
  }
  se <- asked$se
  newdata <- stack_new_data(object, newdata)
  chosen <- chosen_effects(object, asked$random)
  included <- chosen$terms
  rows <- if (is.null(newdata)) fitted_rows(object) else
    new_rows(object, newdata, included, asked$allow_new_levels)
  rows <- with_chosen_coefficients(object, rows, chosen)
  if (check_flag(residual, "residual")) {
    check_residual_prediction(object, newdata, included, rows, interval)
    rows <- with_residual_rows(object, rows, newdata[rows$complete, , drop = FALSE])
  }
  eta <- rows$offset + row_predictions(object, rows, included) + (rows$residual$value %||% 0)
  fit <- fill_rows(object, eta, rows)
  if (!se && interval == "none") return(fit)
  errors <- row_errors(object, rows, included)
  if (interval != "none") {
    half <- interval_half(object, rows, included, errors, interval, level, ddf, newdata)
    half <- fill_rows(object, half, rows)
    fit <- cbind(fit = fit, lwr = fit - half, upr = fit + half)
  }
  if (!se) return(fit)
  list(fit = fit, se.fit = fill_rows(object, errors, rows))
}

classified_means <- function(fit, classify, level, ddf, given) {
  # `classify = "line"` of ASReml has these names beside it.
  if ("levels" %in% names(given)) {
    inform_read_as("levels =", "at =")
    names(given)[names(given) == "levels"] <- "at"
  }
  for (name in intersect(c("sed", "vcov"), names(given))) {
    if (check_flag(given[[name]], name)) {
      inform_read_as(paste(name, "= TRUE"), paste0(name, "() of the means"))
    }
    given[[name]] <- NULL
  }
  # `specs` is what `classify` is there.
  known <- setdiff(names(formals(marginal_means)), c("fit", "specs", "..."))
  unknown <- which(!(names(given) %||% rep.int("", length(given))) %in% known)
  if (length(unknown) > 0L) {
    first <- unknown[1L]
    abort_unused(names(given)[first] %||% "", given[[first]], quote(predict), known)
  }
  spec_names(classify, names(mean_variables(fit)), "classify")
  do.call(marginal_means, c(list(fit, classify, level = level, ddf = ddf), given))
}

check_residual_prediction <- function(fit, newdata, included, rows, interval) {
  partial <- length(included) < length(fit$random) || isTRUE(rows$partial)
  if (is.null(newdata) || partial || interval == "confidence") abort_prediction_with_residual()
}

# What is asked in our words or in lme4's.
asked_prediction <- function(more, random, se, allow_new_levels) {
  if ("re.form" %in% names(more)) random <- random_of_re_form(more$re.form)
  # Of generalised models; here both are one.
  if ("type" %in% names(more)) check_choice(more$type, c("response", "link"), "type")
  list(random = random, se = check_flag(more$se.fit %||% se, "se"),
    allow_new_levels = check_flag(more$allow.new.levels %||% allow_new_levels, "allow_new_levels"),
    random.only = check_flag(more$random.only %||% FALSE, "random.only"))
}

# Z u alone.
random_predictions <- function(fit, newdata, asked, interval) {
  if (asked$se || interval != "none") {
    abort_argument("random.only", TRUE, "without `se` and `interval`: see `ranef(fit, se = TRUE)`")
  }
  stats::predict(fit, newdata, asked$random, asked$allow_new_levels) -
    stats::predict(fit, newdata, FALSE)
}

# Half the width of each interval.
interval_half <- function(fit, rows, included, errors, interval, level, ddf, newdata) {
  upper <- 1 - (1 - level) / 2
  if (!is.null(rows$residual)) return(stats::qnorm(upper) * errors)
  if (interval == "prediction") {
    if (length(included) < length(fit$random) || isTRUE(rows$partial)) abort_prediction_interval()
    variance <- if (is.null(newdata)) residual_variances(fit) / fit_weights(fit) else
      new_residual_variances(fit, newdata[rows$complete, , drop = FALSE]) /
        new_weights(fit, newdata)[rows$complete]
    df <- if (has_exact_t(fit)) fit$n - fit$rank else Inf
    return(stats::qt(upper, df) * sqrt(errors^2 + variance))
  }
  if (length(included) > 0L) return(stats::qnorm(upper) * errors)
  ddf <- check_ddf(fit, ddf)
  kept <- !is.na(fit$fixed$estimate)
  tests <- row_tests(fit, rows$X[, kept, drop = FALSE], ddf, check_information(NULL, ddf))
  stats::qt(upper, tests$df) * sqrt(tests$variance)
}

# Standard errors: sqrt(k' C^- k) for k = [x, z] of each row. The selected inverse has them of all
# records, and the covariance of the fixed effects those of the fixed part.
row_errors <- function(fit, rows, included) {
  whole <- length(included) == length(fit$random) && !isTRUE(rows$partial)
  if (is.null(rows$complete) && has_iid_residual(fit) && whole) {
    return(sqrt(pmax(residual_variance(fit) * record_shares(fit), 0)))
  }
  if (length(included) == 0L && !is.null(fit$fixed$covariance) && is.null(rows$residual)) {
    kept <- estimated_columns(fit)
    X <- rows$X[, kept, drop = FALSE]
    covariance <- fit$fixed$covariance[kept, kept, drop = FALSE]
    return(sqrt(pmax(Matrix::rowSums((X %*% covariance) * X), 0)))
  }
  variance <- row_variances(fit, rows$shifted %||% rows, included)
  for (k in included) {
    new <- rows$added[[k]]
    if (!is.null(new)) variance <- variance + new_variance(fit, k, new)
  }
  sqrt(pmax(variance + (rows$residual$variance %||% 0), 0))
}

# One value a row of newdata, NA where it had missing values; or by record of the fit.
fill_rows <- function(fit, values, rows) {
  if (is.null(rows$complete)) return(named_records(fit, values))
  full <- stats::setNames(rep(NA_real_, length(rows$complete)), rows$names)
  full[rows$complete] <- values
  full
}
