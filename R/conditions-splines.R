# Conditions about splines.

abort_spline_outside <- function(name) {
  abort("spline", "{.arg by} of {.fn {name}} has a meaning only in a formula of {.fn lmmfit}.",
    "Leave it out to see the basis.", "by", name
  )
}

abort_spline_place <- function(rhs) {
  term <- deparse_one(rhs)
  abort("spline", "A spline in {.code {term}} can only be added.",
    c(
      "A curve for each level of a factor is {.code spl(x, by = f)}, with a variance each,",
      "or {.code spl(x | f)}, with one variance."
    ), "formula", term
  )
}

abort_spline_arguments <- function(name, call) {
  term <- deparse_one(call)
  usage <- if (name == "spl") "spl(x), spl(x | group), spl(x, knots = 10, by = f)" else
    "spl2(col, row, nseg = c(10, 20), by = f)"
  abort("spline", "The arguments of {.code {term}} are not understood.",
    "Write it as in {.code {usage}}.", "formula", term
  )
}

abort_spline_group <- function(call) {
  term <- deparse_one(call)
  abort("spline", "The group of {.code {term}} must be a factor or an interaction of factors.",
    "Relationships and several memberships are for other random terms.", "formula", term
  )
}

abort_spline_by <- function(name, value, what = class(value)[1L]) {
  abort("spline", "{.arg by} = {.code {name}} must be a factor, not {what}.",
    "Convert it with {.fn factor}.", "formula", name
  )
}

abort_trait_spline <- function(call) {
  term <- deparse_one(call)
  abort("spline", "With several responses {.code {term}} must say which curves it means.",
    "Make a factor of the trait and {.code by}, or write {.code by = trait}.", "formula", term
  )
}

abort_spline_empty <- function(name, level) {
  abort("spline", "The level {.val {level}} of {.code {name}} has no records for its spline.",
    "Drop unused levels with {.fn droplevels} before the fit.", "formula", level
  )
}

abort_spline_values <- function(count) {
  abort("spline", "{.fn spl} needs at least three distinct values, and there {?is/are} {count}.",
    "Use a factor or a linear term.", "formula", count
  )
}

abort_outside_surface <- function(k, value, range) {
  abort("spline_range",
    paste("{.fn spl2}: {.val {value}} of coordinate {k} is outside of the range of the basis,",
      "{range[1]} to {range[2]}."),
    "Predict inside of it, or fit with a larger {.arg range}.", "newdata", value
  )
}

abort_spline_linear <- function(term, formula) {
  members <- term$group$members
  by <- if (!is.null(members$by)) paste0(deparse_one(members$by), " * ")
  linear <- paste0(by, paste(members$coordinates, collapse = " * "))
  abort("spline_linear",
    "The fixed part lacks the linear part of {.code {term$group$label}}.",
    "Write {.code {linear}} before it: splines are deviations from it.", "formula",
    deparse_one(formula)
  )
}

abort_spline_variable <- function(coordinate) {
  abort("plot", "The spline of {.code {coordinate}} has no single variable to draw it along.",
    "Use {.fn predict}.", "type", coordinate
  )
}

abort_biplot <- function() {
  abort("plot", "A biplot needs two factors.", "Fit the term with {.code k = 2} or more.", "type")
}

abort_no_spline <- function(type, kind) {
  abort("plot", "{.code type = \"{type}\"} needs a term {.fn {kind}}, which the model lacks.",
    "See {.help spl} and {.help spl2}.", "type", type
  )
}
