# Other names of the variance parameters, which hold, start, tie, bounds, vpredict() and confint()
# understand too: a covariance with its coefficients in the other order, the coefficients as R names
# them (`line.envA` for `line.A`, `animal.traitbwt` for `animal.bwt`, `id.(Intercept)`), and names
# with backticks.

# By other name, the name that varcomp() prints. `terms` have label, coef_names and short_names.
other_names <- function(parameters, terms) {
  found <- unlist(lapply(seq_along(terms), function(k) {
    spelled(parameters, which(parameters$index == k), terms[[k]])
  }))
  residual <- unlist(lapply(unique(parameters$section[parameters$index == 0L]), function(k) {
    own <- which(is_section_parameter(parameters, k))
    swapped_names(parameters, own)
  }))
  found <- c(found, residual, plain_backticks(c(parameters$name, found)))
  found <- found[!names(found) %in% parameters$name]
  # A name that could be two parameters is none.
  twice <- names(found)[duplicated(names(found)) & !duplicated(paste(names(found), found))]
  found[!names(found) %in% twice & !duplicated(names(found))]
}

# With the coefficients as R names them (`envA`), and the entries of Sigma by these and by the
# levels, in both orders.
spelled <- function(parameters, own, term) {
  long <- stats::setNames(parameters$name[own],
    parameter_names(term$structure, term$label, term$coef_names))
  intercept <- function(coefs) sub("^\\(Intercept\\)$", "Intercept", coefs)
  coefs <- intercept(term$coef_names)
  short <- intercept(term$short_names)
  spellings <- function(at) unique(c(coefs[at], short[at], term$coef_names[at]))
  own <- own[!is.na(parameters$row[own])]
  names <- lapply(own, function(i) {
    rows <- spellings(parameters$row[i])
    cols <- spellings(parameters$col[i])
    if (parameters$row[i] == parameters$col[i]) return(paste(term$label, rows, sep = "."))
    both <- expand.grid(rows, cols, stringsAsFactors = FALSE)
    paste(term$label, c(both[[1L]], both[[2L]]), c(both[[2L]], both[[1L]]), sep = ".")
  })
  c(long, stats::setNames(rep(parameters$name[own], lengths(names)), unlist(names)))
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

# `names` with names of their own stand for these.
plain_backticks <- function(names) {
  given <- names(names) %||% rep.int("", length(names))
  given[given == ""] <- names[given == ""]
  plain <- gsub("`", "", given, fixed = TRUE)
  stats::setNames(names, plain)[plain != given]
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

fit_other_names <- function(fit) other_names(fit$parameters, fit$random)

# Values of hold and start: matrices by the label of a term become the values of their entries.
named_values <- function(values, parameters, terms, argument) {
  if (is.null(values) || is.null(names(values))) return(values)
  others <- other_names(parameters, terms)
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
