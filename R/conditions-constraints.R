# Conditions about ties and bounds of variance parameters.

abort_tie <- function(given) {
  text <- class(given)[1L]
  if (inherits(given, "formula")) text <- deparse_one(given)
  abort("tie", "{.arg tie}: {.code {text}} is not understood.",
    paste("Write {.code c(\"a\", \"b\")} for equal parameters, {.code c(a = 1, b = 2)} for",
      "proportional ones, {.code ~ a == b} or {.code ~ b == 2 * a}, or a list of these."),
    "tie", given
  )
}

abort_tie_short <- function(name) {
  abort("tie", "{.arg tie}: {.val {name}} is tied to nothing.",
    "Name at least two parameters, or use {.arg hold} or {.arg bounds}.", "tie", name
  )
}

abort_tie_twice <- function(name) {
  abort("tie", "{.arg tie}: {.val {name}} stands in one tie twice.", "Name it once.", "tie", name)
}

abort_tie_factor <- function(name, factor) {
  abort("tie", "{.arg tie}: the factor of {.val {name}} is {factor}.",
    "Factors must be finite and above 0.", "tie", factor
  )
}

abort_tie_cycle <- function(names) {
  abort("tie",
    "{.arg tie}: {.val {names[1]}} and {.val {names[2]}} are tied in two different ratios.",
    "Remove one of the ties between them, also those that go through other parameters.", "tie",
    names
  )
}

abort_tie_kinds <- function(names, kinds) {
  abort("tie",
    paste("{.arg tie}: {.val {names[1]}} is a {kinds[1]} and {.val {names[2]}} a {kinds[2]}:",
      "they have different units."),
    "Tie variances with variances, correlations with correlations.", "tie", names
  )
}

abort_tie_mixed <- function(whole, one) {
  abort("tie", "{.arg tie}: {.val {whole}} is a whole structure, {.val {one}} is one parameter.",
    "Tie structures with structures, parameters with parameters.", "tie", c(whole, one)
  )
}

abort_tie_structures <- function(names) {
  abort("tie",
    "{.arg tie}: {.val {names[1]}} and {.val {names[2]}} do not have the same parameters.",
    "Tie their parameters one by one, by the names that {.fn varcomp} prints.", "tie", names
  )
}

abort_loading <- function(argument, name) {
  abort("tie", "{.arg {argument}}: {.val {name}} is a loading, whose sign and rotation are free.",
    paste("Whole structures with loadings can be tied, by their labels; specific variances can be",
      "tied and bounded one by one."),
    argument, name
  )
}

abort_tie_values <- function(argument, names, values) {
  abort("tie", "{.arg {argument}}: {.val {names}} are tied, and {values} contradict that.",
    "Give one of them, or values in the ratio of the tie.", argument, values
  )
}

abort_bounds <- function(given) {
  abort("bounds", "{.arg bounds} must be a list with a name for each element.",
    "Write {.code list(id.rho = c(0, 0.9))}.", "bounds", given
  )
}

# Of parameters that make one matrix.
abort_bounds_matrix <- function(names) {
  abort("bounds",
    paste("{.arg bounds}: no positive definite covariance matrix was found between those of",
      "{.val {names}}."),
    c("A covariance is less than the root of the product of its two variances.",
      paste("Correlations that are all negative are small: above -1 / (t - 1) in {.fn cs} of t",
        "coefficients."), "Give wider bounds."),
    "bounds", names)
}

abort_bound <- function(name, bound) {
  abort("bounds",
    "{.arg bounds}: {.val {name}} needs a lower and a larger upper bound, not {bound}.",
    "Write {.code c(0, 0.9)}, with {.code -Inf} or {.code Inf} for none; one value is {.arg hold}.",
    "bounds", bound
  )
}

abort_bound_negative <- function(name, bound) {
  abort("bounds",
    paste("{.arg bounds}: {.val {name}} is a variance, which {bound[1]} to {bound[2]} would let",
      "be negative."),
    c(
      paste("Where records of a group are less alike than others, write {.code residual = ~ cs(1 |",
        "group)} in place of {.code (1 | group)}: its {.code rho} may be negative, and rho times",
        "its variance is the variance component."),
      "Else write 0 for the lower bound."
    ),
    "bounds", bound
  )
}

abort_bound_range <- function(name, bound, range) {
  abort("bounds",
    paste("{.arg bounds}: {.val {name}} is between {range[1]} and {range[2]}, which has nothing",
      "inside {bound[1]} to {bound[2]}."),
    "Give bounds that leave some of its range.", "bounds", bound
  )
}

abort_bounds_tied <- function(names, lead, bound) {
  abort("bounds",
    paste("{.arg bounds}: {.val {names}} are tied, and no value of {.val {lead}} meets all bounds:",
      "above {bound[1]} and below {bound[2]}."),
    "Widen a bound, or remove the tie.", "bounds", bound
  )
}

abort_value_bounds <- function(argument, name, value) {
  abort("bounds", "{.arg {argument}}: {.val {name}} = {value} is outside its bounds.",
    "Change the value or the bounds.", argument, value
  )
}

abort_anova_constraints <- function() {
  abort("tie", "{.arg tie} and {.arg bounds} have no meaning for {.code method = \"ANOVA\"}.",
    "Use {.code method = \"REML\"}.", "method"
  )
}

abort_tie_own <- function(name) {
  abort("tie", "{.arg tie}: {.val {name}} is {.fn own}, which no factor can scale.",
    "Tie its parameters one by one, each with a factor of its own.", "tie", name
  )
}
