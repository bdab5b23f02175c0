# The one model frame of a fit: every variable of the fixed and random parts, the weights and the
# offset, after subset and na.action, with unused factor levels dropped.

# Checked: an estimator can take it.
new_frame <- function(parts, data, weights = NULL, subset = NULL, na_action = NULL,
                      na_random = "drop") {
  frame <- check_frame(model_frame(parts, data, weights, subset, na_action, na_random))
  attr(frame, "order") <- level_orders(parts, frame)
  frame
}

model_frame <- function(parts, data, weights = NULL, subset = NULL, na_action = NULL,
                        na_random = "drop") {
  env <- environment(parts$formula)
  has_units <- !units_column %in% names(data)
  data <- with_units(data, parts$variables)
  has_units <- has_units && units_column %in% names(data)
  terms <- tryCatch(stats::terms(parts$variables), error = function(e) {
    abort_frame(conditionMessage(e))
  })
  check_variables(looked_up(as.call(c(quote(c), residual_variables(parts$residual)))), data, env,
    "residual")
  check_variables(looked_up(parts$variables), data, env, bare = variable_names(terms))
  check_functions(parts$variables[[3L]], env)
  if (!is.null(weights) && is.data.frame(data) && length(weights) != nrow(data)) {
    abort_weights_length(length(weights), nrow(data))
  }
  frame <- evaluate_frame(terms, data, weights, subset)
  rows <- if (is.data.frame(data)) nrow(data) else nrow(frame)
  if (nrow(frame) == 0L) {
    abort_no_records(rows, if (rows == 0L) "`data` is empty" else "`subset` leaves none")
  }
  frame <- with_unknown_levels(fill_where_masked(frame, parts), parts)
  frame <- with_absent_weights(frame, parts)
  optional <- if (na_random == "zero") optional_groups(parts, frame)
  frame <- drop_missing(frame, na_action, union(optional, optional_members(parts, frame)), parts)
  if (na_random == "drop") tell_absent(frame, parts)
  # New records have no effect of units of the fit.
  if (has_units) attr(frame, "optional") <- union(attr(frame, "optional"), units_column)
  frame <- with_sources(frame, parts, data, subset)
  for (name in names(frame)[vapply(frame, is.factor, NA)]) {
    if (has_unused_levels(frame[[name]])) {
      frame[[name]] <- drop_unused_levels(frame[[name]], name)
    }
  }
  frame
}

# `units` is a level for each record where there is no such column, as in ASReml.
units_column <- "units"

with_units <- function(data, formula, levels = seq_len(nrow(data))) {
  if (!is.data.frame(data) || units_column %in% names(data)) return(data)
  if (!units_column %in% looked_up(formula)) return(data)
  found <- get0(units_column, environment(formula))
  if (!is.null(found) && !is.function(found)) return(data)
  data[[units_column]] <- factor(levels)
  data
}

# Functions that do not exist: terms of other grammars, mostly.
check_functions <- function(expression, env) {
  for (name in unique(called_functions(expression))) {
    if (!exists(name, envir = env, mode = "function")) {
      abort_unknown_function(name, structure_advice(name))
    }
  }
}

# What the columns are made from where they are functions of it (`year` of `factor(year)`), by
# record: means are asked for by these names.
with_sources <- function(frame, parts, data, subset) {
  names <- setdiff(all.vars(parts$variables[[3L]]), c(names(frame), "pi", "."))
  columns <- lapply(stats::setNames(names, names), function(name) {
    data[[name]] %||% get0(name, environment(parts$formula))
  })
  n <- if (is.data.frame(data)) nrow(data) else max(0L, lengths(columns))
  rows <- seq_len(n)
  if (!is.null(subset)) rows <- rows[subset]
  gone <- attr(frame, "na.action")
  if (length(gone) > 0L) rows <- rows[-gone]
  is_column <- vapply(columns, function(x) is.atomic(x) && is.null(dim(x)) && length(x) == n, NA)
  if (length(rows) == nrow(frame) && any(is_column)) {
    attr(frame, "sources") <- lapply(columns[is_column], `[`, rows)
  }
  frame
}

