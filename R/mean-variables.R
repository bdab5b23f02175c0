# The variables that means are asked for or averaged over: the base variables of a formula (`year`
# of `factor(year)`), by record, and the levels that they have.

# A list by name of list(x, fixed, factor, levels, mean): x by record; whether the fixed part has
# it; whether it has levels, which a covariate has not; these where they are known by a random term;
# and the mean of a covariate where that of x is not the mean over the records.
mean_variables <- function(fit) {
  fixed <- all.vars(fit$parts$fixed[[3L]])
  random <- unlist(lapply(fit$parts$random, term_variables))
  names <- unique(c(fixed, random))
  columns <- variable_columns(fit, stats::setNames(names, names))
  columns <- columns[!vapply(columns, is.null, NA)]
  with_levels <- c(coerced_variables(fit), setdiff(grouping_variables(fit), fixed))
  sapply(names(columns), function(name) {
    x <- columns[[name]]
    list(
      x = x, fixed = name %in% fixed, factor = is_factor_like(x) || name %in% with_levels,
      levels = if (!name %in% fixed) levels_by_term(fit, name),
      mean = if (is_pooled(fit$frame) && is_number_like(x)) record_mean(fit$frame, x, name)
    )
  }, simplify = FALSE)
}

# By record: columns of the frame, or what its columns were made from.
variable_columns <- function(fit, names) {
  sources <- attr(fit$frame, "sources")
  lapply(names, function(name) fit$frame[[name]] %||% sources[[name]])
}

term_variables <- function(term) {
  c(names_in(list(effect_expression(term$group, term$coefs))), level_variables(term$group),
    spline_variables(term))
}

spline_variables <- function(term) {
  if (!is_spline_term(term)) return(NULL)
  names_in(c(list(term$group$members$basis), term$group$members$by))
}

grouping_variables <- function(fit) {
  unlist(lapply(fit$parts$random, function(term) level_variables(term$group)))
}

# Numbers of which a factor is made inside the formula: `factor(year)`, `cut(age, 3)`. As in emmeans
# they have the values of the records.
coerced_variables <- function(fit) {
  made <- made_factor_names(fit)
  unlist(lapply(made, function(name) all.vars(str2lang(name))))
}

made_factor_names <- function(fit) {
  variables <- as.list(attr(attr(fit$frame, "terms"), "variables"))[-1L]
  names <- vapply(variables, deparse_one, "")
  is_made <- vapply(seq_along(names), function(i) {
    x <- fit$frame[[names[i]]]
    is.call(variables[[i]]) && (is.factor(x) || is.character(x))
  }, NA)
  names[is_made]
}

# The levels of a variable that alone forms the levels of a random term: also those without records.
levels_by_term <- function(fit, name) {
  for (term in fit$random) {
    alone <- length(term$group$variables) == 1L || !is_single(term$group)
    if (alone && list(as.name(name)) %in% term$group$variables && !inherits(term$group,
      "spline_group")) return(term$levels)
  }
  NULL
}

# The values that a variable has in the grid of means.
mean_values <- function(variable, given, name) {
  x <- variable$x
  if (!variable$factor) {
    return(if (is.null(given)) variable$mean %||% mean(x) else covariate_values(x, given, name))
  }
  if (!is_factor_like(x) && is.null(variable$levels)) {
    values <- sort(unique(x))
    if (is.null(given)) return(values)
    if (!all(given %in% values)) abort_levels(name, given, values)
    return(given)
  }
  levels <- variable$levels %||% column_codes(x)$levels
  if (!all(as.character(given) %in% levels)) abort_levels(name, given, levels)
  chosen <- if (is.null(given)) levels else as.character(given)
  if (is.logical(x)) as.logical(chosen) else factor(chosen, levels, ordered = is.ordered(x))
}

# Dates stay dates, which the table shows.
covariate_values <- function(x, given, name) {
  valid <- is_number_like(given) && length(given) > 0L && all(is.finite(as.double(given)))
  if (!valid) abort_argument("at", given, paste0("numbers for `", name, "`"))
  of_time <- inherits(x, c("Date", "POSIXct")) && class(x)[1L] == class(given)[1L]
  if (of_time) given else as.double(given)
}

# Columns of the frame that are factors made of other variables, for the rows of a grid: by the
# records that have the same values, as breaks of cut() depend on all the data.
with_made_factors <- function(fit, grid) {
  for (name in made_factor_names(fit)) {
    own <- all.vars(str2lang(name))
    if (!all(own %in% names(grid))) next
    records <- variable_columns(fit, stats::setNames(own, own))
    if (any(vapply(records, is.null, NA))) next
    found <- match(row_keys(grid[own]), row_keys(records))
    if (!anyNA(found)) grid[[name]] <- fit$frame[[name]][found]
  }
  grid
}
