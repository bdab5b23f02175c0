# What the variables of a model are where the records are in a database. Records are grouped by
# columns of levels; what depends on these alone is computed here, for a row of each group. Other
# numbers are computed there, and vary within the groups.

# A plan, list(groups, residual, variables, numbers, keys, response, offset, weights, subset):
#
#   groups     by name list(expression, column, prototype): columns of the table, or functions of
#              them that SQL computes; `prototype` has the class and levels of such a function
#   residual   names of those that tell the variance of a residual
#   variables  by name of the frame the expression, with means of columns as numbers
#   constant   names of the variables that are the same in all records of a group
#   numbers    by name the expressions of the varying ones
#   keys       the products of varying variables that the columns of X and Z have
#   response, offset, weights, subset   expressions or NULL
database_plan <- function(parts, frame, given, table) {
  terms <- attr(frame, "terms")
  names <- names(frame)
  columns <- names(given$sample)
  variables <- stats::setNames(given$variables, names)
  own_columns <- lapply(variables, function(x) intersect(all.vars(x), columns))
  has_levels <- vapply(frame, is_factor_like, NA) | names %in% level_names(parts)
  offsets <- names[attr(terms, "offset")]
  has_levels[names %in% c(names[1L], offsets)] <- FALSE
  groups <- unlist(lapply(names[has_levels], function(name) {
    grouping_columns(name, variables[[name]], frame[[name]], own_columns[[name]], given, table)
  }), FALSE)
  groups <- with_two_valued(groups[!duplicated(names(groups))], variables,
    names[!has_levels & !names %in% c(names[1L], offsets)], frame, table)
  in_groups <- vapply(own_columns, function(own) all(own %in% names(groups)), NA)
  constant <- setdiff(names[has_levels | in_groups], c(names[1L], offsets))
  varying <- setdiff(names, c(constant, names[1L], offsets))
  for (name in varying) check_database_number(name, variables[[name]], frame[[name]])
  offset <- if (length(offsets) > 0L) Reduce(function(a, b) call("+", a, b),
    unname(lapply(variables[offsets], without_offset)))
  list(groups = groups, residual = residual_columns(parts, own_columns, groups),
    variables = variables, constant = constant, numbers = variables[varying],
    keys = numeric_products(parts, frame, varying), response = variables[[1L]],
    offset = offset, weights = given$weights, subset = given$subset)
}

# Covariates with two values divide the records as a factor does, which takes no sums.
with_two_valued <- function(groups, variables, names, frame, table) {
  for (name in names) {
    values <- sort(unique(as.double(frame[[name]])))
    may_be <- is.symbol(variables[[name]]) && length(values) %in% 1:2
    if (!may_be || name %in% names(groups)) next
    ends <- range(values)
    others <- bquote(sum(ifelse(x == .(ends[1L]) | x == .(ends[2L]), 0L, 1L), na.rm = TRUE))
    column <- do.call(dplyr::transmute, list(table, x = variables[[name]]))
    found <- fetch_all(do.call(dplyr::summarise, list(column, n = others)))$n
    if (!is.na(found) && found == 0) {
      groups[[name]] <- list(expression = as.name(name), column = name, labels = name)
    }
  }
  groups
}

without_offset <- function(x) if (is_call_to(x, "offset")) x[[2L]] else x

# Variables of which single values are levels: of groups, and of structures over positions.
level_names <- function(parts) {
  groups <- lapply(parts$random, function(term) frame_variables(term$group))
  indices <- lapply(parts$random, function(term) {
    over_positions <- inherits(term, "product_term") ||
      structure_index(term$structure) %in% c("levels", "coordinates")
    if (over_positions) as.list(attr(stats::terms(as_one_sided(term$coefs)), "variables"))[-1L]
  })
  of_residual <- list(residual_variables(parts$residual))
  vapply(unlist(c(groups, indices, of_residual), FALSE), deparse_one, "")
}

# The columns by which records are grouped so that a variable is the same in all of a group: itself,
# where SQL computes it, or all that it is made from.
grouping_columns <- function(name, expression, value, columns, given, table) {
  if (length(columns) == 0L) {
    abort_database_variable(name, "formula", value)
  }
  plain <- is.symbol(expression) || is_call_to(expression, c("factor", "as.factor", "ordered"))
  computed <- !plain && is_computed_there(expression, names(given$sample), given$env, table)
  if (computed) {
    return(stats::setNames(list(list(expression = expression, prototype = value[0L],
      labels = name)), name))
  }
  stats::setNames(lapply(columns, function(column) {
    list(expression = as.name(column), column = column, labels = name,
      prototype = given$stored[[column]])
  }), columns)
}

check_database_number <- function(name, expression, value) {
  if (is.matrix(value) && ncol(value) > 1L) {
    abort_database_function(name_of_call(expression), expression, basis_advice)
  }
  if (!is.numeric(value) || is.object(value) && !inherits(value, c("AsIs", "integer64"))) {
    abort_database_type(name, value, "a number")
  }
}

# The products of varying variables in the terms of X and Z, as sets of names.
numeric_products <- function(parts, frame, varying) {
  formulas <- c(list(one_sided_terms(parts$fixed)), lapply(parts$random, function(term) {
    of_columns <- !inherits(term, "product_term") && is.language(term$coefs) &&
      !structure_index(term$structure) %in% c("levels", "coordinates")
    if (of_columns) stats::terms(as_one_sided(term$coefs))
  }))
  sets <- lapply(Filter(Negate(is.null), formulas), function(terms) {
    factors <- attr(terms, "factors")
    if (length(factors) == 0L) return(list())
    names <- variable_names(terms)
    lapply(seq_len(ncol(factors)), function(k) sort(intersect(names[factors[, k] > 0], varying)))
  })
  sets <- unique(unlist(sets, FALSE))
  sets <- sets[lengths(sets) > 0L]
  stats::setNames(sets, vapply(sets, product_key, ""))
}
