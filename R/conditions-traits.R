# Conditions about several responses at once.

abort_traits_single <- function() {
  abort("response_type", "{.fn cbind} in {.arg formula} has one response.",
    "Write it without {.fn cbind}, or give several: {.code cbind(y1, y2) ~ x}.", "formula"
  )
}

abort_trait_type <- function(name, value, what = class(value)[1L]) {
  abort("response_type", "The response {.code {name}} must be one numeric column, not {what}.",
    "Each argument of {.fn cbind} is a trait.", "formula", name
  )
}

abort_trait_names <- function(name) {
  abort("response_type", "Two responses in {.fn cbind} have the name {.val {name}}.",
    "Name them: {.code cbind(first = y, second = log(y))}.", "formula", name
  )
}

abort_trait_length <- function(name, length, n) {
  abort("response_type", "The response {.code {name}} has {length} value{?s}, and others have {n}.",
    "Give a value, or {.code NA}, for each row.", "formula", name
  )
}

abort_trait_empty <- function(name) {
  abort("no_records", "The response {.code {name}} has no values.",
    "Leave it out of {.fn cbind}, or check {.arg subset}.", "formula", name
  )
}

abort_trait_constant <- function(name, value) {
  abort("response_constant",
    "The response {.code {name}} is constant: every value is {.val {value}}.",
    "Leave it out of {.fn cbind}. Check that it is the right column.", "formula", name
  )
}

abort_trait_column <- function(name) {
  abort("trait_column",
    "{.arg data} has a column {.code {name}}, which has another meaning with several responses.",
    c("{.code trait} is the factor of the responses, and {.code unit} the row of {.arg data}.",
      "Rename the column."), "data", name
  )
}

abort_trait_structure <- function(name, term) {
  term <- deparse_one(term)
  abort("trait_structure",
    "With several responses the random term {.code {term}} must say what it means for each.",
    "Use {.code trait} in its coefficients, as in {.code us(0 + trait | id)}.", "formula", term
  )
}
