# The table of cells that means are made from: those that were asked for, by the levels that are
# averaged over. Following Gilmour, Cullis, Welham, Gogel & Thompson (2004) Computational Statistics
# & Data Analysis 44:571: variables of the fixed part are in it, those of random terms alone only
# where they are asked for; and a random term is part of a mean where its levels can be told by the
# table.

# cells: a row for each mean; over: names of what is averaged over; values, counts: see below;
# terms: the numbers of the random terms that are part of the means.
mean_plan <- function(fit, wanted, choices) {
  variables <- choices$variables
  table <- unique(c(wanted, names(variables)[vapply(variables, `[[`, NA, "fixed")],
    average_names(choices$average)))
  terms <- terms_of_means(fit, variables, table, choices)
  table <- unique(c(table, unlist(lapply(fit$parts$random[terms], coefficient_variables))))
  indices <- intersect(unlist(lapply(fit$parts$random[terms], order_variables)), table)
  for (name in c(indices, intersect(wanted, grouping_variables(fit)))) {
    if (is.null(choices$at[[name]])) variables[[name]]$factor <- TRUE
  }
  values <- sapply(table, function(name) {
    mean_values(variables[[name]], choices$at[[name]], name)
  }, simplify = FALSE)
  cells <- expand.grid(values[wanted], KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)
  plan <- list(cells = cells, over = setdiff(table, wanted), values = values, terms = terms,
    choices = choices, variables = variables)
  if (choices$present) plan$present <- present_rows(plan)
  plan
}

average_names <- function(average) if (is.list(average)) names(average) else average

# Terms with a level for the cells of the table: those that have a variable of random terms alone in
# it, curves and surfaces, and those of `use`.
terms_of_means <- function(fit, variables, table, choices) {
  labels <- term_labels(fit)
  for (name in c(choices$use, choices$ignore)) {
    if (!name %in% labels) abort_term(if (name %in% choices$use) "use" else "ignore", name, labels)
  }
  is_random_only <- function(names) {
    !vapply(variables[names], function(variable) isTRUE(variable$fixed), NA)
  }
  has_level <- vapply(fit$parts$random, function(term) {
    needed <- unique(c(level_variables(term$group), names_in(term$group$members$by)))
    told <- if (inherits(term$group, "roles_group")) any(needed %in% table) else
      all(needed %in% table)
    told && (is_spline_term(term) || any(is_random_only(needed)) ||
        term$group$label %in% choices$use)
  }, NA)
  which(has_level & !labels %in% choices$ignore)
}

coefficient_variables <- function(term) {
  setdiff(c(names_in(list(effect_expression(term$group, term$coefs))), spline_variables(term)),
    level_variables(term$group))
}

# Variables of which single values are coefficients: those of structures of an order or a distance.
order_variables <- function(term) {
  is_index <- inherits(term, "product_term") ||
    structure_index(term$structure) %in% c("levels", "coordinates")
  if (is_index) names_in(list(term$coefs))
}

# list(grid, average): the cells of the table for some variables, and the sparse matrix that makes
# means of them.
part_of_plan <- function(plan, names) {
  own <- intersect(names(plan$cells), names)
  if (!is.null(plan$present)) return(present_part(plan, own, names))
  over <- plan$values[intersect(plan$over, names)]
  short <- unique(plan$cells[own])
  over_grid <- expand.grid(over, KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)
  m <- max(1L, nrow(over_grid))
  n <- max(1L, nrow(short))
  check_grid_size(as.double(n) * m)
  grid <- c(lapply(short, rep, each = m), lapply(over_grid, rep.int, times = n))
  weights <- over_weights(plan, over_grid, m)
  place <- if (length(own) == 0L) rep.int(1L, nrow(plan$cells)) else
    match(row_keys(plan$cells[own]), row_keys(short))
  list(
    grid = as_grid(grid, n * m),
    average = Matrix::sparseMatrix(i = rep(seq_along(place), each = m),
      j = rep((place - 1L) * m, each = m) + seq_len(m), x = rep.int(weights, length(place)),
      dims = c(length(place), n * m))
  )
}

