# What parameters and performance ask of a model. Their defaults know models by a list of classes,
# and this is not on it. Registered when they are loaded (zzz.R).

# Fixed effects, and standard deviations and correlations of random ones, as of a fit by lme4.
model_parameters.lmmfit <- function(model, ci = 0.95, effects = c("all", "fixed", "random"),
                                    ddf = NULL, conf.method = c("Wald", "profile"), digits = 2,
                                    ci_method = NULL, ...) {
  # What modelsummary and sjPlot ask of any model; without intervals `ci` is NULL.
  check_unused(..., .ignored = c("verbose", "ci_random", "pretty_names", "component", "iterations",
    names_of_nothing(list(...))))
  ddf <- ddf %||% ddf_of_ci_method(ci_method)
  effects <- check_choice(effects, c("all", "fixed", "random"), "effects")
  wanted <- c(if (effects != "random") "fixed", if (effects != "fixed") "ran_pars")
  conf.method <- check_choice(conf.method, c("Wald", "profile"), "conf.method", c(delta = "Wald"))
  found <- if (is_bayes(model)) {
    if (!is.null(ddf)) abort_bayes_ddf()
    generics::tidy(model, wanted, conf.int = TRUE, conf.level = ci %||% 0.95)
  } else {
    generics::tidy(model, wanted, conf.int = TRUE, conf.level = ci %||% 0.95, ddf = ddf,
      conf.method = conf.method)
  }
  random <- found$effect == "ran_pars"
  table <- data.frame(
    Parameter = ifelse(random, parameter_label(found$term), found$term),
    Coefficient = found$estimate, SE = found$std.error
  )
  if (!is.null(ci)) {
    table <- cbind(table, CI = ci, CI_low = found$conf.low, CI_high = found$conf.high)
  }
  if (any(!random) && !is_bayes(model)) {
    finite <- any(is.finite(found$df))
    table[[if (finite) "t" else "z"]] <- found$statistic
    table$df_error <- found$df
    table$p <- found$p.value
  }
  table$Effects <- ifelse(random, "random", "fixed")
  if (any(random)) table$Group <- ifelse(random, found$group, "")
  as_parameters_model(table, model, ci, digits)
}

# Arguments that are handed on without being asked for.
names_of_nothing <- function(given) {
  names(given)[vapply(given, function(value) is.null(value) || isFALSE(value), NA)]
}

# NULL: those of the fit.
ddf_of_ci_method <- function(method) {
  if (is.null(method)) return(NULL)
  known <- c(wald = NA, residual = "residual", kenward = "Kenward-Roger", kr = "Kenward-Roger",
    satterthwaite = "Satterthwaite", normal = "none")
  ddf <- known[[check_choice(tolower(method), names(known), "ci_method")]]
  if (is.na(ddf)) NULL else ddf
}

# sd__(Intercept) is SD (Intercept); cor__a.b is Cor (a~b).
parameter_label <- function(term) {
  prefix <- sub("__.*$", "", term)
  name <- sub("^[a-z]+__", "", term)
  words <- c(sd = "SD", cor = "Cor", var = "Var", cov = "Cov")
  name <- ifelse(name == "Observation", "Observations", gsub("^[(]Intercept[)]", "Intercept", name))
  name <- ifelse(prefix == "cor", sub(".", "~", name, fixed = TRUE), name)
  ifelse(prefix %in% names(words), paste0(words[prefix], " (", name, ")"), term)
}

as_parameters_model <- function(table, model, ci, digits) {
  labels <- stats::setNames(table$Parameter, table$Parameter)
  structure(table,
    class = c("parameters_model", "see_parameters_model", "data.frame"),
    pretty_names = labels[table$Effects == "fixed"], pretty_labels = labels, ci = ci,
    ci_method = if (is_bayes(model)) "ETI" else as_ddf(model$ddf), ci_test = NULL,
    verbose = TRUE, exponentiate = FALSE, ordinal_model = FALSE, linear_model = TRUE,
    mixed_model = is_mixed(model), n_obs = model$n, model_class = "lmmfit", bootstrap = FALSE,
    iterations = NA, robust_vcov = FALSE, ignore_group = TRUE, ran_pars = TRUE,
    show_summary = FALSE, log_link = FALSE,
    test_statistic = if ("t" %in% names(table)) "t-statistic" else "z-statistic",
    model_formula = deparse_one(model$formula), coefficient_name = "Coefficient",
    zi_coefficient_name = "Log-Odds", digits = digits, ci_digits = digits, p_digits = 3,
    footer_digits = 3, show_formula = FALSE
  )
}

