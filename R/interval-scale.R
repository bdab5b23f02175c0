# What intervals and profiles share: which parameters, and on which scale.

# Gives the numbers of fixed effects and of variance parameters, as fixed and variance: the names of
# some of the first may be those of some of the second.
interval_parameters <- function(fit, parm, method, functions) {
  fixed <- fit$fixed$names
  variance <- fit$parameters$name
  if (is.null(parm)) {
    if (!is.null(functions)) return(list(fixed = integer(), variance = integer()))
    parm <- if (method == "Wald") "fixed" else "all"
  }
  if (is.numeric(parm)) {
    unknown <- setdiff(parm, seq_along(fixed))
    if (length(unknown) > 0L) abort_coefficient(unknown, fixed)
    return(list(fixed = as.integer(parm), variance = integer()))
  }
  check_names(parm, "parm", "names of effects or parameters, or numbers")
  known <- c(fixed, variance)
  whole <- whole_set(parm, known)
  if (!is.null(whole)) {
    return(list(
      fixed = if (whole != "variance") seq_along(fixed) else integer(),
      variance = if (whole != "fixed") seq_along(variance) else integer()
    ))
  }
  others <- fit_other_names(fit)
  parm <- with_own_names(parm, others[!names(others) %in% known])
  unknown <- setdiff(parm, known)
  if (length(unknown) > 0L) abort_coefficient(unknown, known)
  list(fixed = match(intersect(parm, fixed), fixed),
    variance = match(intersect(parm, variance), variance))
}

# "fixed", "variance" or "all" where that is asked for, also by lme4's names; NULL otherwise.
whole_set <- function(parm, known) {
  sets <- c(fixed = "fixed", variance = "variance", all = "all", beta_ = "fixed",
    theta_ = "variance")
  if (length(parm) == 1L && !parm %in% known && parm %in% names(sets)) sets[[parm]]
}

# The scale on which a parameter is nearly normal: list(to, from, slope, least), the last being the
# smallest slope of a profile on it that is believed.
interval_scale <- function(kind) {
  switch(kind,
    variance = list(to = log, from = exp, slope = function(x) 1 / x, least = 0.5),
    correlation = list(to = atanh, from = tanh, slope = function(x) 1 / (1 - x^2), least = 0.5),
    list(to = identity, from = identity, slope = function(x) 1, least = 0)
  )
}

normal_quantile <- function(level) stats::qnorm(1 - (1 - level) / 2)

limit_names <- function(level) {
  tail <- (1 - level) / 2
  paste(format(100 * c(tail, 1 - tail), trim = TRUE), "%")
}
