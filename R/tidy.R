#' Tidy summaries of a fit
#'
#' Data frames as broom and broom.mixed lay them out.
#'
#' @param x A fit by [lmmfit()].
#' @param effects Which effects: `"fixed"`, `"ran_pars"` (variance parameters), `"ran_vals"`
#'   (predicted random effects with standard errors of prediction). One or several.
#' @param conf.int `TRUE` adds Wald intervals of the fixed effects and of the random effects.
#' @param conf.level Their level.
#' @param ddf Degrees of freedom of the fixed effects, see [contest()].
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame: a row for each effect (`tidy()`), for the fit (`glance()`), for each record
#'   (`augment()`).
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' tidy(fit)
#' glance(fit)
#' head(augment(fit))
#' @export
tidy.lmmfit <- function(x, effects = c("fixed", "ran_pars"), conf.int = FALSE, conf.level = 0.95,
                        ddf = NULL, ...) {
  check_unused(...)
  effects <- vapply(effects, check_choice, "", c("fixed", "ran_pars", "ran_vals"), "effects",
    USE.NAMES = FALSE)
  makers <- list(
    fixed = function(fit) tidy_fixed(fit, ddf), ran_pars = tidy_parameters, ran_vals = tidy_effects
  )
  tables <- lapply(makers[unique(effects)], function(make) make(x))
  if (conf.int) tables <- lapply(tables, add_interval, check_level(conf.level, "conf.level"))
  columns <- intersect(tidy_columns, unlist(lapply(tables, names)))
  bound_tables(tables, columns)
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
  "conf.low", "conf.high", "status"
)

tidy_fixed <- function(fit, ddf) {
  table <- fixed_table(fit, ddf)
  tidy <- data.frame(
    effect = rep("fixed", nrow(table)), term = row.names(table), estimate = table$estimate,
    std.error = table$se, statistic = table$statistic, df = table$df
  )
  tidy$p.value <- table$p.value
  tidy
}

tidy_parameters <- function(fit) {
  table <- varcomp(fit)
  data.frame(
    effect = "ran_pars", group = table$term, term = table$parameter, estimate = table$estimate,
    std.error = table$se, status = table$status
  )
}

tidy_effects <- function(fit) {
  if (!is_mixed(fit)) {
    return(data.frame(effect = character(), term = character(), estimate = double()))
  }
  table <- as.data.frame(ranef(fit, se = TRUE))
  data.frame(
    effect = "ran_vals", group = table$group, level = table$level, term = table$coefficient,
    estimate = table$estimate, std.error = table$se
  )
}

add_interval <- function(table, level) {
  # Degrees of freedom of random effects are not known: normal quantiles.
  df <- ifelse(table$effect == "ran_vals", Inf, table$df %||% rep(NA_real_, nrow(table)))
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
    deviance = deviance(x), df.residual = df.residual(x), method = x$method,
    converged = x$convergence$status == "converged", iterations = x$convergence$iterations
  )
}

#' @rdname tidy.lmmfit
#' @param data The data to which columns are added: by default the variables of the fit.
#' @param newdata New data to predict.
#' @export
augment.lmmfit <- function(x, data = NULL, newdata = NULL, ...) {
  if (!is.null(newdata)) {
    return(with_predictions(newdata, predict(x, newdata, ...)))
  }
  values <- data.frame(
    .fitted = fitted(x), .resid = residuals(x), .fixed = predict(x, random = FALSE)
  )
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
