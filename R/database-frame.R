# The frame of a model whose records are in a database: a few rows for each combination of levels,
# see pooled.R.

# `given`: list(sample, env, weights, subset, na_action, na_random, memory); weights and subset are
# expressions. Of batches `stored` has the types that SQLite does not have, see stored_batches().
new_database_frame <- function(parts, table, given) {
  given$env <- environment(parts$formula)
  check_database_parts(parts)
  prototype <- sampled_frame(parts, given)
  if (is_batched(table)) {
    used <- lapply(list(parts$variables, given$weights, given$subset), all.vars)
    stored <- stored_batches(table, unlist(used))
    table <- stored$table
    given$stored <- stored$stored
    on.exit(close_batches(dbplyr::remote_con(table)))
  }
  given <- with_expressions(given, prototype, table)
  plan <- in_sql(database_plan(parts, prototype, given, table), given, table)
  check_same_values(plan, table)
  optional <- optional_aliases(plan, if (given$na_random == "zero") optional_groups(parts,
    prototype))
  count <- counted_records(table, plan, given, parts, optional)
  centre <- signif(unlist(count[aliases("centre", column_expressions(plan))]), 6L)
  pooled <- summed_records(table, plan, unname(centre), count, optional, given$memory)
  frame <- check_frame(pooled_frame(pooled, plan, prototype, parts, given, count))
  attr(frame, "order") <- level_orders(parts, frame)
  frame
}

check_database_parts <- function(parts) {
  if (!has_variance_by_group(parts$residual)) {
    abort_database_model("This structure of the residual", "residual",
      "sums over records tell enough where residuals are independent, with a variance by group")
  }
  for (term in parts$random) {
    if (is_spline_term(term)) {
      basis <- term$group$members$basis
      abort_database_function(spline_name(basis), basis, basis_advice)
    }
    if (inherits(term$group, "marker_group")) {
      abort_database_model(cli::format_inline("{.fn snp}"), "formula",
        "a genotype is no column of levels")
    }
    weighted <- any(vapply(sums_of(term$group), function(sum) !is.null(sum$members$weights), NA))
    if (weighted || length(columns_of(term$group)) > 0L) {
      abort_database_model(cli::format_inline("{.fn mm} with weights"), "formula",
        "records of one combination of levels may have different weights")
    }
  }
}

# The variables of the model of some records, as model.frame() makes them.
sampled_frame <- function(parts, given) {
  terms <- stats::terms(parts$variables)
  if (nrow(given$sample) == 0L) abort_no_records(0L, "`data` is empty")
  check_variables(looked_up(parts$variables), given$sample, given$env,
    bare = variable_names(terms))
  check_functions(parts$variables[[3L]], given$env)
  for (variable in as.list(attr(terms, "variables"))[-1L]) {
    refused <- intersect(called_functions(variable), basis_functions)
    if (length(refused) > 0L) abort_database_function(refused[1L], variable, basis_advice)
  }
  for (name in setdiff(looked_up(parts$variables), names(given$sample))) {
    value <- get0(name, envir = given$env)
    if (length(value) != 1L) abort_database_variable(name, "formula", value)
  }
  frame <- evaluate_frame(terms, given$sample)
  check_database_number(names(frame)[1L], parts$response, frame[[1L]])
  frame
}

# The expressions of the variables, with means of whole columns as numbers.
with_expressions <- function(given, prototype, table) {
  columns <- names(given$sample)
  variables <- as.list(attr(attr(prototype, "terms"), "variables"))[-1L]
  given$variables <- lapply(variables, with_column_constants, table, columns)
  given$changed <- !mapply(identical, variables, given$variables)
  given$weights <- with_column_constants(given$weights, table, columns)
  given
}

# The plan with its expressions as SQL can have them.
in_sql <- function(plan, given, table) {
  con <- dbplyr::remote_con(table)
  columns <- names(given$sample)
  translated <- function(x, argument = "formula") {
    if (is.null(x)) return(NULL)
    x <- database_expression(x, columns, given$env, argument)
    check_translated(x, con)
    x
  }
  plan$groups <- lapply(plan$groups, function(group) {
    group$expression <- translated(group$expression)
    group
  })
  plan$numbers <- lapply(plan$numbers, translated)
  plan$response <- translated(plan$response)
  plan["offset"] <- list(translated(plan$offset, "offset"))
  plan["weights"] <- list(translated(plan$weights, "weights"))
  plan["subset"] <- list(translated(plan$subset, "subset"))
  plan
}

