# Which records a fold leaves out, and which of them it predicts.

# A list with list(name, deleted, predicted) of each fold.
validation_folds <- function(fit, folds, scheme, individual, environment, time, seed) {
  if (is.null(scheme)) return(folds_of_codes(given_folds(fit, folds, seed)))
  column <- function(name, argument) {
    if (is.null(name)) abort_scheme(scheme, argument)
    as_factor(validation_column(fit, name, argument))
  }
  if (scheme == "CV0") return(folds_of_codes(column(environment, "environment")))
  if (scheme == "forward") return(forward_folds(column(time, "time")))
  lines <- column(individual, "individual")
  n <- check_count(folds, "folds", 2)
  folds_of_codes(factor(with_seed(seed,
    if (scheme == "CV1") random_folds(nlevels(lines), n)[lines] else spread_folds(lines, n))))
}

# One of `individual`, `environment` and `time`: a name, or a value for each record.
validation_column <- function(fit, value, argument) {
  if (length(value) == fit$n && fit$n > 1L) return(value)
  check_names(value, argument, "the name of a variable of the fit, or a value for each record",
    FALSE)
  column <- fit$frame[[value]]
  if (is.null(column)) {
    known <- names(fit$frame)[-1L]
    abort("argument", "{.arg {argument}}: the fit has no variable {.val {value}}.",
      c(did_you_mean(nearest_names(value, known)),
        "It has {.val {known}}; or give a vector with a value for each record."), argument, value)
  }
  column
}

as_factor <- function(x) if (is.factor(x)) droplevels(x) else factor(x)

# A number of folds, a name, or a fold for each record.
given_folds <- function(fit, folds, seed) {
  if (is.numeric(folds) && length(folds) == 1L) {
    n <- check_count(folds, "folds", 2)
    return(with_seed(seed, factor(random_folds(fit$n, n))))
  }
  codes <- as_factor(validation_column(fit, folds, "folds"))
  if (anyNA(codes)) abort_argument("folds", folds, "a fold for each record, without missing ones")
  if (nlevels(codes) < 2L) abort_argument("folds", folds, "at least two folds")
  codes
}

folds_of_codes <- function(codes) {
  Map(function(name, rows) list(name = name, deleted = rows, predicted = rows), levels(codes),
    split(seq_along(codes), codes))
}

# Each time from those before it; the first has none.
forward_folds <- function(time) {
  if (nlevels(time) < 2L) abort_argument("time", levels(time), "a variable with two values or more")
  codes <- as.integer(time)
  lapply(seq_len(nlevels(time))[-1L], function(t) {
    list(name = levels(time)[t], deleted = which(codes >= t), predicted = which(codes == t))
  })
}

# n things in folds of nearly one size.
random_folds <- function(n, folds) {
  if (folds > n) abort_argument("folds", folds, paste("at most", n))
  sample(rep_len(seq_len(folds), n))
}

# The records of each individual in as many folds as they can be.
spread_folds <- function(individual, folds) {
  code <- integer(length(individual))
  for (rows in split(seq_along(individual), individual)) {
    code[rows] <- rep_len(sample.int(folds), length(rows))[sample.int(length(rows))]
  }
  code
}

with_seed <- function(seed, code) if (is.null(seed)) code else with_stream(seed, code)
