# A model as a call in ASReml's grammar.

#' @rdname in_henderson
#' @export
in_asreml <- function(fit, ...) {
  check_given(fit, ...)
  check_fit(fit, "fit")
  if (!is.null(fit$parts$traits)) abort_asreml("several responses")
  random <- asreml_random(fit)
  shown_call(c(
    paste("fixed =", deparse_one(fit$parts$fixed)),
    if (length(random) > 0L) paste("random = ~", paste(random, collapse = " + ")),
    asreml_residual_text(fit$parts$residual)
  ), fit)
}

# Curves of several levels are one term of at().
asreml_random <- function(fit) unique(vapply(fit$parts$random, asreml_text, ""))

# The direct product of a mask, a structure and its group.
asreml_text <- function(term) {
  if (is_spline_term(term)) return(asreml_spline_text(term))
  of_markers <- inherits(term$group, "marker_group") ||
    isTRUE(term$group$relationship$kind %in% c("markers", "single_step"))
  if (of_markers) abort_asreml(term$group$label)
  if (!is_single(term$group) && !is_masked(term$group)) return(asreml_members_text(term))
  group <- asreml_group_text(term$group)
  if (identical(term$coefs, 1)) return(paste(group, collapse = ":"))
  masks <- asreml_mask_columns(term)
  if (!is.null(masks)) return(paste(c(masks, group), collapse = ":"))
  whole <- deparse_one(call("|", term$coefs, as.name(term$group$label)))
  if (!term$named) abort_asreml(whole)
  structures <- if (is.null(term$factors)) {
    asreml_structure_text(term$structure, term$coefs, term$arguments, whole)
  } else {
    vapply(term$factors, function(factor) {
      asreml_structure_text(factor$name, factor$index, given_arguments(factor), whole)
    }, "")
  }
  masked <- grepl("^at\\(", group)
  paste(c(group[masked], structures, group[!masked]), collapse = ":")
}

# diag(0 + at(env, "A"):x | id) as at(env, "A"):x.
asreml_mask_columns <- function(term) {
  columns <- if (is_call_to(term$coefs, "+") && identical(term$coefs[[2L]], 0)) term$coefs[[3L]]
  factors <- if (is_uncorrelated(term$structure)) split_interaction(columns)
  if (any(vapply(factors, is_call_to, NA, "at"))) vapply(factors, deparse_one, "")
}

# The factors that say whose the effects are: none where all records are of one group.
asreml_group_text <- function(group) {
  weights <- group$members$weights
  variables <- Filter(function(variable) !identical(variable, weights), group$variables)
  own <- asreml_level_text(vapply(variables, deparse_one, ""), group$relationship)
  c(if (is_masked(group)) deparse_one(weights), if (length(own) > 0L) paste(own, collapse = ":"))
}

# In the records of a mask alone.
is_masked <- function(group) is_call_to(group$members$weights, "at")

# The levels of a column, with their relationship.
asreml_level_text <- function(name, relationship) {
  if (is.null(relationship)) return(name)
  head <- if (relationship$kind == "precision") "giv(" else "vm("
  paste0(head, name, ", ", deparse_one(relationship$matrix), ")")
}

# a + and(b) of members that add up; str(~ a + b, ~ us(2):a) of roles.
asreml_members_text <- function(term) {
  group <- term$group
  plain <- identical(term$coefs, 1)
  own <- names(asreml_names)[match(term$structure, asreml_names)]
  if (!plain || is.na(own)) abort_asreml(group$label)
  if (!inherits(group, "roles_group")) return(asreml_sum_text(group, group$relationship))
  roles <- vapply(group$members$roles, asreml_sum_text, "", group$relationship)
  levels <- asreml_level_text(deparse_one(group$variables[[1L]]), group$relationship)
  paste0("str(~ ", paste(roles, collapse = " + "), ", ~ ", own, "(", length(roles), "):", levels,
    ")")
}

# The first member counts once, as it does there.
asreml_sum_text <- function(group, relationship) {
  weights <- group$members$weights
  if (inherits(group, "columns_group") || length(all.vars(weights)) > 0L) {
    abort_asreml(group$label)
  }
  times <- if (!is.null(weights)) eval(weights, baseenv())
  if (!is.null(times) && times[1L] != 1) abort_asreml(group$label)
  members <- asreml_level_text(vapply(group$variables, deparse_one, ""), relationship)
  others <- if (is.null(times)) members[-1L] else paste0(members[-1L], ", ", times[-1L])
  paste(c(members[1L], sprintf("and(%s)", others)), collapse = " + ")
}