# What the database computes of some records is what R does: a logarithm may be decadic there, a
# quotient a whole number.
check_same_values <- function(plan, table) {
  con <- dbplyr::remote_con(table)
  computed <- Filter(is.call, c(plan$numbers, list(plan$response), plan$weights, plan$offset,
    if (!is.null(plan$weights)) call("log", plan$weights)))
  if (!is.null(plan$subset)) {
    computed <- c(computed, list(call("ifelse", plan$subset, 1, 0)))
  }
  check_sampled_weights(plan, table)
  labels <- Filter(function(group) is.null(group$column), plan$groups)
  if (length(computed) + length(labels) == 0L) return(invisible())
  columns <- c(lapply(computed, sql_number, con), lapply(labels, sql_group, con))
  names(columns) <- paste0("check_", seq_along(columns))
  found <- fetch_all(do.call(dplyr::mutate, c(list(utils::head(table, n_sampled)), columns)))
  expressions <- c(computed, lapply(labels, `[[`, "expression"))
  for (k in seq_along(expressions)) {
    theirs <- found[[names(columns)[k]]]
    group <- if (k > length(computed)) labels[[k - length(computed)]]
    ours <- eval(expressions[[k]], found, baseenv_with_stats())
    if (is.null(group)) ours <- as.double(ours)
    if (!is.null(group)) {
      theirs <- as.character(group_values(theirs, group))
      ours <- as.character(ours)
    }
    check_equal_values(ours, theirs, expressions[[k]], columns[[k]])
  }
}

# Before their logarithms are asked for.
check_sampled_weights <- function(plan, table) {
  if (is.null(plan$weights)) return(invisible())
  weights <- sql_number(plan$weights, dbplyr::remote_con(table))
  found <- fetch_all(do.call(dplyr::transmute, list(utils::head(table, n_sampled), w = weights)))$w
  check_lowest_weight(suppressWarnings(min(found, na.rm = TRUE)))
}

check_lowest_weight <- function(least) {
  if (least <= 0) abort_argument("weights", least, "numbers above 0")
}

check_equal_values <- function(ours, theirs, expression, sql) {
  same <- if (is.character(ours)) ours == theirs else
    abs(ours - theirs) <= 1e-8 * pmax(abs(ours), abs(theirs))
  same[is.na(ours) & is.na(theirs)] <- TRUE
  bad <- which(is.na(same) | !same)
  if (length(bad) > 0L) {
    abort_database_differs(expression, sql, bad[1L], ours[bad[1L]], theirs[bad[1L]])
  }
}

optional_aliases <- function(plan, names) {
  labels <- vapply(plan$groups, `[[`, "", "labels")
  aliases("g", plan$groups)[labels %in% names]
}

# The first pass, checked.
counted_records <- function(table, plan, given, parts, optional) {
  count <- fetch_all(count_query(table, plan, optional))
  if (count$n == 0) {
    abort_no_records(0L, if (is.null(plan$subset)) "`data` is empty" else "`subset` leaves none")
  }
  check_texts(plan, count)
  check_missing_values(plan, count, given, parts, optional)
  for (alias in number_aliases(plan)) {
    range <- unlist(count[paste0(c("min_", "max_"), alias)])
    if (!all(is.finite(range))) abort_database_not_finite(alias_name(alias, plan, parts))
  }
  if (!is.null(plan$weights)) check_lowest_weight(count$min_w)
  count
}

check_texts <- function(plan, count) {
  columns <- unique(unlist(lapply(c(plan$numbers, plan$response, plan$weights, plan$offset),
    all.vars)))
  for (k in seq_along(columns)) {
    n <- count[[paste0("text_t", k)]]
    if (!is.null(n) && n > 0) abort_mixed_types(columns[k], n)
  }
}

# What the user calls a column of the query.
alias_name <- function(alias, plan, parts) {
  k <- as.integer(substring(alias, 2L))
  switch(substr(alias, 1L, 1L), g = plan$groups[[k]]$labels, v = names(plan$numbers)[k],
    y = deparse_one(parts$response), w = "(weights)", o = "(offset)")
}