# stats::model.frame() without its na.action, which would copy the data even where nothing is
# missing.
evaluate_frame <- function(terms, data, weights = NULL, subset = NULL) {
  data <- plain_data(data)
  check_column_types(terms, data)
  environment(terms) <- with_masked_product(environment(terms))
  call <- as.call(list(
    quote(stats::model.frame.default), formula = quote(terms), data = quote(data),
    subset = subset, weights = weights, na.action = quote(stats::na.pass)
  ))
  tryCatch(eval(call), error = function(e) {
    if (inherits(e, "henderson_error")) stop(e)
    abort_frame(conditionMessage(e))
  })
}

check_column_types <- function(terms, data) {
  if (!is.data.frame(data)) return(invisible())
  for (name in intersect(looked_up(terms), names(data))) {
    column <- data[[name]]
    if (is.list(column) || is.complex(column) || is.raw(column)) {
      abort_variable_type(name, column)
    }
  }
}

# `optional` columns may be missing.
drop_missing <- function(frame, na_action, optional = NULL, parts = NULL) {
  quiet <- !is.null(na_action)
  if (is.null(na_action)) na_action <- getOption("na.action", "na.omit")
  missing <- vapply(frame, anyNA, NA)
  missing[optional] <- FALSE
  if (!any(missing)) return(structure(frame, optional = optional))
  required <- frame[setdiff(names(frame), optional)]
  kept <- as_na_action(na_action)(required)
  if (!quiet && nrow(kept) > 0L && nrow(kept) < nrow(frame)) tell_dropped(frame, required, parts)
  kept <- with_optional(kept, frame, optional)
  if (nrow(kept) == 0L) {
    every <- names(frame)[vapply(frame, function(x) all(is.na(x)), NA)]
    why <- if (length(every) > 0L) paste0("`", every[1L], "` is missing in every row") else
      "each has a missing value"
    abort_no_records(nrow(frame), why)
  }
  for (name in names(kept)[missing]) {
    if (anyNA(kept[[name]])) {
      row <- which(rowSums(as.matrix(is.na(kept[[name]]))) > 0)[1L]
      abort_missing_values(name, row.names(kept)[row])
    }
  }
  kept
}

as_na_action <- function(value) {
  is_name <- is.character(value) && length(value) == 1L && !value %in% c("", NA) &&
    exists(value, mode = "function")
  if (!is.function(value) && !is_name) {
    abort_argument("na.action", value, "a function such as na.omit, or its name")
  }
  match.fun(value)
}

# The optional columns of the records that are kept, and the columns as they stood.
with_optional <- function(kept, frame, optional) {
  action <- attr(kept, "na.action")
  if (length(optional) > 0L) {
    kept <- if (length(action) > 0L) frame[-action, , drop = FALSE] else frame
    attr(kept, "na.action") <- action
  }
  structure(kept, terms = attr(frame, "terms"), optional = optional)
}

# Of several responses those that are not observed are no records.
tell_dropped <- function(frame, required, parts) {
  if (!is.null(parts$traits)) required <- required[!is.na(required[[1L]]), , drop = FALSE]
  counts <- missing_counts(required)
  if (length(counts) == 0L) return(invisible())
  gone <- sum(!stats::complete.cases(required))
  inform_dropped(gone, nrow(required), counts, intersect(names(counts),
    optional_groups(parts, frame)))
}

has_unused_levels <- function(x) any(tabulate(x, nlevels(x)) == 0L)

# factor() would go through the labels of all records; this goes through the codes.
drop_unused_levels <- function(x, name) {
  used <- tabulate(x, nlevels(x)) > 0L
  kept <- attributes(x)
  codes <- cumsum(used)[x]
  kept$levels <- levels(x)[used]
  if (!is.null(kept$contrasts) && !is.character(kept$contrasts)) {
    warn_contrasts_dropped(name)
    kept$contrasts <- NULL
  }
  attributes(codes) <- kept
  codes
}

# What the engine cannot take stops here. `name` is the response as it was written.
check_frame <- function(frame) {
  response <- frame[[1L]]
  if (is.object(response) && is_number_like(response) && is.null(dim(response))) {
    response <- frame[[1L]] <- as_plain_number(response)
  }
  check_response(response, names(frame)[1L], frame)
  for (name in names(frame)[-1L]) {
    column <- frame[[name]]
    if (is.complex(column) || is.raw(column) || is.list(column)) abort_variable_type(name, column)
    if (!name %in% c("(weights)", attr(frame, "optional"))) check_finite(column, name, frame)
  }
  if (!is.null(frame[["(weights)"]])) check_weights(frame[["(weights)"]], nrow(frame), frame)
  check_response_varies(frame_response(frame), names(frame)[1L])
  frame
}

