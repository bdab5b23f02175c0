#' Tidy summaries of a fit
#'
#' Data frames as broom and broom.mixed lay them out.
#'
#' @param x A fit by [lmmfit()].
#' @param effects Which effects: `"fixed"`, `"ran_pars"` (variance parameters), `"ran_vals"`
#'   (predicted random effects with standard errors of prediction), `"ran_coefs"` (fixed and random
#'   effects together, as [coef()]). One or several.
#' @param conf.int `TRUE` adds intervals.
#' @param conf.level Their level.
#' @param ddf Degrees of freedom of the fixed effects, see [contest()].
#' @param scales `"sdcor"`: standard deviations and correlations, named `sd__(Intercept)`,
#'   `cor__(Intercept).age`, `sd__Observation`; `"vcov"`: variances and covariances (`var__`,
#'   `cov__`). What is neither (a range, a loading) is as it is. The column `parameter` has the
#'   names of [varcomp()], and standard errors are those of the delta method.
#' @param conf.method `"Wald"`, also called `"delta"` (of variance parameters on the scale of
#'   logarithms, of correlations on that of Fisher's z), or `"profile"`, see
#'   [confint()][confint.lmmfit].
#' @param ... Nothing more, but for `augment()`: what is not an argument is an error.
#' @return A data frame: a row for each effect (`tidy()`), for the fit (`glance()`), for each record
#'   (`augment()`).
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' tidy(fit)
#' tidy(fit, "ran_pars", conf.int = TRUE, conf.method = "profile")
#' glance(fit)
#' head(augment(fit))
#' @export
tidy.lmmfit <- function(x, effects = c("fixed", "ran_pars"), conf.int = FALSE, conf.level = 0.95,
                        ddf = NULL, scales = c("sdcor", "vcov"),
                        conf.method = c("Wald", "profile"), ...) {
  # gtsummary says so of any model.
  check_unused(..., .ignored = if (isFALSE(list(...)$exponentiate)) "exponentiate")
  effects <- check_tidy_effects(effects)
  check_flag(conf.int, "conf.int")
  level <- check_level(conf.level, "conf.level")
  scales <- check_choice(scales, c("sdcor", "vcov"), "scales")
  conf.method <- check_choice(conf.method, c("Wald", "profile"), "conf.method", c(delta = "Wald"))
  makers <- list(
    fixed = function() tidy_fixed(x, ddf, conf.int, level, conf.method),
    ran_pars = function() tidy_parameters(x, scales, conf.int, level, conf.method),
    ran_vals = function() tidy_effects(x, conf.int, level),
    ran_coefs = function() tidy_coefficients(x)
  )
  tables <- lapply(makers[unique(effects)], function(make) make())
  columns <- intersect(tidy_columns, unlist(lapply(tables, names)))
  bound_tables(tables, columns)
}

check_tidy_effects <- function(effects) {
  vapply(effects, check_choice, "", c("fixed", "ran_pars", "ran_vals", "ran_coefs"), "effects",
    USE.NAMES = FALSE)
}

# One table with these columns, NA where a table has none of a name.
bound_tables <- function(tables, columns) {
  tables <- lapply(tables, function(table) {
    table[setdiff(columns, names(table))] <- NA
    table[columns]
  })
  table <- do.call(rbind, unname(tables))
  row.names(table) <- NULL
  table
}

tidy_columns <- c(
  "effect", "group", "level", "term", "estimate", "std.error", "statistic", "df", "p.value",
  "conf.low", "conf.high", "status", "parameter"
)

tidy_fixed <- function(fit, ddf, conf.int, level, conf.method) {
  table <- fixed_table(fit, ddf)
  tidy <- data.frame(
    effect = rep("fixed", nrow(table)), term = row.names(table), estimate = table$estimate,
    std.error = table$se, statistic = table$statistic, df = table$df
  )
  tidy$p.value <- table$p.value
  if (!conf.int) return(tidy)
  if (conf.method == "Wald") return(with_limits(tidy, level, tidy$df))
  limits <- confint(fit, "fixed", level = level, method = "profile")
  tidy$conf.low <- unname(limits[, 1L])
  tidy$conf.high <- unname(limits[, 2L])
  tidy
}

