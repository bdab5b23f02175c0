# Reading `tie` and `bounds` of lmmfit(). A tie becomes proportions: a numeric vector named by
# parameters.

# Reading `tie` ------------------------------------------------------------------------------------

# A list of named proportions, each over two parameters or more.
parse_ties <- function(tie, parameters, residual) {
  if (is.null(tie)) return(list())
  if (!is.list(tie)) tie <- list(tie)
  labels <- whole_structures(parameters, residual)
  unlist(lapply(unname(tie), function(one) {
    proportions <- tie_proportions(one, c(parameters$name, names(labels)))
    expand_tie(proportions, parameters, labels)
  }), recursive = FALSE)
}

# Named proportions from c("a", "b"), c(a = 1, b = 2), ~ a == b or ~ b == 2 * a.
tie_proportions <- function(one, known) {
  if (inherits(one, "formula")) one <- equation_proportions(one, known)
  if (is.character(one)) one <- stats::setNames(rep.int(1, length(one)), one)
  if (!is.numeric(one) || !has_names(one)) abort_tie(one)
  if (length(one) < 2L) abort_tie_short(names(one))
  if (anyDuplicated(names(one)) > 0L) abort_tie_twice(names(one)[anyDuplicated(names(one))])
  bad <- which(!(is.finite(one) & one > 0))
  if (length(bad) > 0L) abort_tie_factor(names(one)[bad[1L]], one[[bad[1L]]])
  unknown <- setdiff(names(one), known)
  if (length(unknown) > 0L) abort_parameter_name("tie", unknown, known)
  one
}

equation_proportions <- function(formula, known) {
  equation <- with_parameter_names(formula[[length(formula)]], known)
  if (length(formula) != 2L || !is_call_to(equation, "==")) abort_tie(formula)
  sides <- lapply(as.list(equation)[-1L], tie_side, formula, known)
  # f1 a = f2 b: a : b = 1 / f1 : 1 / f2
  stats::setNames(1 / vapply(sides, `[[`, 0, "factor"), vapply(sides, `[[`, "", "name"))
}

# `a`, `2 * a`, `a * 2` or `a / 2` as list(name, factor). A name that is no parameter is a factor.
tie_side <- function(side, formula, known) {
  side <- strip_parentheses(side)
  if (is.symbol(side)) return(list(name = as.character(side), factor = 1))
  if (!is_call_to(side, c("*", "/")) || length(side) != 3L) abort_tie(formula)
  parts <- lapply(as.list(side)[-1L], strip_parentheses)
  named <- vapply(parts, function(part) is.symbol(part) && as.character(part) %in% known, NA)
  division <- is_call_to(side, "/")
  if (sum(named) != 1L || division && named[2L]) abort_tie(formula)
  factor <- eval(parts[[which(!named)]], environment(formula))
  if (!is.numeric(factor) || length(factor) != 1L) abort_tie(formula)
  list(name = as.character(parts[[which(named)]]), factor = if (division) 1 / factor else factor)
}

# The parameters of each term and each section of the residual, by its label.
whole_structures <- function(parameters, residual) {
  random <- which(!is_residual_parameter(parameters))
  of_term <- parameters$term[random]
  terms <- split(random, factor(of_term, unique(of_term)))
  sections <- residual$sections
  own <- lapply(seq_along(sections), function(k) which(is_section_parameter(parameters, k)))
  names(own) <- vapply(sections, `[[`, "", "label")
  all <- c(terms, own)
  # A label that is a parameter, or that two share, means the parameter or neither.
  all[!names(all) %in% c(parameters$name, names(all)[duplicated(names(all))])]
}

# One tie for each parameter of whole structures; covariances by the factor, correlations equal.
expand_tie <- function(proportions, parameters, labels) {
  whole <- names(proportions) %in% names(labels)
  if (!any(whole)) {
    check_tie_kinds(names(proportions), parameters)
    return(list(proportions))
  }
  if (!all(whole)) abort_tie_mixed(names(proportions)[whole][1L], names(proportions)[!whole][1L])
  members <- labels[names(proportions)]
  kinds <- lapply(members, function(at) parameters$kind[at])
  for (k in seq_along(kinds)[-1L]) {
    if (!identical(kinds[[1L]], kinds[[k]])) abort_tie_structures(names(members)[c(1L, k)])
  }
  if (has_own_values(kinds[[1L]]) && any(proportions != proportions[1L])) {
    abort_tie_own(names(proportions)[1L])
  }
  lapply(seq_along(kinds[[1L]]), function(i) {
    factor <- switch(kinds[[1L]][i], variance = , covariance = proportions,
      loading = sqrt(proportions), rep.int(1, length(proportions)))
    stats::setNames(factor, vapply(members, function(at) parameters$name[at[i]], ""))
  })
}

check_tie_kinds <- function(names, parameters) {
  kind <- parameters$kind[match(names, parameters$name)]
  if (any(kind == "loading")) abort_loading("tie", names[kind == "loading"][1L])
  scale <- replace(kind, kind == "covariance", "variance")
  other <- which(scale != scale[1L])
  if (length(other) > 0L) abort_tie_kinds(names[c(1L, other[1L])], kind[c(1L, other[1L])])
}

# Reading `bounds` ---------------------------------------------------------------------------------

# A list of c(lower, upper) by name.
check_bounds <- function(bounds, parameters) {
  if (is.null(bounds) || length(bounds) == 0L) return(list())
  if (!is.list(bounds) || !has_names(bounds)) {
    abort_bounds(bounds)
  }
  unknown <- setdiff(names(bounds), parameters$name)
  if (length(unknown) > 0L) abort_parameter_name("bounds", unknown, parameters$name)
  if (anyDuplicated(names(bounds)) > 0L) {
    abort_parameter_values("bounds", "names a parameter twice")
  }
  Map(check_bound, bounds, names(bounds),
    parameters$kind[match(names(bounds), parameters$name)])
}

check_bound <- function(bound, name, kind) {
  if (kind == "loading") abort_loading("bounds", name)
  if (kind == "variance" && asks_negative(bound)) abort_bound_negative(name, bound)
  if (is.numeric(bound) && length(bound) == 2L) {
    bound <- ifelse(is.na(bound), c(-Inf, Inf), bound)
  } else {
    abort_bound(name, bound)
  }
  if (!(bound[1L] < bound[2L])) abort_bound(name, bound)
  range <- switch(kind, variance = , range = , smoothness = c(0, Inf), correlation = c(-1, 1),
    c(-Inf, Inf))
  if (bound[2L] <= range[1L] || bound[1L] >= range[2L]) abort_bound_range(name, bound, range)
  as.double(bound)
}

# A lower bound below zero, or none on purpose, as ASReml's U: what the engine has no factor for.
asks_negative <- function(bound) {
  if (!is.numeric(bound) || length(bound) != 2L || anyNA(bound)) return(FALSE)
  bound[1L] < 0 && bound[2L] > 0 && (is.finite(bound[1L]) || bound[2L] == Inf)
}
