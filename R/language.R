# Small helpers for R's language: expressions, formulas and names. They know nothing of models.

`%||%` <- function(x, y) if (is.null(x)) y else x

deparse_one <- function(x) {
  if (is.symbol(x)) return(as.character(x))
  paste(deparse(x, width.cutoff = 500L), collapse = " ")
}

# A value in a message: a large one by what it is.
short_text <- function(x, most = 60L) {
  if (is.null(x)) return("NULL")
  text <- if (is.object(x) && !is.factor(x) && !inherits(x, c("formula", "Date"))) "" else
    deparse_one(if (is.atomic(x)) utils::head(x, 20L) else x)
  if (nzchar(text) && nchar(text) <= most) return(text)
  if (is.function(x)) return("a function")
  size <- if (is.null(dim(x))) length(x) else paste(dim(x), collapse = " x ")
  paste0("<", class(x)[1L], if (!is.language(x)) paste0("[", size, "]"), ">")
}

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

# Each element has one, and none is missing.
has_names <- function(x) !is.null(names(x)) && !anyNA(names(x)) && all(nzchar(names(x)))

# The variables that an expression looks up: not what stands after `$`, nor a package's name.
looked_up <- function(x) {
  if (!any(c("$", "@", "::", ":::", "function") %in% all.names(x))) return(all.vars(x))
  if (is.symbol(x)) return(if (nzchar(x)) as.character(x))
  if (!is.call(x)) return(NULL)
  if (is_call_to(x, c("::", ":::", "function"))) return(NULL)
  if (is_call_to(x, c("$", "@"))) return(looked_up(x[[2L]]))
  # A terms object has a list method of its own.
  attributes(x) <- NULL
  arguments <- as.list(x)
  if (is.symbol(arguments[[1L]])) arguments <- arguments[-1L]
  unique(unlist(lapply(arguments, looked_up)))
}

# The names in `data` nearest to `name`: at most three, and only those that a slip could explain.
nearest_names <- function(name, candidates) {
  is_name <- is.character(name) && length(name) == 1L && !is.na(name)
  if (length(candidates) == 0L || !is_name) return(character())
  most <- if (nchar(name) < 2L) 0 else ceiling(nchar(name) / 3)
  # The distance is at least that of their lengths, which cost nothing.
  longer <- nchar(candidates, allowNA = TRUE) - nchar(name)
  candidates <- candidates[which(abs(longer) <= most)]
  if (length(candidates) == 0L) return(character())
  distance <- slip_distance(name, candidates)
  near <- candidates[distance <= most]
  utils::head(near[order(distance[match(near, candidates)])], 3L)
}

nearest_of <- function(names, candidates) {
  unique(unlist(lapply(as.list(names), nearest_names, candidates)))
}

# A remedy, as a text for cli.
did_you_mean <- function(near) {
  if (length(near) == 0L) return(NULL)
  # The text goes through cli once more, with the rest of its message.
  text <- cli::format_inline("Did you mean {.or {.val {near}}}?")
  gsub("}", "}}", gsub("{", "{{", text, fixed = TRUE), fixed = TRUE)
}

# Letters to insert, drop, replace, or swap with their neighbour.
slip_distance <- function(name, candidates) {
  letters <- strsplit(name, "")[[1L]]
  swapped <- vapply(seq_along(letters)[-1L], function(k) {
    letters[c(k - 1L, k)] <- letters[c(k, k - 1L)]
    paste(letters, collapse = "")
  }, "")
  distance <- utils::adist(c(name, swapped), candidates, ignore.case = TRUE)
  if (length(swapped) > 0L) distance[-1L, ] <- distance[-1L, ] + 1
  apply(distance, 2L, min)
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
  if (is.symbol(x[[1L]])) return(as.character(x[[1L]]))
  sub("^henderson::", "", deparse_one(x[[1L]]))
}

# What was typed for an argument that came through the dots of a wrapper, where it is `..1`.
typed_expression <- function(value, env) {
  if (!is.symbol(value) || !grepl("^[.][.][0-9]+$", as.character(value))) return(value)
  while (!exists("...", envir = env, inherits = FALSE)) env <- parent.env(env)
  eval(quote(substitute(list(...))), env)[[as.integer(substring(value, 3L)) + 1L]]
}

# Where functions of variance parameters are evaluated.
baseenv_with_stats <- function() asNamespace("stats")
