# How the levels that means are averaged over count.

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
    counts <- record_counts(row_keys(lapply(plan$variables[counted], `[[`, "x")), plan$count)
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
