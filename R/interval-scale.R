# What intervals and profiles share: which parameters, and on which scale.

# Gives the names of fixed effects and of variance parameters, as fixed and variance.
interval_parameters <- function(fit, parm, method, functions) {
  fixed <- fit$fixed$names
  variance <- fit$parameters$name
  if (is.null(parm)) {
    if (!is.null(functions)) return(list(fixed = character(), variance = character()))
    parm <- if (method == "Wald") "fixed" else "all"
  }
  if (is.numeric(parm)) {
    unknown <- setdiff(parm, seq_along(fixed))
    if (length(unknown) > 0L) abort_coefficient(unknown, fixed)
    parm <- fixed[parm]
  }
  known <- c(fixed, variance)
  if (length(parm) == 1L && !parm %in% known) {
    if (parm == "fixed") return(list(fixed = fixed, variance = character()))
    if (parm == "variance") return(list(fixed = character(), variance = variance))
    if (parm == "all") return(list(fixed = fixed, variance = variance))
  }
  unknown <- setdiff(parm, known)
  if (length(unknown) > 0L) abort_coefficient(unknown, known)
  list(fixed = intersect(parm, fixed), variance = setdiff(intersect(parm, variance), fixed))
}

# The scale on which a parameter is nearly normal: list(to, from, slope).
interval_scale <- function(kind) {
  switch(kind,
    variance = list(to = log, from = exp, slope = function(x) 1 / x),
    correlation = list(to = atanh, from = tanh, slope = function(x) 1 / (1 - x^2)),
    list(to = identity, from = identity, slope = function(x) 1)
  )
}
