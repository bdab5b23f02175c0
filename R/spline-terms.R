# Splines in a formula: `spl(x)`, `spl(x | group)`, `spl(x, by = f)`, `spl2(u, v)`. Each component
# becomes a random term whose levels are the coefficients of its basis; a record meets all of them,
# with the values of its row of the basis: a spline_group, whose members are
#
#   basis       the call that makes the basis, a column of the model frame
#   component   "curve", or one of surface_components
#   by, level   the factor of `by` and the one level that this term belongs to
#
# and group$variables has the group of `spl(x | group)`, with a set of coefficients for each level.

spline_functions <- c("spl", "spl2")

surface_components <- c("f1", "f2", "f1.x2", "x1.f2", "f1.f2")

is_spline <- function(x) spline_name(x) %in% spline_functions
has_spline <- function(x) {
  if (!any(spline_functions %in% all.names(x))) return(FALSE)
  is_spline(x) || is.call(x) && any(vapply(as.list(x)[-1L], function(part) {
    is.language(part) && has_spline(part)
  }, NA))
}

# list(splines, rest): the calls of spl() and spl2() among the addends, and the right-hand side
# without them. A spline anywhere else is an error.
split_splines <- function(rhs) {
  if (!has_spline(rhs)) return(list(splines = list(), rest = rhs))
  if (is_spline(rhs)) return(list(splines = list(rhs), rest = NULL))
  if (is_call_to(rhs, "(")) return(split_splines(rhs[[2L]]))
  minus <- is_call_to(rhs, "-") && length(rhs) == 3L && !has_spline(rhs[[3L]])
  if (!is_call_to(rhs, "+") && !minus) abort_spline_place(rhs)
  parts <- lapply(as.list(rhs)[-1L], split_splines)
  rest <- Filter(Negate(is.null), lapply(parts, `[[`, "rest"))
  if (minus && length(rest) == 1L) rest <- list(call("-", rest[[1L]]))
  if (length(rest) == 2L) rest <- list(as.call(c(rhs[[1L]], rest)))
  list(
    splines = unlist(lapply(parts, `[[`, "splines"), FALSE),
    rest = if (length(rest) == 1L) rest[[1L]]
  )
}

# The random terms of the splines, parsed as bar_terms() parses bars. The levels of `by` are known
# once there are data.
spline_terms <- function(splines, data, env) {
  unlist(lapply(splines, function(call) {
    parsed <- parse_spline(call)
    levels <- if (is.null(parsed$by)) list(NULL) else as.list(by_levels(parsed$by, data, env))
    components <- if (parsed$name == "spl") "curve" else surface_components
    terms <- lapply(levels, function(level) lapply(components, spline_term, parsed, level))
    unlist(terms, FALSE)
  }), FALSE)
}

# list(name, basis, coordinates, by, group) of one call.
parse_spline <- function(call) {
  name <- spline_name(call)
  given <- tryCatch(match.call(get(name), call), error = function(e) {
    abort_spline_arguments(name, call)
  })
  needed <- if (name == "spl") "x" else c("x1", "x2")
  if (!all(needed %in% names(given))) abort_spline_arguments(name, call)
  coordinates <- lapply(needed, function(argument) given[[argument]])
  group <- NULL
  if (name == "spl" && is_bar(given$x)) {
    if (!is_call_to(given$x, "|")) abort_spline_arguments(name, call)
    group <- parse_group(given$x[[3L]], call)
    if (!is.null(group$relationship) || !is_single(group)) abort_spline_group(call)
    coordinates <- list(given$x[[2L]])
    given$x <- coordinates[[1L]]
  }
  if (any(vapply(coordinates, has_bar, NA))) abort_spline_arguments(name, call)
  by <- given$by
  given$by <- NULL
  given[[1L]] <- str2lang(paste0("henderson::", name))
  list(name = name, basis = given, coordinates = coordinates, by = by, group = group, call = call)
}

by_levels <- function(by, data, env) {
  check_variables(looked_up(by), data, env)
  x <- eval(by, data, env)
  if (is_mask(x)) return(colnames(x))
  if (!is_factor_like(x)) abort_spline_by(deparse_one(by), x)
  column_codes(x)$levels
}

spline_term <- function(component, parsed, level) {
  names <- vapply(parsed$coordinates, deparse_one, "")
  own <- switch(component, curve = names, f1 = paste0("f", names[1L]), f2 = paste0("f", names[2L]),
    f1.x2 = paste0("f", names[1L], ".", names[2L]), x1.f2 = paste0(names[1L], ".f", names[2L]),
    f1.f2 = paste0("f", names[1L], ".f", names[2L]))
  label <- paste(c(parsed$name, own, level, parsed$group$label), collapse = ".")
  members <- list(basis = parsed$basis, component = component, by = parsed$by, level = level,
    coordinates = names)
  group <- new_group(label, parsed$group$variables %||% list(), members = members,
    class = "spline_group")
  new_term(plain_structure, 1, group)
}

#' @export
frame_variables.spline_group <- function(group) {
  c(group$variables, list(group$members$basis), group$members$by)
}

#' @export
level_variables.spline_group <- function(group) names_in(group$variables)

#' @export
effect_expression.spline_group <- function(group, coefs) group$members$by %||% coefs
