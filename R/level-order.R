# The order of text labels in structures of an order. Alphabetically R10 stands before R2: labels
# with numbers are counted instead, with a message. The order of a factor that its user has set is
# left alone.

# By variable, the levels in their order; of other variables the factor says it.
level_orders <- function(parts, frame) {
  orders <- list()
  for (variable in ordered_variables(parts)) {
    name <- deparse_one(variable$expression)
    if (!is.null(orders[[name]])) next
    orders[[name]] <- level_order(frame[[name]], paste0(variable$structure, "(", name, ")"))
  }
  orders
}

# list(structure, expression) of the indices of all structures of an order.
ordered_variables <- function(parts) {
  of_factor <- function(factor) {
    if (structure_index(factor$name) != "levels") return(list())
    lapply(factor$variables, function(x) list(structure = factor$name, expression = x))
  }
  of_term <- function(term) {
    if (!is.null(term$factors)) return(unlist(lapply(term$factors, of_factor), FALSE))
    if (is_spline_term(term)) return(list())
    of_factor(list(name = term$structure, variables = split_interaction(term$coefs)))
  }
  blocks <- if (!is_iid(parts$residual)) parts$residual$blocks
  residual <- lapply(unname(blocks), function(block) {
    unlist(lapply(block$factors, of_factor), FALSE)
  })
  c(unlist(residual, FALSE), unlist(lapply(parts$random, of_term), FALSE))
}

level_order <- function(x, where) {
  has_labels <- (is.factor(x) || is.character(x)) && !is.ordered(x) && is.null(as_numbers(x))
  if (!has_labels) return(NULL)
  levels <- if (is.factor(x)) levels(x) else sort(unique(x))
  if (length(levels) < 3L || !is_alphabetical(levels)) return(NULL)
  if (!any(grepl("[0-9]", levels))) {
    if (is.character(x)) inform_alphabetical(where, levels)
    return(NULL)
  }
  natural <- levels[order_naturally(levels)]
  if (identical(natural, levels)) return(NULL)
  inform_natural_order(where, natural)
  natural
}

# In this locale, or in none.
is_alphabetical <- function(levels) {
  !is.unsorted(levels) || identical(levels, sort(levels, method = "radix"))
}

# The codes of the variables of an index, each in its order.
index_codes <- function(variables, source) {
  parts <- lapply(variables, function(variable) {
    levels <- source$order[[deparse_one(variable)]]
    if (is.null(levels)) return(group_codes(list(variables = list(variable)), source))
    x <- source$frame[[deparse_one(variable)]]
    drop_empty(match(as.character(x), levels), levels)
  })
  Reduce(cross_codes, if (length(parts) > 1L) lapply(parts, with_quoted_levels) else parts)
}
