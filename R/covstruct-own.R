# The structure `own`: a user's function that returns Sigma, or list(Sigma, derivatives).

own_argument_names <- c("f", "start", "lower", "upper")

# Checked arguments of own(index | group, f = , start = , lower = , upper = ).
own_arguments <- function(values) {
  start <- values$start
  if (!is.function(values$f)) abort_own("f", "must be a function of the parameters")
  if (!is.numeric(start) || length(start) == 0L || !all(is.finite(start))) {
    abort_own("start", "must be a vector of finite numbers")
  }
  names <- names(start) %||% paste0("par", seq_along(start))
  if (any(names == "") || anyDuplicated(names) > 0L) {
    abort_own("start", "needs a different name for each parameter")
  }
  start <- stats::setNames(as.double(start), names)
  lower <- own_limit(values$lower, names, -Inf, "lower")
  upper <- own_limit(values$upper, names, Inf, "upper")
  out <- which(!(start > lower & start < upper))
  if (length(out) > 0L) abort_own("start", "is not inside `lower` and `upper`", names[out[1L]])
  list(f = values$f, start = start, lower = lower, upper = upper)
}

# One number for all parameters, one for each, or some by name.
own_limit <- function(limit, names, none, argument) {
  if (is.null(limit)) return(rep.int(none, length(names)))
  if (!is.numeric(limit) || anyNA(limit)) abort_own(argument, "must be numeric")
  if (is.null(names(limit))) {
    if (!length(limit) %in% c(1L, length(names))) {
      abort_own(argument, "must have one value, or one for each parameter")
    }
    return(rep_len(as.double(limit), length(names)))
  }
  unknown <- setdiff(names(limit), names)
  if (length(unknown) > 0L) abort_own(argument, "names a parameter that `start` lacks", unknown[1L])
  full <- rep.int(none, length(names))
  full[match(names(limit), names)] <- limit
  full
}

# What the recipe of n coefficients keeps: with the function that the engine calls. That gives
# list(covariance, derivatives), or a text where f has no valid matrix: a trial step is refused.
own_recipe <- function(own, n) {
  own$evaluate <- function(parameters, derivatives) {
    names(parameters) <- names(own$start)
    tryCatch(suppressWarnings(own_value(own, parameters, n, derivatives)),
      error = function(e) conditionMessage(e))
  }
  check_own_start(own, n)
  own
}

own_value <- function(own, parameters, n, derivatives) {
  given <- own$f(parameters)
  sigma <- own_matrix(if (is.list(given)) given[[1L]] else given, n, "the matrix")
  if (!derivatives) return(list(covariance = sigma, derivatives = list()))
  found <- if (is.list(given) && length(given) > 1L) given[[2L]] else
    own_differences(own, parameters, n)
  if (!is.list(found) || length(found) != length(parameters)) {
    stop("the derivatives are not a list with a matrix for each parameter")
  }
  list(covariance = sigma, derivatives = lapply(found, own_matrix, n, "a derivative"))
}

own_matrix <- function(sigma, n, what) {
  if (is.object(sigma)) sigma <- as.matrix(sigma)
  if (!is.numeric(sigma) || !identical(dim(sigma), c(n, n))) {
    stop(what, " is not numeric with ", n, " rows and columns")
  }
  if (!all(is.finite(sigma))) stop(what, " has values that are not finite")
  sigma <- unname(sigma) + 0
  if (max(abs(sigma - t(sigma))) > 1e-8 * max(abs(sigma))) stop(what, " is not symmetric")
  (sigma + t(sigma)) / 2
}

# By central differences, inside the range.
own_differences <- function(own, parameters, n) {
  room <- pmin(parameters - own$lower, own$upper - parameters)
  step <- pmin(1e-5 * pmax(abs(parameters), 1e-3), room / 2)
  lapply(seq_along(parameters), function(k) {
    at <- function(shift) {
      parameters[k] <- parameters[k] + shift
      given <- own$f(parameters)
      own_matrix(if (is.list(given)) given[[1L]] else given, n, "the matrix")
    }
    (at(step[k]) - at(-step[k])) / (2 * step[k])
  })
}

# The matrix at the start is positive definite, and given derivatives are those of differences.
check_own_start <- function(own, n) {
  found <- own$evaluate(own$start, TRUE)
  if (is.character(found)) abort_own("f", paste("fails at the start:", found))
  root <- tryCatch(chol(found$covariance), error = function(e) NULL)
  if (is.null(root)) abort_own("f", "gives a matrix at the start that is not positive definite")
  differences <- own_differences(own, own$start, n)
  for (k in seq_along(differences)) {
    size <- max(abs(differences[[k]]), 1e-8 * max(abs(found$covariance)))
    if (max(abs(found$derivatives[[k]] - differences[[k]])) > 1e-4 * size) {
      abort_own("f", "has a derivative that is not that of its matrix", names(own$start)[k])
    }
  }
}

parameters_own <- function(recipe) {
  names <- names(recipe$own$start)
  none <- rep.int(NA_integer_, length(names))
  list(suffix = names, kind = rep.int("own", length(names)), row = none, col = none)
}

has_own_values <- function(kinds) "own" %in% kinds

covariance_own <- function(recipe, values) {
  if (anyNA(values)) return(matrix(NA_real_, recipe$n_coef, recipe$n_coef))
  found <- recipe$own$evaluate(values, FALSE)
  if (is.character(found)) abort_own("f", paste("fails:", found))
  found$covariance
}
