# Answers that stay with a fit.

# What was once computed for a fit stays with it, unless its estimates were changed since.
kept_answer <- function(fit, key, make) {
  if (is_kept(fit, key)) return(fit$cache[[key]])
  answer <- make()
  keep_answers(fit, stats::setNames(list(answer), key))
  answer
}

is_kept <- function(fit, key) {
  is.environment(fit$cache) && identical(fit$cache$estimate, fit$parameters$estimate) &&
    exists(key, envir = fit$cache, inherits = FALSE)
}

# answers: by key.
keep_answers <- function(fit, answers) {
  cache <- fit$cache
  if (!is.environment(cache)) return(invisible())
  if (!identical(cache$estimate, fit$parameters$estimate)) {
    if (length(cache) > 0L) rm(list = ls(cache), envir = cache)
    cache$estimate <- fit$parameters$estimate
  }
  list2env(answers, cache)
  invisible()
}