# y - offset, as a plain double vector.
frame_response <- function(frame) {
  y <- as.double(frame[[1L]])
  offset <- frame_offset(frame)
  if (is.null(offset)) y else y - offset
}

frame_offset <- function(frame) {
  columns <- attr(attr(frame, "terms"), "offset")
  if (is.null(columns)) return(NULL)
  total <- double(nrow(frame))
  for (column in columns) {
    offset <- frame[[column]]
    if (!is_number_like(offset)) abort_variable_type(names(frame)[column], offset)
    total <- total + as_plain_number(offset)
  }
  total
}

frame_weights <- function(frame) {
  weights <- frame[["(weights)"]]
  if (is.null(weights)) double() else as.double(weights)
}

# New data -----------------------------------------------------------------------------------------

# The terms of `formula` with the predvars (poly, ns, scale, ...) of the frame that was fitted, so
# that new data get the columns of the same functions.
safe_terms <- function(formula, frame) {
  terms <- stats::terms(formula)
  fitted <- attr(frame, "terms")
  at <- match(variable_names(terms), variable_names(fitted))
  attr(terms, "predvars") <- as.call(c(quote(list), as.list(attr(fitted, "predvars"))[at + 1L]))
  attr(terms, "dataClasses") <- attr(fitted, "dataClasses")[at]
  terms
}

# The frame of new data. Factors among `columns` (those with effects of their own levels) get the
# levels of the fit; the others are groups, whose levels are matched later. `spared`: see
# check_variables().
newdata_frame <- function(formula, frame, newdata, columns, spared = character()) {
  newdata <- with_units(newdata, formula, rep.int(NA, nrow(newdata)))
  terms <- made_columns(stats::delete.response(safe_terms(formula, frame)), newdata)
  check_variables(looked_up(terms), newdata, environment(formula), "newdata",
    variable_names(terms), spared)
  new <- evaluate_frame(terms, newdata)
  for (name in intersect(columns, names(new))) {
    if (is_factor_like(new[[name]]) != is_factor_like(frame[[name]])) {
      abort_new_type(name, frame[[name]], new[[name]])
    }
    new[[name]] <- in_fitted_units(new[[name]], frame[[name]], name)
    levels <- column_levels(frame[[name]])
    if (!is.null(levels)) new[[name]] <- as_fitted_factor(new[[name]], levels, frame[[name]], name)
  }
  new
}

time_classes <- c("Date", "POSIXct", "difftime")

# Days of the fit are not hours of the new data, nor seconds since 1970; and a number has no unit.
in_fitted_units <- function(x, fitted, name) {
  if (!inherits(fitted, time_classes) || !is.numeric(unclass(x))) return(x)
  kind <- class(fitted)[1L]
  if (!inherits(x, kind)) abort_new_type(name, fitted, x)
  if (kind == "difftime") units(x) <- units(fitted)
  x
}

# The numbers of a grid, which its maker has in the units of the fit, as the times that they are.
with_fitted_times <- function(grid, frame) {
  for (name in intersect(names(grid), names(frame))) {
    fitted <- frame[[name]]
    if (!inherits(fitted, time_classes) || inherits(grid[[name]], time_classes)) next
    grid[[name]] <- structure(as.double(grid[[name]]), class = class(fitted),
      units = attr(fitted, "units"), tzone = attr(fitted, "tzone"))
  }
  grid
}

# A column that new data have under the name of its expression, as model.frame() has it, is taken as
# it is.
made_columns <- function(terms, newdata) {
  variables <- as.list(attr(terms, "variables"))[-1L]
  made <- which(vapply(variables, is.call, NA) & variable_names(terms) %in% names(newdata))
  predvars <- attr(terms, "predvars")
  for (i in made) predvars[[i + 1L]] <- as.name(variable_names(terms)[i])
  attr(terms, "predvars") <- predvars
  terms
}

column_levels <- function(x) {
  if (is.factor(x)) levels(x) else if (is.character(x)) sort(unique(x))
}

as_fitted_factor <- function(x, levels, fitted, name) {
  labels <- as.character(x)
  unknown <- setdiff(labels[!is.na(labels)], levels)
  if (length(unknown) > 0L) abort_new_factor_level(name, unknown)
  factor(labels, levels = levels, ordered = is.ordered(fitted))
}
