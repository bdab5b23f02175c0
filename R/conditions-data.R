# Conditions about what is in the data, and messages about how it was taken.

abort_integer64 <- function(name) {
  abort("variable_type", "{.code {name}} has 64-bit integers, which need the package bit64.",
    "Install it, or convert the column by {.fn as.numeric} or {.fn as.character}.", "data", name
  )
}

abort_at_levels <- function(unknown, known) {
  abort("argument",
    "{.fn at}: there {cli::qty(length(unknown))}{?is/are} no level{?s} {.val {unknown}}.",
    did_you_mean(nearest_of(unknown, known)) %||% "The levels are {.val {known}}.", "levels",
    unknown
  )
}

abort_section_size <- function(label, index, n, name, least) {
  abort("structure",
    paste(
      "{.arg residual}: {.code {label}} has {n} position{?s} of {.code {index}}, and {.fn {name}}",
      "needs at least {least}."
    ),
    "Give that section another structure: {.code list(env = list(A = ~ iid, B = ...))}.",
    "residual", label
  )
}

# Groups are those of random terms alone.
inform_dropped <- function(gone, rows, counts, groups) {
  which <- paste0("`", names(counts), "` in ", counts, collapse = ", ")
  hint <- if (length(groups) > 0L) {
    " With {.code na_random = \"zero\"} they stay, without {.code {groups}}."
  }
  inform("dropped",
    paste0("{gone} of {rows} record{?s} {cli::qty(gone)}{?is/are} left out, with missing values: ",
      "{which}.", hint), "na.action", counts
  )
}

# Of the levels that add up in a record, where some have fewer.
inform_absent <- function(variables, rows, fewer, none) {
  members <- length(variables)
  call <- paste0("mm(", toString(variables), ")")
  inform("absent",
    paste("{.code {call}}: {fewer} of {rows}",
      "record{?s} {cli::qty(fewer)}{?has/have} fewer than {members} levels, {none} of them none;",
      "what is missing adds nothing."), "data", fewer)
}

# Levels of the first role that stand in their record in another one, too.
warn_own_member <- function(levels, names) {
  n <- length(levels)
  others <- names[-1L]
  warn("own_member",
    paste("{cli::qty(n)}{n} level{?s} with one record {?is/are} there both {.val {names[1L]}} and",
      "{.val {others}}: {.val {levels}}."),
    "An animal is not among its own mates, nor its own dam: look at these records.", "data",
    levels)
}

inform_natural_order <- function(where, levels) {
  shown <- utils::head(levels, 4L)
  inform("natural_order",
    paste("{.code {where}}: the labels are counted, {.val {shown}}, ...; give a factor with its",
      "levels in order for another one."), "data", levels)
}

inform_alphabetical <- function(where, levels) {
  inform("alphabetical",
    paste("{.code {where}}: the labels are in alphabetical order, {.val {levels}}; give a factor",
      "with its levels in order for another one."), "data", levels)
}

inform_dropped_factor <- function(label, index, structure) {
  inform("dropped_factor",
    paste("{.code {label}} has one position of {.code {index}}: its correlation",
      "{.code {structure}} is left out."), "residual", label)
}
