# Other names of the variance parameters, which hold, start, tie, bounds, vpredict() and confint()
# understand too: a covariance with its coefficients in the other order, the short labels of levels
# (`line.A` for `line.envA`, `animal.bwt` for `animal.traitbwt`), and names with backticks.

# By other name, the name that varcomp() prints. `terms` have label and coef_names.
other_names <- function(parameters, terms, parts) {
  found <- unlist(lapply(seq_along(terms), function(k) {
    own <- which(parameters$index == k)
    coefs <- sub("^\\(Intercept\\)$", "Intercept", terms[[k]]$coef_names)
    spelled(parameters, own, terms[[k]]$label, coefs, short_labels(coefs, parts$random[[k]]$coefs))
  }))
  residual <- unlist(lapply(unique(parameters$section[parameters$index == 0L]), function(k) {
    own <- which(is_section_parameter(parameters, k))
    swapped_names(parameters, own)
  }))
  found <- c(found, residual, plain_backticks(parameters$name))
  found <- found[!names(found) %in% parameters$name]
  # A name that could be two parameters is none.
  twice <- names(found)[duplicated(names(found)) & !duplicated(paste(names(found), found))]
  found[!names(found) %in% twice & !duplicated(names(found))]
}

# The entries of Sigma by long and short labels, in both orders.
spelled <- function(parameters, own, label, coefs, short) {
  own <- own[!is.na(parameters$row[own])]
  names <- lapply(own, function(i) {
    rows <- c(coefs[parameters$row[i]], short[parameters$row[i]])
    cols <- c(coefs[parameters$col[i]], short[parameters$col[i]])
    if (parameters$row[i] == parameters$col[i]) return(paste(label, rows, sep = "."))
    c(paste(label, rows, cols, sep = "."), paste(label, cols, rows, sep = "."))
  })
  stats::setNames(rep(parameters$name[own], lengths(names)), unlist(names))
}

# Of a matrix whose variances are `label.a` and `label.b`, the covariance `label.a.b`.
swapped_names <- function(parameters, own) {
  entries <- own[!is.na(parameters$row[own])]
  variances <- entries[parameters$row[entries] == parameters$col[entries]]
  found <- lapply(setdiff(entries, variances), function(i) {
    ends <- variances[match(c(parameters$row[i], parameters$col[i]), parameters$row[variances])]
    if (anyNA(ends)) return(NULL)
    names <- parameters$name[ends]
    at <- which(strsplit(names[1L], "")[[1L]] == ".")
    for (dot in at) {
      label <- substring(names[1L], 1L, dot)
      if (!startsWith(names[2L], label)) next
      coefs <- substring(names, dot + 1L)
      both <- paste0(label, c(paste(coefs[1L], coefs[2L], sep = "."),
        paste(coefs[2L], coefs[1L], sep = ".")))
      if (parameters$name[i] %in% both) {
        return(stats::setNames(rep(parameters$name[i], 2L), both))
      }
    }
    NULL
  })
  unlist(found)
}

# The level without the name of its variable.
short_labels <- function(coefs, expression) {
  for (variable in all.vars(expression)) {
    long <- startsWith(coefs, variable) & nchar(coefs) > nchar(variable)
    coefs[long] <- substring(coefs[long], nchar(variable) + 1L)
  }
  coefs
}

plain_backticks <- function(names) {
  plain <- gsub("`", "", names, fixed = TRUE)
  stats::setNames(names, plain)[plain != names]
}

# The names that varcomp() prints in place of others.
with_own_names <- function(names, others) {
  other <- names %in% names(others)
  names[other] <- others[names[other]]
  unname(names)
}

ties_in_own_names <- function(tie, others) {
  if (is.list(tie)) return(lapply(tie, ties_in_own_names, others))
  if (inherits(tie, "formula")) {
    side <- length(tie)
    expression <- with_parameter_names(tie[[side]], names(others))
    tie[[side]] <- substitute_names(expression, lapply(others, as.name))
  } else if (is.character(tie)) {
    tie <- with_own_names(tie, others)
  } else if (!is.null(names(tie))) {
    names(tie) <- with_own_names(names(tie), others)
  }
  tie
}

fit_other_names <- function(fit) other_names(fit$parameters, fit$random, fit$parts)

# Values of hold and start: matrices by the label of a term become the values of their entries.
named_values <- function(values, parameters, terms, parts, argument) {
  if (is.null(values) || is.null(names(values))) return(values)
  others <- other_names(parameters, terms, parts)
  if (is.list(values) && any(vapply(values, is.matrix, NA))) {
    values <- unlist(lapply(names(values), function(label) {
      if (!is.matrix(values[[label]])) return(stats::setNames(values[[label]], label))
      entry_values(values[[label]], label, parameters, others, argument)
    }))
  }
  if (is.atomic(values)) names(values) <- with_own_names(names(values), others)
  values
}

# The entries of a matrix with dimnames that are parameters of a term.
entry_values <- function(matrix, label, parameters, others, argument) {
  names <- rownames(matrix) %||% colnames(matrix)
  if (is.null(names) || !is.numeric(matrix) || nrow(matrix) != ncol(matrix) ||
        !isSymmetric(unname(matrix), tol = 1e-8)) {
    abort_parameter_matrix(argument, label)
  }
  at <- which(lower.tri(matrix, diag = TRUE), arr.ind = TRUE)
  coefs <- sub("^\\(Intercept\\)$", "Intercept", names)
  wanted <- ifelse(at[, 1L] == at[, 2L], paste(label, coefs[at[, 1L]], sep = "."),
    paste(label, coefs[at[, 2L]], coefs[at[, 1L]], sep = "."))
  if (nrow(matrix) == 1L && label %in% parameters$name) wanted <- label
  swapped <- ifelse(at[, 1L] == at[, 2L], wanted, paste(label, coefs[at[, 1L]], coefs[at[, 2L]],
    sep = "."))
  known <- c(parameters$name, names(others))
  wanted <- ifelse(wanted %in% known | !swapped %in% known, wanted, swapped)
  # A zero for what the structure does not have is no value.
  gone <- !wanted %in% known & matrix[at] == 0
  stats::setNames(matrix[at], wanted)[!gone]
}
