# Processes of several numbers (`ar2`, `ar3`, `ma2`, `arma11`) of which some are held: the engine
# searches for the others as they are, and asks for a definite matrix alone, which a few positions
# have outside the stationary or invertible processes, too. Where one number is left its region is
# an interval, which becomes its bounds: it is linear in each number, or quadratic in the last of
# three.

# `asked` with these bounds, and a start between them.
within_processes <- function(asked, parameters, design) {
  if (length(asked$hold) == 0L) return(asked)
  for (group in process_groups(parameters, design)) {
    held <- parameters$name[group$at] %in% names(asked$hold)
    if (!any(held)) next
    values <- asked$hold[parameters$name[group$at]]
    free <- group$at[!held]
    if (length(free) == 0L && !is_process(values, group$region)) {
      abort_parameter_region("hold", parameters$name[group$at], unname(values), group$region$text)
    }
    if (length(free) != 1L) next
    ends <- process_interval(unname(values), group$region)
    if (is.null(ends)) {
      abort_parameter_region("hold", parameters$name[group$at[held]], unname(values[held]),
        group$region$text)
    }
    asked <- bounded_between(asked, free, ends, parameters)
  }
  asked
}

# The regions of processes of several numbers, with `at`, their positions among the parameters.
process_groups <- function(parameters, design) {
  model <- list(parameters = parameters, design = design)
  groups <- lapply(structure_groups(parameters), function(at) {
    regions <- correlation_regions(structure_recipe(at[1L], model))
    regions <- Filter(function(region) isTRUE(region$is_process) && region$size > 1L, regions)
    lapply(regions, function(region) list(region = region, at = at[region$at]))
  })
  unlist(groups, recursive = FALSE)
}

# At an edge of the region some partial correlations are no numbers.
is_process <- function(values, region) {
  partial <- region$partial(values)
  all(abs(partial) <= 1 + process_rounding, na.rm = TRUE)
}
process_rounding <- 1e-9

# Where the one value that is NA may be; NULL where there is no process.
process_interval <- function(values, region) {
  k <- which(is.na(values))
  is_inside <- function(x) {
    partial <- region$partial(replace(values, k, x))
    all(is.finite(partial)) && all(abs(partial) < 1)
  }
  limits <- region_limits(region)[, k]
  grid <- seq(limits[1L], limits[2L], length.out = process_grid)
  inside <- which(vapply(grid, is_inside, NA))
  if (length(inside) == 0L) return(NULL)
  last <- c(inside[1L], inside[length(inside)])
  beyond <- grid[pmin(pmax(last + c(-1L, 1L), 1L), process_grid)]
  vapply(1:2, function(end) between_grid(grid[last[end]], beyond[end], is_inside), 0)
}
process_grid <- 4001L

# The last point with the property on the way to one without, by halves.
between_grid <- function(inside, outside, is_inside) {
  for (half in seq_len(60L)) {
    middle <- (inside + outside) / 2
    if (is_inside(middle)) inside <- middle else outside <- middle
  }
  inside
}

# Bounds of parameter i, with those that were asked for, and a start between them.
bounded_between <- function(asked, i, ends, parameters) {
  name <- parameters$name[i]
  constraints <- asked$constraints %||% no_constraints(length(parameters$name))
  k <- constraints$lead[i]
  given <- c(constraints$lower[k], constraints$upper[k]) * constraints$ratio[i]
  if (!(max(given[1L], ends[1L]) < min(given[2L], ends[2L]))) {
    abort_bounds_process(name, format_each(given), format_each(ends))
  }
  asked$constraints <- add_bounds(constraints, stats::setNames(list(ends), name), parameters)
  inside <- c(max(given[1L], ends[1L]), min(given[2L], ends[2L]))
  start <- if (name %in% names(asked$start)) asked$start[[name]] else NA
  is_inside <- !is.na(start) && start > inside[1L] && start < inside[2L]
  if (!is_inside) {
    others <- asked$start[setdiff(names(asked$start), name)]
    asked$start <- c(others, stats::setNames(mean(inside), name))
  }
  asked
}

# Bounds and ties of several numbers may lead out of the processes all the same.
check_processes <- function(est, model) {
  if (inherits(est, "condition") || is.null(model$asked$constraints)) return(invisible())
  for (group in process_groups(model$parameters, model$design)) {
    values <- est$parameters$estimate[group$at]
    if (!is_process(values, group$region)) {
      abort_outside_process(model$parameters$name[group$at], values, group$region$text)
    }
  }
}
