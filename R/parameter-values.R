# Values that are held or start, checked against what the parameters can be.

check_hold <- function(hold, parameters, random) {
  hold <- check_parameter_vector(hold, parameters$name, "hold")
  if (length(hold) == 0L) return(hold)
  check_values(hold, parameters, random, "hold", least = 0)
  # A coefficient with a variance of 0 has no covariances left to be estimated.
  at <- match(names(hold), parameters$name)
  for (k in unique(parameters$index[at][hold == 0 & parameters$kind[at] == "variance"])) {
    term <- random[[k]]
    open <- setdiff(parameters$name[parameters$index == k], names(hold))
    if (!may_be_zero(term$structure) && length(open) > 0L) abort_held_zero(term$label, open)
  }
  hold
}

check_start <- function(start, parameters, random) {
  start <- check_parameter_vector(start, parameters$name, "start")
  check_values(start, parameters, random, "start", least = .Machine$double.xmin)
}

# Variances are not below their least value, and the values of a whole term form a covariance.
check_values <- function(values, parameters, random, argument, least) {
  if (length(values) == 0L) return(values)
  at <- match(names(values), parameters$name)
  variance <- parameters$kind[at] == "variance"
  residual <- is_residual_parameter(parameters)[at]
  lowest <- ifelse(residual, .Machine$double.xmin, least)
  bad <- which(variance & values < lowest)
  if (length(bad) > 0L) abort_negative_variance(argument, names(values)[bad[1L]], values[[bad[1L]]])
  check_ranges(values, parameters$kind[at], argument)
  full <- rep(NA_real_, length(parameters$name))
  full[at] <- values
  for (k in unique(parameters$index[at][!variance & !residual])) {
    term <- random[[k]]
    own <- parameters$index == k
    check_coefficients(full[own], parameters$name[own], term$structure, argument)
    sigma <- term_covariance(term, k, parameters, full)
    check_covariance_values(sigma, term$structure, term$label, argument)
  }
  values
}

# The coefficients of processes, all of them or some, NA where none is given.
check_coefficients <- function(values, names, structure, argument) {
  if (is.character(structure)) return(invisible())
  kind <- recipe_values(structure)$kind
  for (region in correlation_regions(structure)) {
    given <- which(!is.na(values[region$at]))
    if (length(given) == 0L || kind[region$at[1L]] != "coefficient") next
    own <- values[region$at]
    limits <- region_limits(region)
    outside <- given[own[given] < limits[1L, given] | own[given] > limits[2L, given]]
    if (length(outside) > 0L) {
      k <- outside[1L]
      abort_parameter_range(argument, names[region$at[k]], own[k], limits[, k])
    }
    if (region$size == 1L || anyNA(own)) next
    # At the edge of the region some of them are no numbers.
    if (any(abs(region$partial(own)) > 1 + 1e-12, na.rm = TRUE)) {
      abort_parameter_region(argument, names[region$at], own, region$text)
    }
  }
}

# Of a covariance matrix with NA where nothing is given; where its entries are the values some of
# them tell already whether there is one.
check_covariance_values <- function(sigma, structure, label, argument) {
  if (!anyNA(sigma)) {
    if (!is_semidefinite(sigma)) abort_indefinite(argument, label)
  } else if (has_covariances(structure, nrow(sigma)) && !has_completion(sigma)) {
    abort_no_completion(argument, label)
  }
}

# A coefficient without variance has no covariances; the others must fit one another.
has_completion <- function(sigma) {
  sigma <- as.matrix(sigma)
  zero <- which(diag(sigma) == 0)
  if (length(zero) == 0L) return(has_completion_cpp(sigma))
  others <- sigma[-zero, -zero, drop = FALSE]
  all(sigma[zero, ] == 0, na.rm = TRUE) && (nrow(others) == 0L || has_completion_cpp(others))
}

# What a parameter can be whatever the others are.
check_ranges <- function(values, kind, argument) {
  limits <- list(correlation = c(-1, 1), range = c(0, Inf), smoothness = smoothness_limits)
  for (k in which(kind %in% names(limits))) {
    range <- limits[[kind[k]]]
    inside <- values[[k]] >= range[1L] && values[[k]] <= range[2L]
    if (!inside || values[[k]] == 0 && range[1L] == 0) {
      abort_parameter_range(argument, names(values)[k], values[[k]], range)
    }
  }
}
