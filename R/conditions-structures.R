# Conditions about covariance structures and their arguments.

abort_structure_arguments <- function(name, term, known) {
  term <- if (is.null(term)) name else deparse_one(term)
  if (length(known) == 0L) {
    abort("structure",
      "The structure {.fn {name}} takes no further arguments, as in {.code {term}}.",
      "Remove what follows the group.", "formula", term
    )
  }
  abort("structure", "The arguments of {.fn {name}} in {.code {term}} are not understood.",
    "It takes {.code {known}}, as in {.code {name}(0 + env | line, {known[1]} = 2)}.",
    "formula", term
  )
}

abort_structure_coordinates <- function(name, term) {
  term <- if (is.null(term)) name else deparse_one(term)
  abort("structure", "The coordinates of {.fn {name}} in {.code {term}} are separate arguments.",
    "Write them as a sum, as in {.code {name}(x + y | field)}.", "formula", term)
}

abort_structure_size <- function(name, n_coef, least) {
  abort("structure",
    "The structure {.fn {name}} has {n_coef} coefficient{?s}, and needs at least {least}.",
    "Use more levels, or {.fn us}.", "formula", name
  )
}

abort_structure_order <- function(name, k, n_coef, most) {
  abort("structure", "{.fn {name}}: {.code k = {k}} for {n_coef} coefficients.",
    "{.arg k} can be at most {most}.", "formula", k
  )
}

abort_structure_bands <- function(name, bands, n_coef) {
  abort("structure", "{.fn {name}}: {bands} bands for {n_coef} coefficients.",
    "{.arg bands} counts the diagonal and can be at most {n_coef}.", "formula", bands
  )
}

abort_structure_product <- function(name) {
  abort("structure", "{.fn {name}} cannot be a second factor of a product of structures.",
    paste(
      "The variances stand in the first factor; the others are structures with one variance,",
      "such as {.fn ar1}, {.fn cs} or {.fn exp}."
    ), "formula", name
  )
}

abort_product_factor <- function(term, factor) {
  abort("structure",
    "In {.code {deparse_one(term)}} the factor {.code {deparse_one(factor)}} names no structure.",
    "Write {.code (us(trait):ar1(time) | id)}: each factor is a structure of its index.",
    "formula", factor
  )
}

abort_product_size <- function(term, sizes, most) {
  text <- paste(vapply(term$factors, function(x) deparse_one(x$index), ""), collapse = ":")
  abort("structure",
    paste(
      "The product over {.code {text}} has {paste(sizes, collapse = \" x \")} coefficients;",
      "a random term can have {most}."
    ),
    c("Write it as the residual, which stays sparse: {.code residual = ~ ar1(row):ar1(col)};",
      "an independent nugget is then the random term {.code (1 | plot)}."),
    "formula", prod(sizes)
  )
}

abort_structure_index <- function(name, variable, what) {
  abort("structure", "{.fn {name}} needs {what}; {.code {variable}} is not.",
    if (what == "the levels of a factor") {
      c("Write {.code {name}(factor({variable}) | group)} where they are equally spaced,",
        "{.code exp({variable} | group)} for distances.")
    } else {
      "Convert it with {.fn as.numeric}, or use a structure of levels such as {.fn ar1}."
    }, "formula", variable
  )
}

abort_parameter_range <- function(argument, name, value, range) {
  abort("parameter_values", "{.arg {argument}}: {.val {name}} cannot be {value}.",
    "It lies between {range[1]} and {range[2]}.", argument, value
  )
}

# Coefficients each of which may be what it is, but not together.
abort_parameter_region <- function(argument, names, values, text) {
  given <- paste(names, "=", format(values, trim = TRUE))
  abort("parameter_values", "{.arg {argument}}: {.val {given}} are not those of {text}.",
    "Hold fewer of them, or values of a fit without {.arg {argument}}.", argument, values)
}

# Bounds that were asked for, and the interval that held numbers leave, as texts.
abort_bounds_process <- function(name, given, ends) {
  abort("bounds",
    paste(
      "{.arg bounds}: {.val {name}} in [{given[1]}, {given[2]}] is no process with the values of",
      "{.arg hold}, which leave it [{ends[1]}, {ends[2]}]."
    ),
    "Give bounds that overlap, or hold other values.", "bounds", name)
}

# Of estimates between bounds, or with ties.
abort_outside_process <- function(names, values, text) {
  found <- paste(names, "=", format(values, trim = TRUE))
  abort("bounds", "{.arg bounds}, {.arg tie}: {.val {found}} are not those of {text}.",
    "Hold all of them but one, which is kept to what the others leave.", "bounds", values)
}

abort_smoothness <- function(nu, limits) {
  abort("argument",
    "{.fn matern}: the smoothness {.arg nu} lies between {limits[1]} and {limits[2]}, and is {nu}.",
    c("Smoother fields are {.fn gau} in all but name, rougher ones independent values.",
      "Without {.arg nu} it is estimated."), "nu", nu)
}

abort_no_loadings <- function() {
  abort("no_random", "The fit has no term {.fn fa} or {.fn rr}, so it has no loadings.",
    "Write one as {.code fa(env | line, k = 2)}.", "object"
  )
}

abort_new_position <- function(label, n) {
  abort("new_level",
    paste(
      "{.arg newdata} has {n} record{?s} at positions of {.code {label}} that have no records in",
      "the fit."
    ),
    "Their effects were not predicted. Leave these rows out.", "newdata", n
  )
}

abort_own <- function(argument, problem, parameter = NULL) {
  what <- if (!is.null(parameter)) paste0(" (", parameter, ")")
  abort("own", c("{.fn own}: {.arg {argument}} {problem}{what}."),
    paste("Write {.code own(visit | id, f = fun, start = c(v = 1, r = 0.5), lower = c(0, -1),",
      "upper = c(Inf, 1))}; {.code fun(par)} returns the matrix, or",
      "{.code list(matrix, list of derivatives)}."),
    argument, parameter
  )
}
