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
  cells <- if (length(wanted) == 0L) data.frame(`1` = "overall", check.names = FALSE) else
    expand.grid(values[wanted], KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)
  plan <- list(cells = cells, over = setdiff(table, wanted), values = values, terms = terms,
    choices = choices, variables = variables, nested = nested_factors(fit, variables),
    count = pooled_records(fit$frame)$count)
  factors <- present_factors(plan)
  if (length(factors) > 0L) plan$present <- present_rows(plan, factors)
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
    told <- if (has_partial_levels(term$group)) any(member_variables(term$group) %in% table) else
      all(needed %in% table)
    told && (is_spline_term(term) || any(is_random_only(needed)) ||
        term$group$label %in% choices$use)
  }, NA)
  wanted <- is.null(choices$only) | labels %in% choices$only
  which(has_level & wanted & !labels %in% choices$ignore)
}

coefficient_variables <- function(term) {
  if (has_partial_levels(term$group)) {
    return(setdiff(c(names_in(list(term$coefs)), level_variables(term$group)),
      member_variables(term$group)))
  }
  setdiff(c(names_in(list(effect_expression(term$group, term$coefs))), spline_variables(term)),
    level_variables(term$group))
}

# Several levels in a record, of which a mean may have some: of a sire alone, or of one parent.
has_partial_levels <- function(group) inherits(group, c("roles_group", "sum_group"))

# The variables of the levels, without those of weights.
member_variables <- function(group) names_in(group$variables)

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
