# Random terms written with bars. They are found by reformulas; this file decides where they may
# stand and what they mean.

# The addends of a right-hand side that are random terms, each `(lhs | group)` or
# `name(lhs | group, ...)`. A bar anywhere else is an error.
bar_addends <- function(rhs) {
  if (!has_bar(rhs)) return(list())
  if (is_call_to(rhs, "+")) return(unlist(lapply(as.list(rhs)[-1L], bar_addends), FALSE))
  if (is_call_to(rhs, "-") && length(rhs) == 3L && !has_bar(rhs[[3L]])) {
    return(bar_addends(rhs[[2L]]))
  }
  if (is_call_to(rhs, "(")) {
    return(if (is_bar(rhs[[2L]])) list(rhs) else bar_addends(rhs[[2L]]))
  }
  if (is_bar(rhs)) {
    abort_bar(rhs, "it must stand in parentheses", "Write {.code y ~ x + ({term})}.")
  }
  if (is_call_to(rhs, c("-", ":", "*", "/", "^", "%in%"))) {
    abort_bar(rhs, "a random term can only be added", "Write it as {.code + (x | group)}.")
  }
  named_addend(rhs)
}

named_addend <- function(term) {
  name <- as.character(term[[1L]])[1L]
  if (length(term) < 2L || !is_bar(term[[2L]])) {
    abort_bar(term, "a bar stands inside a function",
      "Write a random term as {.code + (x | group)}; make a logical {.code |} a column first."
    )
  }
  structure <- if (name %in% written_structures) covariance_structures[[name]]
  if (is.null(structure)) abort_structure(name, term, written_structures, structure_advice(name))
  if (length(term) - 2L > length(structure$arguments)) {
    abort_structure_arguments(name, term, structure$arguments)
  }
  if (is_call_to(term[[2L]], "||")) {
    remedy <- paste0("Use one bar, or leave {.fn ", name, "} out.")
    abort_bar(term, "`||` is itself a structure", remedy)
  }
  list(term)
}

# One addend gives one term, or several where the group is nested (`a/b`).
bar_terms <- function(addend, env) {
  named <- !is_call_to(addend, "(")
  bar <- addend[[2L]]
  if (!named && is_product(bar[[2L]])) return(list(product_term(addend, env)))
  is_whole <- named && is_whole_bar(bar)
  if (!is_whole) check_bar(bar)
  given <- if (named) bar_arguments(addend, env) else list()
  if (is_whole) return(list(whole_term(as.character(addend[[1L]]), bar, given)))
  # One bar over one factor is its own only term.
  if (!named && is_call_to(bar, "|") && is.symbol(bar[[3L]])) {
    return(list(new_term("us", strip_parentheses(bar[[2L]]), parse_group(bar[[3L]], addend))))
  }
  bare <- if (named) addend[1:2] else bar
  specials <- if (named) as.character(addend[[1L]]) else character()
  found <- reformulas::findbars_x(bare, specials = specials)
  lapply(found, function(term) {
    bar <- term[[2L]]
    new_term(as.character(term[[1L]]), strip_parentheses(bar[[2L]]),
      parse_group(bar[[3L]], addend), named, given)
  })
}

# Arguments after the bar may be any calls: findbars_x() need not see them. A user's function stays
# with the fit, whatever its name means later.
bar_arguments <- function(addend, env) {
  given <- as.list(addend)[-(1:2)]
  if (takes_function(as.character(addend[[1L]]))) lapply(given, eval, env) else given
}

# `ar1(row | 1)`: all records are of one level.
is_whole_bar <- function(bar) {
  identical(strip_parentheses(bar[[3L]]), 1) && length(all.vars(bar[[2L]])) > 0L
}

whole_term <- function(structure, bar, arguments) {
  index <- strip_parentheses(bar[[2L]])
  new_term(structure, index, whole_group(list(index)), TRUE, arguments)
}

check_bar <- function(bar) {
  if (has_bar(bar[[2L]]) || has_bar(bar[[3L]])) {
    abort_bar(bar, "it has more than one bar", "Write one term for each group.")
  }
  if (length(all.vars(bar[[3L]])) == 0L) {
    abort_bar(bar, "there is no grouping factor to the right of the bar",
      "Write {.code (coefficients | group)}, as in {.code (1 + x | group)}."
    )
  }
  if ("." %in% all.vars(bar)) {
    abort_bar(bar, "`.` has no meaning in a random term", "Name the columns.")
  }
}
