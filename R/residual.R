# From `residual = ~ structure(index | subject)` to its parts. What the structures are is in
# covstruct.R; residual-sections.R evaluates the parts in the data.
#
# Gives list(structure = "iid"), or list(structure = "sections", given, by, blocks): `by` is NULL or
# the variable whose levels have a block each (one block: all levels alike). A block is
# list(factors, group, subject): a factor of the product (mostly one) is
# list(name, index, variables, arguments); group and subject are lists of variables, group with a
# set of parameters for each of its levels. No factors: iid.
parse_residual <- function(residual) {
  if (is.list(residual) && !inherits(residual, "formula")) return(parse_residual_by(residual))
  block <- parse_residual_block(residual)
  if (length(block$factors) == 0L) return(list(structure = "iid"))
  list(structure = "sections", given = residual, by = NULL, blocks = list(block))
}

# The argument as it was given: `us(visit | id)` without a tilde means the formula.
# `value` is not looked at before that.
given_residual <- function(expression, value, env) {
  bare <- is.call(expression) && !is_call_to(expression, "~") &&
    (has_bar(expression) || is_named_iid(expression)) || identical(expression, quote(iid))
  names <- if (bare) called_functions(expression)
  if (bare && !any(c("list", "c", "if", "function", "$", "[[") %in% names)) {
    return(as_one_sided(expression, env))
  }
  tryCatch(value, error = function(e) {
    if (is.symbol(expression) && !exists(as.character(expression), env)) {
      abort_residual_name(as.character(expression))
    }
    stop(e)
  })
}

is_iid <- function(residual) !identical(residual$structure, "sections")

# list(env = ~ iid) or list(env = list(A = ~ iid, B = ~ ar1(row):ar1(col))).
parse_residual_by <- function(residual) {
  name <- names(residual)
  if (length(residual) != 1L || is.null(name) || !nzchar(name)) {
    abort_residual(residual, "a list must have one element, named by a factor of the data",
      "Write {.code list(env = list(A = ~ iid, B = ~ ar1(row):ar1(col)))}.")
  }
  given <- residual[[1L]]
  if (inherits(given, "formula")) {
    blocks <- list(parse_residual_block(given))
  } else {
    if (!is.list(given) || !has_names(given)) {
      abort_residual(residual, "the structures must be formulas named by the levels",
        "Write {.code list({name} = list(A = ~ iid, B = ~ ar1(row):ar1(col)))}.")
    }
    blocks <- lapply(given, parse_residual_block)
  }
  list(structure = "sections", given = residual, by = as.name(name), blocks = blocks)
}

parse_residual_block <- function(residual) {
  if (!inherits(residual, "formula")) abort_residual_type(residual)
  if (length(residual) != 2L) {
    abort_residual(residual, "it has a left side", "Write {.code ~ structure(index | subject)}.")
  }
  expression <- strip_parentheses(with_structure_names(residual[[2L]], "any"))
  if (is_named_iid(expression)) return(list(factors = list()))
  group <- NULL
  # `a(x):b(y) | g` is a bar over a product; in `a(x | g)` the bar stands inside.
  if (is_bar(expression)) {
    group <- expression[[3L]]
    expression <- strip_parentheses(expression[[2L]])
  } else if (is.call(expression) && length(expression) > 1L && is_bar(expression[[2L]])) {
    group <- expression[[2L]][[3L]]
    expression[[2L]] <- expression[[2L]][[2L]]
  }
  check_residual_addends(residual, expression, group)
  env <- environment(residual)
  factors <- lapply(split_interaction(expression), parse_residual_factor, residual, env)
  c(list(factors = factors), parse_residual_group(group, residual))
}

is_named_iid <- function(x) {
  identical(x, quote(iid)) || identical(x, quote(iid())) || is_call_to(x, "iid")
}

check_residual_addends <- function(residual, expression, group) {
  if (is_call_to(expression, c("+", "-", "*", "/"))) {
    abort_residual(residual, "a residual has one structure",
      c("Write further parts as random terms in {.arg formula};",
        "for a structure per environment see {.code residual = list(env = ...)}."))
  }
  head <- if (is.call(expression)) deparse_one(expression[[1L]]) else ""
  if (grepl("^[[:alpha:]]", head) && !head %in% written_structures) {
    abort_residual_structure(residual, head, written_structures, structure_advice(head))
  }
  if (has_double_bar(residual)) {
    abort_residual(residual, "`||` has no meaning in it", "Use one bar, or {.fn diag}.")
  }
  if (has_bar(expression) || has_bar(group)) {
    abort_residual(residual, "it has more than one bar",
      "Write {.code structure(index | subject)}, or {.code a(x):b(y) | subject}.")
  }
}

