# The variance parameters of the residuals: their names, what can be estimated, and the covariance
# matrices that their values make.

# For each section list(name, kind, row, col); a plain residual has one variance.
residual_parameters <- function(residual) {
  if (is_iid(residual)) {
    return(list(list(name = "residual", kind = "variance", row = 1L, col = 1L)))
  }
  lapply(residual$sections, function(section) {
    c(list(name = parameter_names(section$structure, section$label, section$coefs)),
      parameter_kinds(section$structure))
  })
}

# What crosses to the engine.
spec_residual <- function(residual) {
  if (is_iid(residual)) return(list(structure = "iid"))
  list(structure = "sections", sections = lapply(residual$sections, function(section) {
    section[c("label", "structure", "records", "subject", "position")]
  }))
}

# The values of section k among those of all parameters.
section_values <- function(parameters, k, values = parameters$estimate) {
  values[parameters$index == 0L & parameters$section == k]
}

section_covariance <- function(section, k, parameters, values = parameters$estimate) {
  covariance_matrix(section$structure, section_values(parameters, k, values), section$coefs)
}

# What can be told ---------------------------------------------------------------------------------

check_residual <- function(design, parameters, hold, start) {
  check_residual_values(hold, parameters, design$residual, "hold")
  check_residual_values(start, parameters, design$residual, "start")
  check_residual_identified(design$residual, parameters, names(hold))
  check_residual_confounded(design$residual, design$random, parameters, names(hold))
}

# A correlation needs two records of a subject; a covariance of us needs both at once.
check_residual_identified <- function(residual, parameters, held) {
  if (is_iid(residual)) return(invisible())
  for (k in seq_along(residual$sections)) {
    section <- residual$sections[[k]]
    own <- which(parameters$index == 0L & parameters$section == k)
    free <- own[!parameters$name[own] %in% held & parameters$kind[own] != "variance"]
    if (length(free) == 0L) next
    if (anyDuplicated(section$subject) == 0L) {
      where <- if (length(residual$sections) > 1L) paste(" in", section$label) else ""
      abort_single_records(section$name, where)
    }
    if (section$structure$name == "us") {
      check_pairs(section, parameters$row[free], parameters$col[free])
    }
  }
}

check_pairs <- function(section, row, col) {
  incidence <- Matrix::sparseMatrix(section$subject, section$position, x = 1,
    dims = c(max(section$subject), length(section$coefs)))
  together <- as.matrix(Matrix::crossprod(incidence))
  absent <- which(together[cbind(row, col)] == 0)
  if (length(absent) == 0L) return(invisible())
  abort_pairs_absent(section$coefs[col[absent[1L]]], section$coefs[row[absent[1L]]])
}

# A random intercept adds the same to every entry of a subject: some structures contain that.
check_residual_confounded <- function(residual, random, parameters, held) {
  if (is_iid(residual)) return(invisible())
  for (section in residual$sections) {
    containing <- section$structure$name %in% c("us", "cs") ||
      section$structure$name == "toep" && section$structure$order == 0L
    if (!containing || length(residual$sections) > 1L) next
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
  if (is_iid(residual)) return(values)
  full <- rep(NA_real_, length(parameters$name))
  full[match(names(values), parameters$name)] <- values
  for (k in seq_along(residual$sections)) {
    own <- section_values(parameters, k, full)
    section <- residual$sections[[k]]
    name <- structure_name(section$structure)
    if (all(is.na(own)) || anyNA(own) && name != "us") next
    sigma <- section_covariance(section, k, parameters, full)
    if (!anyNA(own) && anyNA(sigma)) abort_indefinite(argument, section$label)
    check_covariance_values(sigma, name, section$label, argument)
  }
  values
}

# Of a fit -----------------------------------------------------------------------------------------

# The sections of a fit, made again from its frame.
fit_residual <- function(fit) {
  residual_design(fit$parts$residual, column_source(fit$frame, fit$contrasts))
}

has_iid_residual <- function(fit) is_iid(fit$parts$residual)

# Sigma of each section.
residual_covariances <- function(fit, residual = fit_residual(fit)) {
  lapply(seq_along(residual$sections), function(k) {
    section_covariance(residual$sections[[k]], k, fit$parameters)
  })
}

# The variance of the residual of each record before weights; one number where all are equal.
residual_variances <- function(fit) {
  if (has_iid_residual(fit)) return(fit$parameters$estimate[fit$parameters$index == 0L][1L])
  residual <- fit_residual(fit)
  variance <- numeric(fit$n)
  for (k in seq_along(residual$sections)) {
    section <- residual$sections[[k]]
    diagonal <- section_variances(section, k, fit$parameters)
    variance[section$records] <- diagonal[section$position]
  }
  if (max(variance) - min(variance) <= 1e-12 * max(variance)) variance[1L] else variance
}

# The diagonal of Sigma; of a product (a field may have thousands of cells) without the matrix.
section_variances <- function(section, k, parameters) {
  values <- section_values(parameters, k)
  if (section$structure$name != "product") return(diag(sigma_of(section$structure, values)))
  diagonals <- lapply(product_covariances(section$structure, values), diag)
  Reduce(function(a, b) rep(a, each = length(b)) * b, diagonals)
}

# The factors of a product: the first with the variances, the others correlations.
product_covariances <- function(recipe, values) {
  lapply(seq_along(recipe$factors), function(k) {
    factor <- recipe$factors[[k]]
    n <- n_values(factor) - (k > 1L)
    own <- values[seq_len(n)]
    values <<- values[-seq_len(n)]
    sigma_of(factor, if (k > 1L) c(1, own) else own)
  })
}
