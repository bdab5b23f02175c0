# Small helpers for R's language: expressions, formulas and names. They know nothing of models.

`%||%` <- function(x, y) if (is.null(x)) y else x

deparse_one <- function(x) paste(deparse(x, width.cutoff = 500L), collapse = " ")

variable_names <- function(terms) vapply(as.list(attr(terms, "variables"))[-1L], deparse_one, "")

is_call_to <- function(x, names) {
  is.call(x) && is.symbol(x[[1L]]) && as.character(x[[1L]]) %in% names
}

strip_parentheses <- function(x) {
  while (is_call_to(x, "(")) x <- x[[2L]]
  x
}

as_one_sided <- function(rhs, env = NULL) {
  formula <- call("~", rhs)
  class(formula) <- "formula"
  environment(formula) <- env
  formula
}

one_sided_terms <- function(formula) {
  rhs <- if (length(formula) == 3L) formula[-2L] else formula
  stats::terms(rhs)
}

split_interaction <- function(group) {
  group <- strip_parentheses(group)
  if (!is_call_to(group, ":")) return(list(group))
  c(split_interaction(group[[2L]]), split_interaction(group[[3L]]))
}

# The names of the functions that an expression calls.
called_functions <- function(x) {
  if (!is.call(x)) return(character())
  own <- if (is.symbol(x[[1L]])) as.character(x[[1L]])
  c(own, unlist(lapply(as.list(x)[-1L], called_functions)))
}

# The variables of a list of expressions.
names_in <- function(expressions) all.vars(as.call(c(quote(c), expressions)))

# The variables that an expression looks up: not what stands after `$`, nor a package's name.
looked_up <- function(x) {
  if (is.symbol(x)) return(if (nzchar(x)) as.character(x))
  if (!is.call(x)) return(NULL)
  if (is_call_to(x, c("::", ":::", "function"))) return(NULL)
  if (is_call_to(x, c("$", "@"))) return(looked_up(x[[2L]]))
  arguments <- as.list(x)
  if (is.symbol(arguments[[1L]])) arguments <- arguments[-1L]
  unique(unlist(lapply(arguments, looked_up)))
}

# The names in `data` nearest to `name`: at most three, and only those that a slip could explain.
nearest_names <- function(name, candidates) {
  if (length(candidates) == 0L) return(character())
  distance <- drop(utils::adist(name, candidates, ignore.case = TRUE))
  near <- candidates[distance <= max(1, ceiling(nchar(name) / 3))]
  utils::head(near[order(distance[match(near, candidates)])], 3L)
}

is_bar <- function(x) is_call_to(x, c("|", "||"))
has_bar <- function(x) is.language(x) && any(c("|", "||") %in% all.names(x))

# A parameter such as `a:b.x` is a call to `:` until it is seen to be a name.
with_parameter_names <- function(expression, known) {
  if (!is.call(expression)) return(expression)
  if (is_call_to(expression, ":")) {
    text <- gsub("`", "", deparse_one(expression), fixed = TRUE)
    if (text %in% known) return(as.name(text))
  }
  as.call(c(expression[[1L]], lapply(as.list(expression)[-1L], with_parameter_names, known)))
}

substitute_names <- function(expression, values) {
  if (is.symbol(expression)) return(values[[as.character(expression)]] %||% expression)
  if (!is.call(expression)) return(expression)
  as.call(c(expression[[1L]], lapply(as.list(expression)[-1L], substitute_names, values)))
}

spline_name <- function(x) {
  if (!is.call(x)) return("")
  sub("^henderson::", "", deparse_one(x[[1L]]))
}
