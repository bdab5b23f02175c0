# Answers that stay with a fit.

# What was once computed for a fit stays with it, unless its estimates were changed since.
kept_answer <- function(fit, key, make) {
  cache <- fit$cache
  if (!is.environment(cache)) return(make())
  if (!identical(cache$estimate, fit$parameters$estimate)) {
    rm(list = ls(cache), envir = cache)
    cache$estimate <- fit$parameters$estimate
  }
  if (is.null(cache[[key]])) assign(key, make(), envir = cache)
  cache[[key]]
}

keep_answer <- function(fit, key, answer) {
  fit$cache$estimate <- fit$parameters$estimate
  assign(key, answer, envir = fit$cache)
}