as_grid <- function(columns, n) {
  structure(columns, class = "data.frame", row.names = seq_len(n))
}

check_grid_size <- function(n) {
  if (n > 1e6) abort_size("The reference grid", n, 1e6, "Fix variables by `at`.", "rows")
}

# Weights of the levels that are averaged over, with sum 1.
over_weights <- function(plan, grid, m) {
  weights <- rep.int(1, m)
  given <- plan$choices$average
  for (name in intersect(names(grid), if (is.list(given)) names(given))) {
    own <- level_weights(given[[name]], unique(as.character(grid[[name]])), name)
    weights <- weights * own[as.character(grid[[name]])]
  }
  counted <- counted_variables(plan, names(grid))
  if (plan$choices$weights == "proportional" && length(counted) > 0L) {
    counts <- table(row_keys(lapply(plan$variables[counted], `[[`, "x")))
    found <- as.numeric(counts[row_keys(grid[counted])])
    weights <- weights * ifelse(is.na(found), 0, found)
  }
  weights / sum(weights)
}

# By level, from weights with names (of others zero) or one for each level in their order.
level_weights <- function(given, levels, name) {
  if (is.null(given)) given <- rep.int(1, length(levels))
  valid <- is.numeric(given) && all(is.finite(given)) && all(given >= 0)
  if (valid && is.null(names(given))) {
    valid <- length(given) == length(levels)
    names(given) <- if (valid) levels
  }
  if (!valid || length(setdiff(names(given), levels)) > 0L || sum(given) == 0) {
    abort_argument("average", given,
      paste0("weights by name, or one for each of the ", length(levels), " levels of `", name, "`"))
  }
  weights <- stats::setNames(double(length(levels)), levels)
  weights[names(given)] <- given
  weights
}

counted_variables <- function(plan, names) {
  Filter(function(name) plan$variables[[name]]$factor, names)
}

# The combinations of factors that records have, as rows of the table: the cell of each, its levels
# of what is averaged over, and its weight.
present_rows <- function(plan) {
  factors <- counted_variables(plan, names(plan$values))
  records <- lapply(plan$variables[factors], `[[`, "x")
  key <- row_keys(records)
  first <- which(!duplicated(key))
  combos <- Map(function(x, values) as_values(x[first], values), records, plan$values[factors])
  inside <- Reduce(`&`, Map(function(x, values) as.character(x) %in% as.character(values), combos,
    plan$values[factors]), rep.int(TRUE, length(first)))
  asked <- intersect(factors, names(plan$cells))
  key_of <- function(columns, n) if (length(columns) > 0L) row_keys(columns) else rep.int("", n)
  cells <- split(seq_len(nrow(plan$cells)), key_of(plan$cells[asked], nrow(plan$cells)))
  cells <- unname(cells[key_of(combos[asked], length(first))])
  cells[!inside] <- list(integer())
  rows <- list(cell = unlist(cells), combo = rep.int(seq_along(cells), lengths(cells)))
  covariates <- expand.grid(plan$values[setdiff(plan$over, factors)], KEEP.OUT.ATTRS = FALSE)
  times <- max(1L, nrow(covariates))
  n <- length(rows$cell)
  counts <- tabulate(match(key, key[first]), length(first))
  weights <- if (plan$choices$weights == "proportional") counts[rows$combo] else rep.int(1, n)
  given <- plan$choices$average
  for (name in intersect(intersect(factors, plan$over), if (is.list(given)) names(given))) {
    own <- level_weights(given[[name]], as.character(plan$values[[name]]), name)
    weights <- weights * own[as.character(combos[[name]])][rows$combo]
  }
  over <- c(
    lapply(combos[intersect(factors, plan$over)], function(x) rep.int(x[rows$combo], times)),
    lapply(covariates, rep, each = n)
  )
  cell <- rep.int(rows$cell, times)
  weights <- rep.int(weights, times)
  total <- tapply(weights, factor(cell, seq_len(nrow(plan$cells))), sum)
  list(cell = cell, over = over, weight = unname(weights / as.vector(total)[cell]))
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
