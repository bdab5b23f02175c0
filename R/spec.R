# The model spec: the one list that crosses to the engine. Counts are 1-based; the glue converts.

new_model_spec <- function(design, frame, parts, method) {
  spec <- list(
    response = frame_response(frame),
    weights = frame_weights(frame),
    fixed = design$fixed$terms,
    random = lapply(design$random, `[`, random_fields),
    residual = spec_residual(design$residual),
    method = method
  )
  pooled <- pooled_records(frame)
  if (is.null(pooled)) return(spec)
  spec$pure_error <- c(pooled$pure_error, list(row_counts = pooled$count, n = as.double(pooled$n)))
  for (k in seq_along(spec$residual$sections)) {
    rows <- spec$residual$sections[[k]]$records
    spec$residual$sections[[k]]$stands_for <- pooled$stands_for[rows]
  }
  spec
}

# Records, those of which only the pure error is left among them.
spec_count <- function(spec) spec$pure_error$n %||% length(spec$response)

# What can be told before the engine runs: a residual variance that cannot be told apart, and more
# parameters than records.
validate_model_spec <- function(spec, parameters, held, lead = NULL) {
  n <- spec_count(spec)
  known <- !is_iid(spec$residual) || "residual" %in% names(held)
  if (!known && length(unique(spec$weights)) <= 1L) {
    for (term in spec$random) check_levels_records(term, n)
  }
  lead <- lead %||% seq_along(parameters$name)
  free <- length(unique(lead[!parameters$name %in% names(held)]))
  if (free >= n) abort_few_records(n, free)
  spec
}

# The variance of one level can be known, but not be estimated.
check_one_level <- function(random, parameters, held) {
  for (k in seq_along(random)) {
    term <- random[[k]]
    known <- all(parameters$name[parameters$index == k] %in% held)
    if (term$n_levels < 2L && !known && !is_field(term$structure) && needs_levels(term$group)) {
      if (length(term$group$variables) == 0L) {
        abort_one_group(term$label, structure_name(term$structure))
      }
      abort_one_level(term$label, term$levels, term$label, term$n_coef)
    }
  }
}

check_levels_records <- function(term, n) {
  several <- length(term$incidence) > 1L
  if (term$n_levels < n || several || term$relationship$type != "identity") return(invisible())
  # One slope on a covariate that varies scales the variance of each record by itself: that can be
  # told from a constant residual variance.
  parts <- term$incidence[[1L]]$terms[[1L]]$parts
  slope <- term$n_coef == 1L && length(parts) == 1L && is.matrix(parts[[1L]])
  if (!slope || length(unique(abs(parts[[1L]]))) == 1L) {
    abort_levels_records(term$label, term$n_levels, n)
  }
}

# One row (as a list of columns) a variance parameter, in the engine's order: terms, then residual.
# row, col: the entry of the term's covariance matrix, NA where it is none. index: the random term,
# 0 for the residual. section: of the residual, 0 for a random term.
parameter_table <- function(random, residual) {
  rows <- lapply(random, function(term) {
    at <- parameter_kinds(term$structure, term$n_coef)
    list(name = parameter_names(term$structure, term$label, term$short_names), at = at)
  })
  size <- vapply(rows, function(row) length(row$name), 0L)
  labels <- vapply(random, `[[`, "", "label")
  own <- residual_parameters(residual)
  own_size <- vapply(own, function(row) length(row$name), 0L)
  column <- function(field) {
    c(unlist(lapply(rows, function(x) x$at[[field]])), unlist(lapply(own, `[[`, field)))
  }
  table <- list(
    name = c(unlist(lapply(rows, `[[`, "name")), unlist(lapply(own, `[[`, "name"))),
    term = c(rep.int(labels, size), rep.int("residual", sum(own_size))), kind = column("kind"),
    index = c(rep.int(seq_along(random), size), integer(sum(own_size))),
    row = as.integer(column("row")), col = as.integer(column("col")),
    section = c(integer(sum(size)), rep.int(seq_along(own), own_size))
  )
  repeated <- anyDuplicated(table$name)
  if (repeated > 0L) abort_repeated_parameter(table$name[repeated])
  table
}

# The positions of the parameters of each structure.
structure_groups <- function(parameters) {
  group <- interaction(parameters$index, parameters$section, drop = TRUE)
  unname(split(seq_along(group), group))
}

structure_recipe <- function(i, model) {
  k <- model$parameters$index[i]
  if (k == 0L) {
    section <- model$design$residual$sections[[max(model$parameters$section[i], 1L)]]
    return(section$structure %||% full_recipe(plain_structure, 1L))
  }
  term <- model$design$random[[k]]
  full_recipe(term$structure, term$n_coef)
}

# The covariance matrix of the coefficients of random term k at the values of the parameters.
term_covariance <- function(term, k, parameters, values = parameters$estimate) {
  covariance_matrix(term$structure, values[parameters$index == k], term$coef_names)
}
