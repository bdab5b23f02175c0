# Tables of means over the combinations of factors that records have: those of `present`, and
# factors that are nested in others, whose levels stand for something within these alone.

# The factors of which only the combinations with records count.
present_factors <- function(plan) {
  present <- plan$choices$present
  counted <- counted_variables(plan, names(plan$values))
  if (isTRUE(present)) return(counted)
  asked <- if (is.character(present)) present else character()
  over <- plan$nested[names(plan$nested) %in% counted]
  intersect(c(asked, names(over), unlist(over)), counted)
}

check_present <- function(present, variables) {
  if (isTRUE(present) || isFALSE(present)) return(invisible())
  factors <- names(Filter(function(variable) variable$factor, variables))
  if (!is.character(present) || !all(present %in% factors)) {
    abort_argument("present", present, paste("TRUE, FALSE or names of factors:", toString(factors)))
  }
}

# A list by name of the factors within which a factor of the fixed part is nested: it is in no term
# without them, and each of its levels has records with one combination of theirs.
nested_factors <- function(fit, variables) {
  factors <- names(Filter(function(variable) variable$factor && variable$fixed, variables))
  terms <- lapply(fit$fixed$labels, function(label) intersect(all.vars(str2lang(label)), factors))
  outer <- lapply(stats::setNames(factors, factors), function(name) {
    with <- Filter(function(term) name %in% term, terms)
    parents <- if (length(with) > 0L) setdiff(Reduce(intersect, with), name)
    if (length(parents) == 0L) return(NULL)
    columns <- lapply(variables[c(name, parents)], `[[`, "x")
    pairs <- length(unique(row_keys(columns)))
    if (pairs == length(unique(columns[[1L]]))) parents
  })
  outer[!vapply(outer, is.null, NA)]
}

# The combinations of `factors` that records have, as rows of the table: the cell of each, its
# levels of what is averaged over, and its weight.
present_rows <- function(plan, factors) {
  records <- lapply(plan$variables[factors], `[[`, "x")
  key <- row_keys(records)
  first <- which(!duplicated(key))
  combos <- Map(function(x, values) as_values(x[first], values), records, plan$values[factors])
  inside <- Reduce(`&`, Map(function(x, values) as.character(x) %in% as.character(values), combos,
    plan$values[factors]), rep.int(TRUE, length(first)))
  asked <- intersect(factors, names(plan$cells))
  key_of <- function(columns, n) if (length(columns) > 0L) row_keys(columns) else rep.int("all", n)
  cells <- split(seq_len(nrow(plan$cells)), key_of(plan$cells[asked], nrow(plan$cells)))
  cells <- unname(cells[key_of(combos[asked], length(first))])
  cells[!inside] <- list(integer())
  cell <- unlist(cells)
  combo <- rep.int(seq_along(cells), lengths(cells))
  counts <- as.vector(record_counts(factor(key, key[first]), plan$count))
  weights <- combination_weights(plan, combos, cell, combo, counts)
  rest <- expand.grid(plan$values[setdiff(plan$over, factors)], KEEP.OUT.ATTRS = FALSE,
    stringsAsFactors = FALSE)
  times <- max(1L, nrow(rest))
  check_grid_size(as.double(length(cell)) * times)
  over <- c(
    lapply(combos[intersect(factors, plan$over)], function(x) rep.int(x[combo], times)),
    lapply(rest, rep, each = length(cell))
  )
  weights <- rep.int(weights, times) * rep(over_weights(plan, rest, times), each = length(cell))
  cell <- rep.int(cell, times)
  total <- tapply(weights, factor(cell, seq_len(nrow(plan$cells))), sum)
  list(cell = cell, over = over, weight = unname(weights / as.vector(total)[cell]))
}

# Of each combination in each cell: its records, or 1, shared among the levels of a nested factor;
# and what was given.
combination_weights <- function(plan, combos, cell, combo, counts) {
  over <- intersect(names(combos), plan$over)
  weights <- rep.int(1, length(cell))
  if (plan$choices$weights == "proportional") {
    weights <- counts[combo]
  } else if (!isTRUE(plan$choices$present)) {
    for (name in intersect(names(plan$nested), over)) {
      within <- row_keys(c(list(cell), lapply(combos[plan$nested[[name]]], `[`, combo)))
      levels <- tapply(as.character(combos[[name]])[combo], within, function(x) length(unique(x)))
      weights <- weights / as.vector(levels[within])
    }
  }
  given <- plan$choices$average
  for (name in intersect(over, if (is.list(given)) names(given))) {
    own <- level_weights(given[[name]], as.character(plan$values[[name]]), name)
    weights <- weights * own[as.character(combos[[name]])][combo]
  }
  weights
}

present_part <- function(plan, own, names) {
  rows <- plan$present
  columns <- c(lapply(plan$cells[own], `[`, rows$cell), rows$over[intersect(plan$over, names)])
  n <- length(rows$cell)
  list(
    grid = as_grid(columns, n),
    average = Matrix::sparseMatrix(i = rows$cell, j = seq_len(n), x = rows$weight,
      dims = c(nrow(plan$cells), n))
  )
}

as_values <- function(x, values) {
  if (is.factor(values)) factor(as.character(x), levels(values)) else x
}
