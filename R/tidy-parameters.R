# Variance parameters by the names of broom.mixed: sd__(Intercept), cor__(Intercept).Days,
# sd__Observation; or var__ and cov__.

# A data frame with a row for each parameter: group, term, parameter, kind (sd, cor, var, cov or
# other), and as the attribute `functions` what it is of the variance parameters, for vpredict().
ran_pars_frame <- function(fit, scales) {
  parameters <- fit$parameters
  rows <- lapply(seq_along(parameters$name), function(i) ran_par(fit, i, scales))
  column <- function(name) vapply(rows, `[[`, "", name)
  table <- data.frame(group = column("group"), term = column("term"),
    parameter = parameters$name, kind = column("kind"))
  structure(table,
    functions = list(names = parameters$name, expressions = lapply(rows, `[[`, "expression")))
}

ran_par <- function(fit, i, scales) {
  parameters <- fit$parameters
  place <- ran_par_place(fit, i)
  own <- as.name(parameters$name[i])
  kind <- parameters$kind[i]
  made <- function(prefix, kind, expression) {
    list(group = place$group, term = paste0(prefix, "__", place$name), kind = kind,
      expression = expression)
  }
  if (kind == "variance") {
    if (scales == "vcov") return(made("var", "var", own))
    return(made("sd", "sd", call("sqrt", own)))
  }
  if (kind == "correlation") return(made("cor", "cor", own))
  variances <- variances_beside(parameters, i)
  if (kind == "covariance" && scales == "sdcor" && length(variances) == 2L) {
    product <- call("*", as.name(variances[1L]), as.name(variances[2L]))
    return(made("cor", "cor", call("/", own, call("sqrt", product))))
  }
  if (kind == "covariance") return(made("cov", "cov", own))
  list(group = place$group, term = place$name, kind = "other", expression = own)
}

# The names of the variances of the two coefficients of a covariance.
variances_beside <- function(parameters, i) {
  beside <- parameters$index == parameters$index[i] & parameters$section == parameters$section[i] &
    parameters$kind == "variance"
  at <- vapply(c(parameters$row[i], parameters$col[i]), function(entry) {
    match(TRUE, beside & parameters$row == entry & parameters$col == entry)
  }, 0L)
  parameters$name[at[!is.na(at)]]
}

# list(group, name): the term, and its coefficients joined by a point, or what the parameter is.
ran_par_place <- function(fit, i) {
  parameters <- fit$parameters
  k <- parameters$index[i]
  if (k > 0L) {
    label <- term_labels(fit)[k]
    coefs <- fit$random[[k]]$coef_names
  } else if (has_iid_residual(fit)) {
    return(list(group = "Residual", name = "Observation"))
  } else {
    section <- fit_residual(fit)$sections[[parameters$section[i]]]
    label <- section$label
    coefs <- section$coefs
  }
  suffix <- substring(parameters$name[i], nchar(label) + 2L)
  entry <- c(parameters$col[i], parameters$row[i])
  is_entry <- !anyNA(entry) && parameters$kind[i] %in% c("variance", "covariance")
  name <- if (is_entry) paste(unique(coefs[entry]), collapse = ".") else suffix
  # One variance for all coefficients.
  if (parameters$kind[i] == "variance" && suffix == "variance" && !suffix %in% coefs) {
    name <- if (k > 0L) "all" else "Observation"
  }
  list(group = sub("^residual", "Residual", label), name = name)
}

tidy_parameters <- function(fit, scales, conf.int, level, conf.method) {
  table <- ran_pars_frame(fit, scales)
  functions <- attr(table, "functions")
  if (is_bayes(fit)) {
    found <- posterior_functions(fit, functions, level)
  } else {
    found <- functions_at(fit, functions)
    found <- data.frame(estimate = found$value, se = sqrt(pmax(diag(found$covariance), 0)))
    if (conf.int) {
      found <- cbind(found, if (conf.method == "Wald") wald_ran_pars(found, table$kind, level) else
        profile_ran_pars(fit, table$kind, functions, level))
    }
  }
  tidy <- data.frame(effect = rep("ran_pars", nrow(table)), table[c("group", "term")],
    estimate = found$estimate, std.error = found$se, status = fit$parameters$status,
    parameter = table$parameter)
  tidy$conf.low <- found$lower
  tidy$conf.high <- found$upper
  row.names(tidy) <- NULL
  tidy
}

# On the logarithm of variances and standard deviations, and on Fisher's z of correlations.
wald_ran_pars <- function(found, kind, level) {
  limits <- Map(function(x, se, kind) {
    scale <- interval_scale(switch(kind, sd = , var = "variance", cor = "correlation", "none"))
    if (!is.finite(se)) return(c(NA_real_, NA_real_))
    scale$from(scale$to(x) + c(-1, 1) * normal_quantile(level) * se * scale$slope(x))
  }, found$estimate, found$se, kind)
  limits <- matrix(unlist(limits), ncol = 2L, byrow = TRUE)
  data.frame(lower = limits[, 1L], upper = limits[, 2L])
}

# A standard deviation has the roots of the limits of its variance.
profile_ran_pars <- function(fit, kind, functions, level) {
  limits <- matrix(NA_real_, length(kind), 2L)
  plain <- which(vapply(functions$expressions, is.name, NA) | kind == "sd")
  parm <- list(fixed = integer(), variance = plain)
  limits[plain, ] <- unclass(profile_intervals(fit, parm, level))
  limits[kind == "sd", ] <- sqrt(limits[kind == "sd", ])
  others <- setdiff(seq_along(kind), plain)
  if (length(others) > 0L) {
    limits[others, ] <- function_intervals(fit, lapply(functions, `[`, others), level)
  }
  data.frame(lower = limits[, 1L], upper = limits[, 2L])
}