check_missing_values <- function(plan, count, given, parts, optional) {
  gone <- count$n - count$complete
  if (gone == 0) return(invisible())
  needed <- setdiff(required_aliases(plan), optional)
  counts <- unlist(count[paste0("missing_", needed)])
  names(counts) <- vapply(needed, alias_name, "", plan, parts)
  counts <- counts[counts > 0]
  action <- as_na_action(given$na_action %||% getOption("na.action", "na.omit"))
  if (!identical(action, stats::na.omit) && !identical(action, stats::na.exclude)) {
    abort_database_missing(names(counts)[1L], counts[1L])
  }
  if (count$complete == 0) {
    every <- names(counts)[counts == count$n]
    abort_no_records(count$n, if (length(every) > 0L) paste0("`", every[1L],
      "` is missing in every row") else "each has a missing value")
  }
  if (is.null(given$na_action)) {
    inform_dropped(gone, count$n, counts, intersect(names(counts),
      vapply(parts$random, function(term) term$group$label, "")))
  }
}

# Second pass ------------------------------------------------------------------------------------

# list(levels, cell, one, values, weight, count, offset) and what with_pure_error() adds: `levels`
# has a row for each combination of levels, and row r of the others belongs to combination cell[r].
summed_records <- function(table, plan, centre, count, optional, memory,
                           piece = rows_of_a_fetch) {
  pieces <- list()
  n_rows <- 0
  query <- sums_query(table, plan, centre, optional, count$complete == count$n)
  fetch_rows(query, function(rows) {
    if (nrow(rows) == 0L) return(invisible())
    own <- reduced_rows(rows, plan, centre)
    n_rows <<- n_rows + length(own$cell)
    needed <- n_rows * bytes_of_a_row(plan)
    if (needed > memory) abort_database_memory(n_rows, needed, memory)
    pieces <<- c(pieces, list(own))
  }, piece)
  found <- sum(vapply(pieces, function(piece) sum(piece$count), 0))
  if (found != count$complete) abort_table_changed(count$complete, found)
  with_pure_error(joined_pieces(pieces), plan)
}

# Of a fit: the frame, the columns of the design, and the records of the engine.
bytes_of_a_row <- function(plan) {
  100 + 40 * (length(plan$groups) + length(plan$variables) + length(plan$keys))
}

reduced_rows <- function(rows, plan, centre) {
  m <- length(centre)
  n <- nrow(rows)
  pairs <- expand.grid(i = seq_len(m), j = seq_len(m))
  squares <- vapply(seq_len(m^2), function(k) {
    rows[[paste0("x", max(pairs[k, ]), "_", min(pairs[k, ]))]] + 0
  }, numeric(n))
  weight <- rows$sw %||% as.double(rows$n)
  reduced <- reduced_cells(list(
    count = as.double(rows$n), weight = weight,
    sums = as.matrix(rows[paste0("x", seq_len(m))]), squares = array(squares, c(n, m, m))
  ), centre)
  levels <- lapply(seq_along(plan$groups), function(k) {
    group_values(rows[[paste0("g", k)]], plan$groups[[k]])
  })
  names(levels) <- names(plan$groups)
  reduced$levels <- as_grid(levels, n)
  reduced$offset <- if (is.null(rows$so)) numeric(n) else rows$so / weight
  reduced$sum_log_weights <- sum(rows$slw) - sum(log(weight))
  reduced
}

joined_pieces <- function(pieces) {
  cells <- vapply(pieces, function(piece) nrow(piece$levels), 0L)
  before <- cumsum(c(0L, cells))[seq_along(cells)]
  joined <- function(name) unlist(lapply(pieces, `[[`, name))
  list(
    levels = do.call(rbind, lapply(pieces, `[[`, "levels")), n_cells = sum(cells),
    cell = unlist(Map(function(piece, first) first + piece$cell, pieces, before)),
    one = joined("one"), values = do.call(rbind, lapply(pieces, `[[`, "values")),
    weight = joined("weight"), count = joined("count"), offset = joined("offset"),
    df = joined("df"), sum_of_squares = joined("sum_of_squares"),
    sum_log_weights = sum(joined("sum_log_weights"))
  )
}

# The frame ----------------------------------------------------------------------------------------

