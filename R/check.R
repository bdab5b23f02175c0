# Argument checks. Each returns its value, so that it can stand in an assignment.

check_flag <- function(value, argument) {
  if (!is.logical(value) || length(value) != 1L || is.na(value)) {
    abort_argument(argument, value, "TRUE or FALSE")
  }
  value
}

# One name, or several: no missing ones.
check_names <- function(value, argument, what = "a name", several = TRUE) {
  if (!is.character(value) || anyNA(value) || !several && length(value) != 1L) {
    abort_argument(argument, value, what)
  }
  value
}

check_count <- function(value, argument, least = 1) {
  valid <- is.numeric(value) && length(value) == 1L && is.finite(value) && value >= least &&
    value == round(value) && value <= .Machine$integer.max
  if (!valid) abort_argument(argument, value, paste("a whole number of at least", least))
  as.integer(value)
}

check_positive <- function(value, argument) {
  valid <- is.numeric(value) && length(value) == 1L && is.finite(value) && value > 0
  if (!valid) abort_argument(argument, value, "one number above 0")
  as.double(value)
}

check_level <- function(value, argument = "level") {
  valid <- is.numeric(value) && length(value) == 1L && is.finite(value) && value > 0 && value < 1
  if (!valid) abort_argument(argument, value, "one number between 0 and 1")
  value
}

# In any case, and by the names that other packages have for it: `synonyms` by lower-case name.
check_choice <- function(value, choices, argument, synonyms = character()) {
  if (identical(value, choices)) return(choices[1L])
  if (is.character(value) && length(value) == 1L && value %in% choices) return(value)
  known <- stats::setNames(choices, tolower(choices))
  known <- c(known, synonyms[setdiff(names(synonyms), names(known))])
  if (!is.character(value) || length(value) != 1L || is.na(value)) {
    abort_choice(argument, value, choices)
  }
  found <- known[tolower(value)]
  if (is.na(found)) abort_choice(argument, value, choices)
  unname(found)
}

# Fits of lme4, whose tests are those of lmerTest: attached after it our functions hide them.
is_merMod <- function(fit) inherits(fit, "merMod") && requireNamespace("lmerTest", quietly = TRUE)

of_lmerTest <- function(name, ...) getExportedValue("lmerTest", name)(...)

# Columns ------------------------------------------------------------------------------------------

# Every variable is a column of `data`, or an object in reach of `env`: not a function, unless it
# may be the argument of another function (not in `bare`).
# Without those in `spared` an answer can be had, too.
check_variables <- function(variables, data, env, argument = "formula", bare = variables,
                            spared = character()) {
  columns <- names(data)
  for (name in setdiff(variables, c(columns, "."))) {
    found <- get0(name, envir = env, inherits = TRUE)
    if (is.null(found) || is.function(found) && name %in% bare) {
      abort_unknown_column(name, nearest_names(name, columns), argument, name %in% spared)
    }
  }
}

check_finite <- function(x, name, frame) {
  # A sum is finite only if every value is; an overflow of large values is then told apart.
  if (is.object(x) && is.double(x)) x <- unclass(x)
  if (is.double(x) && !is.finite(sum(x))) {
    bad <- which(!is.finite(x))
    if (length(bad) > 0L) {
      row <- (bad[1L] - 1L) %% NROW(x) + 1L
      abort_not_finite(name, row.names(frame)[row], x[bad[1L]])
    }
  }
  invisible(x)
}

check_response <- function(y, name, frame) {
  if (is.matrix(y) && ncol(y) > 1L) abort_response_matrix(name, ncol(y))
  if (!is.numeric(y)) abort_response_type(name, y)
  check_finite(y, name, frame)
}

# The variance of a variance is of the fourth power of the response, and must be a number too.
largest_response <- 1e70

check_response_varies <- function(y, name) {
  if (min(y) == max(y)) abort_response_constant(name, y[1L])
  largest <- max(abs(y))
  if (largest > largest_response || largest < 1 / largest_response) {
    abort_response_far(name, largest, largest_response)
  }
}

# Products of two weights, and of their inverses, are numbers.
largest_weight <- 1e100

check_weights <- function(weights, n, frame) {
  if (!is.numeric(weights) || is.object(weights) || is.matrix(weights)) abort_weights_type(weights)
  if (length(weights) != n) abort_weights_length(length(weights), n)
  bad <- which(!is.na(weights) & !(weights > 0 & is.finite(weights)))
  if (length(bad) > 0L) abort_weights(row.names(frame)[bad[1L]], weights[bad[1L]])
  far <- which(weights > largest_weight | weights < 1 / largest_weight)
  if (length(far) > 0L) abort_weights_far(row.names(frame)[far[1L]], weights[far[1L]])
  invisible(weights)
}

# The value of a parameter vector given by name (hold, start), checked against the model's names.
check_parameter_vector <- function(value, known, argument) {
  if (is.null(value)) return(stats::setNames(double(), character()))
  if (is.list(value) && all(lengths(value) == 1L)) value <- unlist(value)
  if (!is.numeric(value)) abort_parameter_values(argument, "must be numeric")
  if (length(value) == 0L) return(stats::setNames(double(), character()))
  if (!has_names(value)) {
    abort_parameter_values(argument, "must have a name for each value")
  }
  unknown <- setdiff(names(value), known)
  if (length(unknown) > 0L) abort_parameter_name(argument, unknown, known)
  if (anyDuplicated(names(value))) abort_parameter_values(argument, "names a parameter twice")
  if (!all(is.finite(value))) abort_parameter_values(argument, "must be finite")
  stats::setNames(as.double(value), names(value))
}

# The values under a hypothesis of n rows.
check_rhs <- function(rhs, n) {
  if (!is.numeric(rhs) || !all(is.finite(rhs))) abort_argument("rhs", rhs, "finite numbers")
  if (!length(rhs) %in% c(1L, n)) abort_rhs(length(rhs), n)
  rep_len(as.double(rhs), n)
}

# Where finished parts of a long task are kept, whole path; made where it is not there.
check_directory <- function(directory) {
  if (is.null(directory)) return(NULL)
  if (!is.character(directory) || length(directory) != 1L || is.na(directory)) {
    abort_argument("directory", directory, "the name of a directory")
  }
  if (!dir.exists(directory)) dir.create(directory, showWarnings = FALSE, recursive = TRUE)
  if (file.access(directory, 2L) != 0L) abort_directory(directory)
  normalizePath(directory)
}