# Those of performance for a fit by lme4 (its `estimator = "REML"`).
model_performance.lmmfit <- function(model, metrics = "all", ...) {
  # modelsummary hands its gof_map on.
  check_unused(..., .ignored = c("verbose", "estimator", "gof_map"))
  own <- logLik(model)
  k <- attr(own, "df")
  values <- list(AIC = AIC(model), AICc = AIC(model) + 2 * k * (k + 1) / (model$n - k - 1),
    BIC = BIC(model))
  if (is_mixed(model)) {
    shares <- R2(model)
    values <- c(values, list(R2_conditional = shares["conditional", "estimate"],
      R2_marginal = shares["marginal", "estimate"], ICC = icc(model)["adjusted", "estimate"]))
  }
  values <- c(values, list(RMSE = sqrt(mean(residuals(model)^2, na.rm = TRUE)),
    Sigma = sigma(model)))
  if (identical(metrics, "common")) metrics <- c("AIC", "BIC", "R2", "ICC", "RMSE")
  if (!identical(metrics, "all")) {
    known <- toupper(sub("_.*$", "", names(values)))
    # The word for a metric that a model without random terms does not have.
    asked <- vapply(metrics, check_choice, "",
      choices = unique(c(known, "R2", "ICC")), argument = "metrics")
    values <- values[known %in% asked]
  }
  structure(as.data.frame(values), class = c("performance_model", "data.frame"))
}

# Breusch and Pagan's test: the default of performance divides Pearson residuals by sigma, which
# ours are divided by and those of lme4 are not.
check_heteroscedasticity.lmmfit <- function(x, ...) {  # nolint: object_length_linter.
  check_unused(...)
  squares <- residuals(x, type = "pearson")^2
  told <- !is.na(squares)
  scaled <- squares * sum(told) / df.residual(x)
  table <- stats::anova(stats::lm(scaled ~ fitted(x)))
  p <- stats::pchisq(table[["Sum Sq"]][1L] / 2, 1, lower.tail = FALSE)
  structure(p, data = x, object_name = deparse_one(substitute(x)),
    class = c("check_heteroscedasticity", "see_check_heteroscedasticity", "numeric"))
}

get_loglikelihood.lmmfit <- function(x, estimator = NULL, ...) {
  logLik(x, REML = x$method != "ML" && !identical(estimator, "ML"))
}

# What its packages hand to the methods of all models.
asked_by_easystats <- c("verbose", "component", "effects", "dof")

p_value.lmmfit <- function(model, method = NULL, ...) {
  check_unused(..., .ignored = asked_by_easystats)
  table <- fixed_table(model, method)
  data.frame(Parameter = model$fixed$names, p = table$p.value)
}

ci.lmmfit <- function(x, ci = 0.95, ...) {
  check_unused(..., .ignored = asked_by_easystats)
  limits <- confint(x, "fixed", level = ci)
  data.frame(Parameter = rownames(limits), CI = ci, CI_low = unname(limits[, 1L]),
    CI_high = unname(limits[, 2L]))
}

degrees_of_freedom.lmmfit <- function(model, method = NULL, ...) {
  check_unused(..., .ignored = asked_by_easystats)
  if (identical(method, "residual")) return(df.residual(model))
  plain <- method %in% c("wald", "analytical", "any", "fit")
  fixed_table(model, if (!isTRUE(plain)) method)$df
}

get_df.lmmfit <- function(x, type = "residual", ...) {
  if (type == "model") return(n_free(x))
  if (type == "residual") return(df.residual(x))
  fixed_table(x, if (type %in% c("wald", "normal")) "none" else type)$df
}

# On a grid of ggeffects, which says what it holds constant, a group that it holds counts as none:
# predictions are of the population, as for lme4's fits. Other questions go the usual way.
get_predicted.lmmfit <- function(x, data = NULL, predict = "expectation", ci = NULL, ...) {
  held <- names(attr(data, "constant.values"))
  groups <- lapply(x$parts$random, function(term) level_variables(term$group))
  out <- vapply(groups, function(group) any(group %in% held), NA)
  if (!any(out)) return(NextMethod())
  labels <- vapply(x$parts$random[!out], function(term) term$group$label, "")
  random <- if (all(out)) FALSE else intersect(labels, term_labels(x))
  found <- stats::predict(x, data, random = random, se = TRUE)
  half <- stats::qt(1 - (1 - (ci %||% 0.95)) / 2, df.residual(x)) * found$se.fit
  limits <- data.frame(SE = found$se.fit, CI_low = found$fit - half, CI_high = found$fit + half)
  structure(unname(found$fit), ci_data = limits, data = data, predict = predict,
    ci = ci %||% 0.95, class = c("get_predicted", "numeric"))
}
