# From a formula to its parts: the fixed formula, the random terms, and the formula of the one model
# frame that has the variables of all of them. Bars are found by reformulas; this file decides where
# they may stand and what they mean.

# Gives: response (call), fixed (two-sided formula without bars), random (a list, see bar_terms),
# variables (two-sided formula with every variable, for the model frame), residual.
parse_formula <- function(formula, data, residual = ~iid) {
  formula <- check_formula(formula)
  env <- environment(formula)
  split <- split_splines(formula[[3L]])
  rhs <- wrap_products(split$rest %||% 1)
  random <- c(
    unlist(lapply(bar_addends(rhs), bar_terms, env), recursive = FALSE),
    spline_terms(split$splines, data, env)
  )
  fixed <- formula
  fixed[[3L]] <- reformulas::nobars(as_one_sided(rhs, env))[[2L]]
  residual <- parse_residual(residual)
  fixed <- expand_dot(fixed, random, data, residual_groups(residual))
  used <- c(
    list(fixed[[3L]]), lapply(random, `[[`, "coefs"), lapply(random, group_variables),
    residual_variables(residual)
  )
  variables <- fixed
  variables[[3L]] <- Reduce(function(a, b) call("+", a, b), Filter(Negate(is.null), used))
  environment(fixed) <- environment(variables) <- env
  list(
    formula = formula, response = formula[[2L]], fixed = fixed, random = random,
    variables = variables, residual = residual
  )
}

check_formula <- function(formula, env = parent.frame(3L)) {
  if (is.character(formula) && length(formula) == 1L) {
    formula <- tryCatch(stats::as.formula(formula, env = env), error = identity)
  }
  if (!inherits(formula, "formula")) abort_formula(formula)
  if (length(formula) != 3L) abort_no_response(formula)
  class(formula) <- "formula"
  formula
}

# `.` means every column of data but the response and the grouping factors.
expand_dot <- function(fixed, random, data, further = character()) {
  if (!"." %in% all.vars(fixed[[3L]])) return(fixed)
  groups <- unlist(lapply(random, function(term) {
    if (is_spline_term(term)) all.vars(as.call(c(quote(c), term$group$variables))) else
      all.vars(group_variables(term))
  }))
  keep <- setdiff(names(data), c(groups, further))
  stats::formula(stats::terms(fixed, data = unclass(data)[keep], allowDotAsName = FALSE))
}

# Bars ---------------------------------------------------------------------------------------------

is_bar <- function(x) is_call_to(x, c("|", "||"))
has_bar <- function(x) is.language(x) && any(c("|", "||") %in% all.names(x))

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
  if (is.null(structure)) abort_structure(name, term, written_structures)
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
  check_bar(bar)
  # Arguments after the bar may be any calls: findbars_x() need not see them.
  given <- if (named) as.list(addend)[-(1:2)] else list()
  # A user's function stays with the fit, whatever its name means later.
  if (is_call_to(addend, "own")) given <- lapply(given, eval, env)
  bare <- if (named) addend[1:2] else addend
  found <- reformulas::findbars_x(bare, specials = written_structures)
  lapply(found, function(term) {
    list(
      structure = as.character(term[[1L]]), named = named,
      coefs = strip_parentheses(term[[2L]][[2L]]),
      group = parse_group(term[[2L]][[3L]], addend), arguments = given
    )
  })
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

# The variables of a group joined by `+`: what the model frame needs.
group_variables <- function(term) {
  used <- c(term$group$variables, member_variables(term$group))
  Reduce(function(a, b) call("+", a, b), used)
}
