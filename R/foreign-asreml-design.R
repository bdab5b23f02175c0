# What ASReml's grammar says of incidence: columns of the data as levels (`grp()`, `mbf()`), two
# factors with one effect (`and()`), and `mv`.

column_functions <- c("grp", "mbf")

# The matrices of `group` and `mbf` are where the formula is.
with_column_groups <- function(call, env) {
  given <- intersect(c("group", "mbf"), names(call))
  if (length(given) == 0L) return(call)
  data <- as.list(eval(call$data, env))
  read <- list(group = grouped_columns, mbf = merged_columns)
  matrices <- unlist(lapply(unname(given), function(name) {
    value <- eval(call[[name]], env)
    if (!is.list(value) || length(value) == 0L || is.null(names(value))) {
      abort_foreign(name, short_text(call[[name]]), "it is no list with names", columns_remedy)
    }
    Map(read[[name]], value, names(value), MoreArgs = list(data = data, env = env))
  }), FALSE)
  call[given] <- NULL
  side <- if (is.null(call$fixed)) "formula" else "fixed"
  formula <- check_formula(eval(call[[side]], env), env)
  environment(formula) <- list2env(matrices, parent = environment(formula))
  call[[side]] <- formula
  call
}

# group = list(Z = 10:20), or the names of these columns.
grouped_columns <- function(columns, name, data, env) {
  known <- if (is.numeric(columns)) columns %in% seq_along(data) else columns %in% names(data)
  if (!all(known)) {
    abort_foreign("group", name, paste0("there is no column ", toString(columns[!known])),
      "Give names or numbers of columns of {.arg data}.")
  }
  numeric_columns(data[columns], name, "group")
}

# mbf = list(snp = list(key = c("line", "id"), cov = "markers")): the columns of another table by
# the values of a key.
merged_columns <- function(given, name, data, env) {
  key <- given$key
  table <- if (is.character(given$cov)) get0(given$cov, env) else given$cov
  if (length(key) == 1L) key <- c(key, key)
  if (!is.data.frame(table) || length(key) != 2L || !key[1L] %in% names(data) ||
        !key[2L] %in% names(table)) {
    abort_foreign("mbf", name, "it is not {.code list(key = c(column, column), cov = table)}",
      "The first column is one of {.arg data}, the second one of the table.")
  }
  rows <- match(as.character(data[[key[1L]]]), as.character(table[[key[2L]]]))
  lacking <- is.na(rows) & !is.na(data[[key[1L]]])
  if (any(lacking)) {
    abort_foreign("mbf", name, paste0("the table has no row for \"",
      as.character(data[[key[1L]]])[lacking][1L], "\""), "Give a row for each level of the key.")
  }
  numeric_columns(table[setdiff(names(table), key[2L])], name, "mbf")[rows, , drop = FALSE]
}

numeric_columns <- function(columns, name, argument) {
  if (!all(vapply(columns, is.numeric, NA))) {
    abort_foreign(argument, name, "a column of it is not numeric", "Give columns of numbers.")
  }
  do.call(cbind, columns)
}

# grp(Z) is mm(Z), a level for each column.
columns_of_group <- function(x, scope) {
  name <- if (length(x) > 1L && is.symbol(x[[2L]])) as.character(x[[2L]]) else ""
  if (!nzchar(name) || is.null(scope$data[[name]]) && !exists(name, scope$env)) {
    refuse_asreml(x, "its columns are not known",
      "Give them by {.code group = list(Z = columns)} or {.code mbf = list(Z = list(key, cov))}.")
  }
  call("mm", x[[2L]])
}

# `a + and(b) + and(c)`: one effect of the levels of all. `plain`: a relationship of the first is
# that of the others.
with_overlaid <- function(terms, plain = FALSE) {
  kept <- list()
  for (term in terms) {
    factors <- split_interaction(term)
    overlaid <- vapply(factors, is_call_to, NA, "and")
    if (!any(overlaid)) {
      kept <- c(kept, list(term))
    } else {
      if (length(kept) == 0L) refuse_asreml(term, "no term stands before it")
      kept[[length(kept)]] <- overlaid_term(kept[[length(kept)]], term, plain)
    }
  }
  kept
}

overlaid_term <- function(first, term, plain) {
  inner <- tryCatch(match.call(function(obj, times = 1) NULL, term), error = function(e) NULL)
  if (!is_call_to(term, "and") || is.null(inner$obj)) {
    refuse_asreml(term, "{.fn and} is the whole of a term")
  }
  own <- split_interaction(first)
  other <- split_interaction(inner$obj)
  differs <- if (length(own) == length(other)) which(!unlist(Map(identical, own, other)))
  if (length(differs) != 1L) refuse_asreml(term, "it is not the term before with another factor")
  pair <- list(own[[differs]], other[[differs]])
  related <- is_call_to(pair[[1L]], asreml_relationships)
  is_alike <- if (is_call_to(pair[[2L]], asreml_relationships))
    identical(pair[[1L]][[3L]], pair[[2L]][[3L]]) else plain
  if (related && !is_alike) {
    refuse_asreml(term, "its relationship is not that of the term before")
  }
  names <- lapply(pair, function(x) if (is.call(x) && !is_call_to(x, "mm")) x[[2L]] else x)
  both <- with_member(names[[1L]], names[[2L]], inner$times)
  if (related) {
    pair[[1L]][[2L]] <- both
    both <- pair[[1L]]
  }
  own[[differs]] <- both
  product_of(own)
}

# mm(a, b) with one member more.
with_member <- function(first, member, times) {
  if (!is_call_to(first, "mm")) first <- call("mm", first)
  weights <- as.list(first$weights)[-1L]
  members <- as.list(first)[setdiff(seq_along(first), which(names(first) == "weights"))]
  both <- as.call(c(members, list(member)))
  if (length(weights) == 0L && is.null(times)) return(both)
  if (length(weights) == 0L) weights <- as.list(rep.int(1, length(members) - 1L))
  both$weights <- as.call(c(quote(c), weights, list(times %||% 1)))
  both
}

# Missing responses are left out, which is what `mv` in a model is for.
without_mv <- function(x, scope) {
  kept <- Filter(function(term) !identical(term, quote(mv)), asreml_sum(x))
  if (length(kept) == length(asreml_sum(x)) || !is.null(scope$data[["mv"]])) return(x)
  inform_read_as("mv", "na.action = na.omit")
  if (length(kept) == 0L) return(1)
  Reduce(function(a, b) call("+", a, b), kept)
}

asreml_sum <- function(x) {
  if (is_call_to(x, "+") && length(x) == 3L) return(c(asreml_sum(x[[2L]]), list(x[[3L]])))
  list(x)
}