has_double_bar <- function(x) "||" %in% all.names(x)

parse_residual_factor <- function(expression, residual, env) {
  name <- factor_name(expression, residual)
  index <- strip_parentheses(expression[[2L]])
  # `0 + visit` means the same as `visit`.
  if (is_call_to(index, "+") && length(index) == 3L && identical(index[[2L]], 0)) {
    index <- index[[3L]]
  }
  # Only an order that does not matter needs no index.
  exchangeable <- identical(index, 1) && is_exchangeable(name)
  if (!exchangeable && length(looked_up(index)) == 0L) abort_residual_index(name, index)
  list(name = name, index = index,
    variables = if (exchangeable) list() else index_variables(index, name),
    arguments = structure_arguments(name, as.list(expression)[-(1:2)], env, expression))
}

# The structure that an expression `name(index, ...)` asks for.
factor_name <- function(expression, residual) {
  remedy <- "Write {.code ~ structure(index | subject)}, as in {.code ~ ar1(visit | id)}."
  head <- if (is.call(expression)) expression[[1L]] else expression
  name <- if (is.symbol(head)) as.character(head) else ""
  known <- name %in% written_structures
  if (known && (!is.call(expression) || length(expression) < 2L)) {
    abort_residual(residual, "the structure {.fn {name}} has no index", remedy)
  }
  if (!is.call(expression) || name == "") abort_residual(residual, "it names no structure", remedy)
  if (!known) abort_residual_structure(residual, name, written_structures, structure_advice(name))
  name
}

# Coordinates are joined by `+`, factors by `:`.
index_variables <- function(index, name) {
  if (structure_index(name) != "coordinates") return(split_interaction(index))
  index <- strip_parentheses(index)
  if (!is_call_to(index, "+")) return(list(index))
  c(index_variables(index[[2L]], name), index_variables(index[[3L]], name))
}

# `arm / id`: a set of parameters for each arm, whose subjects are id. A 1 is one subject.
parse_residual_group <- function(group, residual) {
  if (is.null(group)) return(list(group = NULL, subject = NULL))
  group <- strip_parentheses(group)
  if (is_call_to(group, "/")) {
    if (is_call_to(strip_parentheses(group[[2L]]), "/")) {
      abort_residual(residual, "it has more than one `/`",
        "Write {.code (index | arm / subject)}, or {.code (index | arm:sex / subject)}.")
    }
    return(list(group = split_interaction(group[[2L]]), subject = subject_variables(group[[3L]])))
  }
  if (is_call_to(group, c("+", "*", "gr", "|"))) {
    abort_residual(residual, "{.code {deparse_one(group)}} is not a subject",
      "Name a column, an interaction {.code a:b}, or {.code arm / id} for parameters by arm.")
  }
  list(group = NULL, subject = subject_variables(group))
}

subject_variables <- function(subject) {
  subject <- strip_parentheses(subject)
  if (is.numeric(subject)) NULL else split_interaction(subject)
}

# Every variable that a residual needs, for the one model frame.
residual_variables <- function(residual) {
  if (is_iid(residual)) return(list())
  blocks <- lapply(residual$blocks, function(block) {
    c(unlist(lapply(block$factors, `[[`, "variables"), FALSE), block$group, block$subject)
  })
  c(if (!is.null(residual$by)) list(residual$by), unlist(unname(blocks), FALSE))
}

# The subjects and groups alone: `.` of a formula does not mean them.
residual_groups <- function(residual) {
  if (is_iid(residual)) return(character())
  used <- lapply(residual$blocks, function(block) c(block$group, block$subject))
  unlist(lapply(unlist(unname(used), FALSE), all.vars))
}

# As it was written, for printing.
residual_text <- function(residual) {
  if (is_iid(residual)) return("iid")
  given <- residual$given
  if (inherits(given, "formula")) return(deparse_one(given[[2L]]))
  inner <- given[[1L]]
  text <- if (inherits(inner, "formula")) deparse_one(inner[[2L]]) else
    paste0(names(inner), " ", vapply(inner, function(x) deparse_one(x[[2L]]), ""), collapse = "; ")
  paste0("by ", names(given), ": ", text)
}
