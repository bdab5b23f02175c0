# The model spec: the one list that crosses to the engine. Counts are 1-based; the glue converts.

new_model_spec <- function(design, frame, parts, method) {
  list(
    response = frame_response(frame),
    weights = frame_weights(frame),
    fixed = design$fixed$terms,
    random = lapply(design$random, `[`, random_fields),
    residual = parts$residual,
    method = method
  )
}

random_fields <- c(
  "label", "structure", "n_coef", "n_levels", "incidence", "relationship"
)

# What can be told before the engine runs: a residual variance that cannot be told apart, and more
# parameters than records.
validate_model_spec <- function(spec, parameters, held) {
  n <- length(spec$response)
  if (!"residual" %in% names(held) && length(unique(spec$weights)) <= 1L) {
    for (term in spec$random) check_levels_records(term, n)
  }
  free <- length(setdiff(parameters$name, names(held)))
  if (free >= n) abort_few_records(n, free)
  spec
}

check_levels_records <- function(term, n) {
  if (term$n_levels < n || term$relationship$type != "identity") return(invisible())
  # One slope on a covariate that varies scales the variance of each record by itself: that can be
  # told from a constant residual variance.
  parts <- term$incidence[[1L]]$terms[[1L]]$parts
  slope <- term$n_coef == 1L && length(parts) == 1L && is.matrix(parts[[1L]])
  if (!slope || length(unique(abs(parts[[1L]]))) == 1L) {
    abort_levels_records(term$label, term$n_levels, n)
  }
}

# One row (as a list of columns) a variance parameter, in the engine's order: terms, then residual.
# row, col: the entry of the term's covariance matrix. index: the random term, 0 for the residual.
parameter_table <- function(random, residual) {
  rows <- lapply(random, function(term) {
    at <- covariance_structures[[term$structure]]$entries(term$n_coef)
    list(name = parameter_names(term$structure, term$label, term$coef_names), at = at)
  })
  size <- vapply(rows, function(row) length(row$name), 0L)
  labels <- vapply(random, `[[`, "", "label")
  own <- residual_structures[[residual$structure]]$parameters()
  row <- as.integer(c(unlist(lapply(rows, function(x) x$at$row)), seq_along(own)))
  col <- as.integer(c(unlist(lapply(rows, function(x) x$at$col)), seq_along(own)))
  table <- list(
    name = c(unlist(lapply(rows, `[[`, "name")), own),
    term = c(rep.int(labels, size), rep.int("residual", length(own))),
    kind = ifelse(row == col, "variance", "covariance"),
    index = c(rep.int(seq_along(random), size), integer(length(own))), row = row, col = col
  )
  repeated <- anyDuplicated(table$name)
  if (repeated > 0L) abort_repeated_parameter(table$name[repeated])
  table
}

# The covariance matrix of the coefficients of random term k at the values of the parameters.
term_covariance <- function(term, k, parameters, values = parameters$estimate) {
  covariance_matrix(term$structure, values[parameters$index == k], term$coef_names)
}
