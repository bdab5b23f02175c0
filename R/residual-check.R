# Whether the parameters of a residual can be told apart, and whether values are possible ones.

check_residual <- function(design, parameters, hold, start) {
  if (is_iid(design$residual)) return(invisible())
  check_residual_values(hold, parameters, design$residual, "hold")
  check_residual_values(start, parameters, design$residual, "start")
  check_residual_identified(design$residual, parameters, names(hold))
  check_residual_confounded(design$residual, design$random, parameters, names(hold))
}

# A correlation needs two records of a subject; a covariance that is a value needs both at once.
check_residual_identified <- function(residual, parameters, held) {
  for (k in seq_along(residual$sections)) {
    section <- residual$sections[[k]]
    own <- which(is_section_parameter(parameters, k))
    free <- own[!parameters$name[own] %in% held & parameters$kind[own] != "variance"]
    if (length(free) == 0L) next
    if (has_diagonal_alone(section$structure)) {
      check_slopes(section$structure, own[parameters$kind[own] == "slope"] %in% free)
      next
    }
    if (anyDuplicated(section$subject) == 0L) {
      where <- if (length(residual$sections) > 1L) paste(" in", section$label) else ""
      abort_single_records(section$name, where)
    }
    if (is_unstructured(section$structure)) {
      check_pairs(section, parameters$row[free], parameters$col[free])
    }
  }
}

# Of covariates that depend on each other, or hardly vary, the slopes cannot be told apart. `free`:
# which slopes are not held.
check_slopes <- function(recipe, free) {
  if (!is_centred(recipe) || !any(free)) return(invisible())
  at <- recipe$coordinates[, free, drop = FALSE]
  away <- sweep(at, 2L, recipe$constants[free])
  largest <- apply(abs(away), 2L, max)
  constant <- largest <= 1e-10 * apply(abs(at), 2L, max)
  if (any(constant)) abort_slope(colnames(away)[constant][1L], "is constant")
  rank <- qr(cbind(1, sweep(away, 2L, largest, `/`)), tol = 1e-9)
  if (rank$rank <= ncol(away)) {
    abort_slope(colnames(away)[rank$pivot[rank$rank + 1L] - 1L], "depends on the others")
  }
}

check_random_slopes <- function(random, parameters, held) {
  for (k in seq_along(random)) {
    slopes <- which(parameters$index == k & parameters$kind == "slope")
    check_slopes(random[[k]]$structure, !parameters$name[slopes] %in% held)
  }
}

# A subject has a record at a position at most once, so that one of as many records as there are
# positions has every pair.
check_pairs <- function(section, row, col) {
  if (max(tabulate(section$subject)) == length(section$coefs)) return(invisible())
  incidence <- Matrix::sparseMatrix(section$subject, section$position, x = 1,
    dims = c(max(section$subject), length(section$coefs)))
  together <- as.matrix(Matrix::crossprod(incidence))
  absent <- which(together[cbind(row, col)] == 0)
  if (length(absent) == 0L) return(invisible())
  abort_pairs_absent(section$coefs[col[absent[1L]]], section$coefs[row[absent[1L]]])
}

# A random intercept adds the same to every entry of a subject: some structures contain that.
check_residual_confounded <- function(residual, random, parameters, held) {
  for (section in residual$sections) {
    if (!contains_intercept(section$structure) || length(residual$sections) > 1L) next
    for (k in seq_along(random)) {
      if (parameters$name[parameters$index == k][1L] %in% held) next
      if (is_subject_intercept(random[[k]], section)) {
        abort_residual_confounded(random[[k]]$label, section$name)
      }
    }
  }
}

is_subject_intercept <- function(term, section) {
  if (!identical(term$coef_names, "(Intercept)") || term$relationship$type != "identity") {
    return(FALSE)
  }
  levels <- term$incidence[[1L]]$levels[section$records]
  pairs <- unique(data.frame(level = levels, subject = section$subject))
  anyDuplicated(pairs$level) == 0L && anyDuplicated(pairs$subject) == 0L
}

# Values that are held or start: list() or a covariance matrix of each section.
check_residual_values <- function(values, parameters, residual, argument) {
  full <- rep(NA_real_, length(parameters$name))
  full[match(names(values), parameters$name)] <- values
  for (k in seq_along(residual$sections)) {
    own <- section_values(parameters, k, full)
    section <- residual$sections[[k]]
    check_coefficients(own, parameters$name[is_section_parameter(parameters, k)],
      section$structure, argument)
    if (all(is.na(own)) || anyNA(own) && !is_unstructured(section$structure)) next
    sigma <- section_covariance(section, k, parameters, full)
    if (!anyNA(own) && anyNA(sigma)) abort_indefinite(argument, section$label)
    check_covariance_values(sigma, section$structure, section$label, argument)
  }
  values
}