pooled_frame <- function(pooled, plan, prototype, parts, given, count) {
  frame <- stats::setNames(vector("list", length(prototype)), names(prototype))
  records <- as_grid(lapply(pooled$levels, `[`, pooled$cell), length(pooled$cell))
  for (name in plan$constant) {
    frame[[name]] <- constant_values(name, plan, records, given$env)
  }
  means <- record_means(plan, count)
  for (name in names(plan$numbers)) {
    frame[[name]] <- varying_values(name, pooled, plan, means)
  }
  offset <- pooled$offset[pooled$cell] * pooled$one
  for (name in offset_names(prototype)) frame[[name]] <- numeric(length(offset))
  if (!is.null(plan$offset)) frame[[offset_names(prototype)[1L]]] <- offset
  frame[[1L]] <- pooled$values[, ncol(pooled$values)] + offset
  for (name in names(frame)[vapply(frame, is.factor, NA)]) {
    if (has_unused_levels(frame[[name]])) frame[[name]] <- drop_unused_levels(frame[[name]], name)
  }
  frame[["(weights)"]] <- pooled$weight
  frame <- as_grid(frame, length(pooled$cell))
  attr(frame, "terms") <- with_constants(attr(prototype, "terms"), given)
  attr(frame, "sources") <- source_columns(parts, frame, records)
  attr(frame, "optional") <- optional_names(plan, prototype, given, parts)
  attr(frame, "pooled") <- pooled_attribute(pooled, plan, count, means)
  frame
}

offset_names <- function(prototype) names(prototype)[attr(attr(prototype, "terms"), "offset")]

optional_names <- function(plan, prototype, given, parts) {
  if (given$na_random == "zero") optional_groups(parts, prototype)
}

constant_values <- function(name, plan, records, env) {
  if (name %in% names(records)) return(records[[name]])
  eval(plan$variables[[name]], records, env)
}

# Of a covariate that has a column of its own the mean in the cell, of others that of all records.
varying_values <- function(name, pooled, plan, means) {
  k <- match(name, names(plan$keys))
  n_cells <- pooled$n_cells
  if (is.na(k)) return(rep.int(means[[name]], length(pooled$cell)))
  first <- pooled$one == 1
  own <- numeric(n_cells)
  own[pooled$cell[first]] <- pooled$values[first, k]
  own[pooled$cell]
}

record_means <- function(plan, count) {
  means <- lapply(aliases("v", plan$numbers), function(alias) count[[paste0("mean_", alias)]])
  stats::setNames(means, names(plan$numbers))
}

# New data get the numbers that stand for means of the columns.
with_constants <- function(terms, given) {
  predvars <- attr(terms, "predvars") %||% attr(terms, "variables")
  for (k in which(given$changed)) predvars[[k + 1L]] <- given$variables[[k]]
  attr(terms, "predvars") <- predvars
  terms
}

source_columns <- function(parts, frame, records) {
  names <- setdiff(all.vars(parts$variables[[3L]]), names(frame))
  names <- intersect(names, names(records))
  if (length(names) > 0L) as.list(records[names])
}

pooled_attribute <- function(pooled, plan, count, means) {
  keys <- names(plan$keys)
  products <- lapply(seq_along(keys), function(k) pooled$values[, k])
  ranges <- lapply(aliases("v", plan$numbers), function(alias) {
    unlist(count[paste0(c("min_", "max_"), alias)], use.names = FALSE)
  })
  if (!is.null(plan$offset)) means[["(offset)"]] <- count$mean_o
  list(
    plan = plan, levels = pooled$levels, n = count$complete,
    left_out = count$n - count$complete, count = pooled$count,
    one = if (any(pooled$one == 0)) pooled$one, varying = names(plan$numbers),
    products = stats::setNames(products, keys), means = means,
    ranges = stats::setNames(ranges, names(plan$numbers)),
    response = response_moments(pooled), pure_error = pooled$pure_error,
    stands_for = pooled$stands_for
  )
}

response_moments <- function(pooled) {
  y <- pooled$values[, ncol(pooled$values)]
  mean <- sum(pooled$weight * pooled$one * y) / sum(pooled$weight * pooled$one)
  left <- y - pooled$one * mean
  c(mean = mean, squares = sum(pooled$weight * left^2) + pooled$pure_error$sum_of_squares)
}