tidy_effects <- function(fit, conf.int, level) {
  if (!is_mixed(fit)) {
    return(data.frame(effect = character(), term = character(), estimate = double()))
  }
  table <- as.data.frame(ranef(fit, se = TRUE))
  tidy <- data.frame(
    effect = "ran_vals", group = table$group, level = table$level, term = table$coefficient,
    estimate = table$estimate, std.error = table$se
  )
  # Degrees of freedom of random effects are not known: normal quantiles.
  if (conf.int) with_limits(tidy, level, Inf) else tidy
}

# Fixed and random effects together, as coef() has them.
tidy_coefficients <- function(fit) {
  if (!is_mixed(fit)) return(tidy_effects(fit, FALSE, NULL))
  rows <- Map(function(table, group) {
    data.frame(effect = "ran_coefs", group = group, level = rep(row.names(table), ncol(table)),
      term = rep(names(table), each = nrow(table)), estimate = unlist(table, use.names = FALSE))
  }, unclass(coef(fit)), names(coef(fit)))
  do.call(rbind, unname(rows))
}

with_limits <- function(table, level, df) {
  half <- stats::qt(1 - (1 - level) / 2, df) * table$std.error
  table$conf.low <- table$estimate - half
  table$conf.high <- table$estimate + half
  table
}

#' @rdname tidy.lmmfit
#' @export
glance.lmmfit <- function(x, ...) {
  check_unused(...)
  data.frame(
    nobs = x$n, sigma = sigma(x), logLik = as.numeric(logLik(x)), AIC = AIC(x), BIC = BIC(x),
    REMLcrit = if (x$method == "REML") x$minus2loglik else NA_real_, deviance = deviance(x),
    df.residual = df.residual(x), npar = n_free(x), method = x$method,
    converged = x$convergence$status == "converged",
    singular = any(x$parameters$status == "at boundary"), iterations = x$convergence$iterations
  )
}

#' @rdname tidy.lmmfit
#' @param data The data to which columns are added: by default the variables of the fit.
#' @param newdata New data to predict.
#' @param se_fit `TRUE` adds standard errors, `.se.fit`. Of `augment()`, `...` are arguments of
#'   [predict()][predict.lmmfit], such as `interval`, which adds `.lower` and `.upper`.
#' @export
augment.lmmfit <- function(x, data = NULL, newdata = NULL, se_fit = NULL, ...) {
  asked <- c(if (!is.null(se_fit)) list(se = se_fit), list(...))
  if (!is.null(data) && !is.data.frame(data)) abort_data(data)
  if (!is.null(newdata)) {
    return(with_predictions(newdata, do.call(predict, c(list(x, newdata), asked))))
  }
  values <- data.frame(.fitted = fitted(x))
  if (length(asked) > 0L) values <- with_predictions(values, do.call(predict, c(list(x), asked)))
  values$.resid <- fitted(x) + residuals(x) - values$.fitted
  values$.fixed <- predict(x, random = FALSE)
  table <- data %||% x$frame
  if (nrow(table) != nrow(values)) {
    table <- table[match(row.names(values), row.names(table)), , drop = FALSE]
  }
  attr(table, "terms") <- NULL
  table[names(values)] <- lapply(values, unname)
  table
}

# Predictions as plain columns: .fitted, and .se.fit, .lower and .upper where they are there.
with_predictions <- function(data, found) {
  if (is.list(found)) {
    data <- with_predictions(data, found$fit)
    data$.se.fit <- unname(found$se.fit)
    return(data)
  }
  if (!is.matrix(found)) {
    data$.fitted <- unname(found)
    return(data)
  }
  data[c(".fitted", ".lower", ".upper")] <- lapply(c("fit", "lwr", "upr"), function(column) {
    unname(found[, column])
  })
  data
}