# A curve for all, or for each level of a group or of a mask.
asreml_spline_text <- function(term) {
  group <- term$group
  basis <- group$members$basis
  by <- group$members$by
  if (is.symbol(by)) by <- call("at", by)
  plain <- group$members$component == "curve" && (is.null(by) || is_call_to(by, "at"))
  if (!plain || length(setdiff(names(basis), c("", "x", "knots"))) > 0L) abort_asreml(group$label)
  basis[[1L]] <- quote(spl)
  own <- deparse_one(as.call(unname(as.list(basis))))
  paste(c(if (!is.null(by)) deparse_one(by), own, vapply(group$variables, deparse_one, "")),
    collapse = ":")
}

# Of more than one coordinate.
asreml_of_plane <- c(exp = "ieuc", gau = "igau")

# `whole` is what cannot be had.
asreml_structure_text <- function(structure, index, arguments, whole = structure) {
  known <- c(asreml_names, idv = "id")
  name <- names(known)[match(structure, known)]
  if (is.na(name)) abort_asreml(whole)
  # Bands are counted without the diagonal there.
  own <- function(x) {
    if (is.numeric(x)) x <- as.numeric(x)
    if (!grepl("^corb", name)) return(x)
    if (is.numeric(x)) x - 1 else call("-", x, 1)
  }
  coordinates <- structure_index(structure) == "coordinates"
  index <- if (coordinates) asreml_sum(index) else list(asreml_columns_text(index, whole))
  if (length(index) > 1L && name %in% names(asreml_of_plane)) name <- asreml_of_plane[[name]]
  shown <- vapply(c(index, if (!takes_settings(name)) lapply(unname(arguments), own)), deparse_one,
    "")
  # A known smoothness, or where its search begins.
  if (takes_settings(name)) {
    nu <- if (length(arguments) > 0L) paste0("\"", deparse_one(arguments[[1L]]), "F\"") else "0.5"
    shown <- c(shown, paste("nu =", nu))
  }
  paste0(name, "(", paste(shown, collapse = ", "), ")")
}

# A factor, or columns that are those of leg() or pol().
asreml_columns_text <- function(index, whole) {
  if (!is_call_to(index, "+")) return(index)
  constant <- if (length(index) == 3L) index[[2L]]
  columns <- index[[length(index)]]
  if (is.symbol(columns) && identical(constant, 0)) return(columns)
  polynomial <- if (is.numeric(constant)) asreml_polynomial_text(columns, constant)
  if (is.null(polynomial)) abort_asreml(whole)
  polynomial
}

# Beside the constant 0 or 1; NULL of other columns.
asreml_polynomial_text <- function(columns, constant) {
  if (!is_call_to(columns, c("legendre", "poly")) || length(columns) < 3L) return(NULL)
  is_legendre <- is_call_to(columns, "legendre")
  has_constant <- constant == 1 || is_legendre && is.null(columns$intercept)
  degree <- if (has_constant) columns[[3L]] else call("-", columns[[3L]])
  call(if (is_legendre) "leg" else "pol", columns[[2L]], degree)
}

asreml_residual_text <- function(residual) {
  if (is_iid(residual)) return(NULL)
  each <- residual$given[[1L]]
  if (!is.null(residual$by) && inherits(each, "formula")) {
    return(paste0("residual = ~ dsum(", deparse_one(each), " | ", deparse_one(residual$by), ")"))
  }
  block <- residual$blocks[[1L]]
  if (!is.null(residual$by) || !is.null(block$group)) abort_asreml("this residual")
  factors <- vapply(block$factors, function(factor) {
    asreml_structure_text(factor$name, factor$index, given_arguments(factor))
  }, "")
  subject <- vapply(block$subject, function(x) paste0("id(", deparse_one(x), ")"), "")
  paste("residual = ~", paste(c(subject, factors), collapse = ":"))
}

# The arguments of a factor as they would be written; ante() without any has an order of one.
given_arguments <- function(factor) {
  known <- structure_arguments_of(factor$name)
  order <- factor$arguments$order
  if (any(c("k", "bands") %in% known) && order > 0L) return(list(order))
  if ("nu" %in% known) as.list(factor$arguments$constants)
}
