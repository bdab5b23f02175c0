# Every error and warning of the package is made here or in conditions-model.R: one constructor
# each, with a class, the argument it is about, the offending value and what to do. Text is built
# only when it is needed.

abort <- function(class, problem, remedy = NULL, argument = NA_character_, value = NULL,
                  .envir = parent.frame()) {
  stop(new_condition("error", class, problem, remedy, argument, value, .envir))
}

warn <- function(class, problem, remedy = NULL, argument = NA_character_, value = NULL,
                 .envir = parent.frame()) {
  warning(new_condition("warning", class, problem, remedy, argument, value, .envir))
}

# Not wrong, but the user should know: how something was understood, or what was left out.
inform <- function(class, text, argument = NA_character_, value = NULL, .envir = parent.frame()) {
  condition <- new_condition("message", class, text, NULL, argument, value, .envir)
  condition$message <- paste0(condition$message, "\n")
  message(condition)
}

# What was told at the fit is not told again.
quietly <- function(expression) {
  withCallingHandlers(expression,
    henderson_message = function(m) invokeRestart("muffleMessage"),
    henderson_warning = function(w) invokeRestart("muffleWarning"))
}

new_condition <- function(type, class, problem, remedy, argument, value, .envir) {
  text <- c(problem, if (!is.null(remedy)) stats::setNames(remedy, rep("i", length(remedy))))
  structure(
    class = c(
      paste0("henderson_", type, "_", class), paste0("henderson_", type), type, "condition"
    ),
    list(
      message = paste(cli::format_message(text, .envir = .envir), collapse = "\n"),
      call = NULL, argument = argument, value = value, remedy = remedy
    )
  )
}

# Formula ------------------------------------------------------------------------------------------

abort_formula <- function(value, what = class(value)[1]) {
  abort("formula", "{.arg formula} must be a formula, not {what}.",
    "Write it as {.code y ~ x + (1 | group)}.", "formula", value
  )
}

abort_formula_value <- function(detail) {
  abort("formula", "{.arg formula} cannot be evaluated: {detail}.",
    "Write it as {.code y ~ x + (1 | group)}.", "formula", detail
  )
}

abort_formula_constant <- function(text) {
  abort("formula", "{.code {text}} in {.arg formula} is no variable.",
    "Write the name of a column without quotes; {.code 1} and {.code 0} are the intercept.",
    "formula", text
  )
}

abort_no_response <- function(formula) {
  text <- deparse_one(formula[[2L]])
  abort("no_response", "{.arg formula} has no response: {.code ~ {text}}.",
    "Write it to the left of the tilde: {.code y ~ {text}}.", "formula", formula
  )
}

abort_response_right <- function(response) {
  abort("formula",
    "The response {.code {response}} is also on the right-hand side of {.arg formula}.",
    "Remove it from the right-hand side.", "formula", response
  )
}

abort_bar <- function(term, problem, remedy) {
  term <- deparse_one(term)
  abort("bar", c("The random term {.code {term}} is not understood: {problem}."), remedy,
    "formula", term
  )
}

# cli leaves the middle of a long list out.
in_full <- function(names) cli::cli_vec(names, list("vec-trunc" = max(length(names), 5L)))

abort_structure <- function(name, term, known, advice = NULL) {
  term <- deparse_one(term)
  all <- in_full(known)
  abort("structure", "There is no covariance structure {.fn {name}} in {.code {term}}.",
    advice %||% c(did_you_mean(nearest_names(name, known)),
      "The structures are {.or {.code {all}}}; a plain {.code (x | g)} is {.code us}."),
    "formula", name
  )
}

abort_repeated_parameter <- function(name) {
  if (name == "residual") {
    abort("repeated_term",
      "A grouping factor has the name of the residual variance, {.val {name}}.",
      "Rename that column.", "formula", name
    )
  }
  abort("repeated_term", "Two random terms both have the variance parameter {.val {name}}.",
    "Remove one of them, or write their coefficients in one term.", "formula", name
  )
}

abort_not_available <- function(what, remedy, argument, value = NULL) {
  abort("not_available", "{.code {what}} is not available yet.", remedy, argument, value)
}

abort_inconsistent <- function() {
  abort("internal", "The engine's estimates do not fit the model that was sent to it.",
    "This is a fault of the package: please report it with the call.")
}

abort_stage <- function(what) {
  abort("internal", "A model was handed on without {what}.",
    "This is a fault of the package: please report it with the call.")
}

# Data ---------------------------------------------------------------------------------------------

abort_data <- function(value, what = class(value)[1]) {
  abort("data", "{.arg data} must be a data frame, not {what}.",
    "Convert it with {.fn as.data.frame}.", "data", value
  )
}

abort_unknown_column <- function(name, nearest, argument = "formula", spared = FALSE) {
  remedy <- if (length(nearest) > 0) {
    "Did you mean {.or {.val {nearest}}}?"
  } else {
    "Give it as a column of {.arg data}."
  }
  if (argument == "newdata") {
    abort("unknown_column", "There is no column {.val {name}} in {.arg newdata}.",
      c(if (length(nearest) > 0L) remedy,
        if (spared) "Give it, or leave out the random terms that use it by {.code random = FALSE}."
        else if (length(nearest) == 0L) "Give it as a column."),
      argument, name)
  }
  abort("unknown_column",
    "There is no column {.val {name}} in {.arg data} (used in {.arg {argument}}).",
    remedy, argument, name
  )
}

# Functions of other grammars in fixed effects.
other_functions <- list(
  pol = "Write {.code legendre(x, k)}, or {.code poly(x, k)}.",
  leg = "Write {.code legendre(x, k)}.",
  lin = "Write the column itself: numbers are a covariate."
)

abort_unknown_function <- function(name, advice = NULL) {
  advice <- advice %||% other_functions[[name]]
  near <- nearest_names(name, c("gr", "mm", "spl", "spl2", "legendre", "offset", "factor"))
  abort("unknown_function", "There is no function {.fn {name}} (used in {.arg formula}).",
    advice %||% did_you_mean(near), "formula", name
  )
}

abort_frame <- function(detail) {
  abort("frame", "The variables of {.arg formula} cannot be evaluated in {.arg data}: {detail}.",
    "Each must give one value a row.", "formula", detail
  )
}

abort_evaluation <- function(argument, detail) {
  abort("argument", "{.arg {argument}} cannot be evaluated: {detail}.",
    "It may use the columns of {.arg data}.", argument, detail)
}

abort_group <- function(name) {
  abort("group", "The grouping factor {.code {name}} must be one column with a value a row.",
    "Make it a factor, a character or an integer column of {.arg data}.", "formula", name
  )
}

abort_variable_type <- function(name, value, what = class(value)[1]) {
  abort("variable_type", "{.code {name}} is a {what}: it cannot be a column of the model.",
    "Convert it to a number or a factor.", "formula", name
  )
}

abort_response_type <- function(name, value, what = class(value)[1]) {
  how <- if (is.factor(value)) "as.numeric(as.character({name}))" else "as.numeric({name})"
  abort("response_type", "The response {.code {name}} must be numeric, not {what}.",
    paste0("Convert it with {.code ", how, "} if its values are numbers."), "formula", name
  )
}

abort_response_matrix <- function(name, columns) {
  abort("response_type", "The response {.code {name}} has {columns} columns.",
    "Write several responses as {.code cbind(y1, y2) ~ x}.", "formula", name
  )
}

abort_response_constant <- function(name, value) {
  abort("response_constant",
    "The response {.code {name}} is constant: every value is {.val {value}}.",
    "There is nothing to fit. Check that it is the right column.", "formula", name
  )
}

abort_response_far <- function(name, value, most) {
  value <- signif(value, 3)
  abort("response_scale",
    paste("The response {.code {name}} has {.val {value}} as its largest value, and variances of",
      "variances are of its fourth power: it must be between {1 / most} and {most}."),
    "Give it in another unit: {.code {name} / {value}}.", "formula", value
  )
}

abort_not_finite <- function(name, row, value) {
  value <- format(value)
  abort("not_finite", "{.code {name}} must be finite; record {.val {row}} has {value}.",
    "Correct it, or set it to NA to leave the record out.", "formula", name
  )
}

abort_no_records <- function(rows, why) {
  abort("no_records", "No records are left of {rows} row{?s}: {why}.",
    "Check {.arg subset} and the missing values.", "data", why
  )
}

abort_missing_values <- function(name, row) {
  abort("missing_values",
    "{.code {name}} is missing in record {.val {row}} after {.arg na.action}.",
    "Use {.code na.action = na.omit} or {.code na.exclude}.", "na.action", name
  )
}

abort_one_level <- function(name, level, variance = NULL, n_coef = 1L) {
  abort("one_level", "The factor {.code {name}} has only one level in the data: {.val {level}}.",
    c("Take it out of {.arg formula}, or check {.arg subset}.", if (!is.null(variance)) {
      "With a known variance it can stay: {.code hold = c({variance} = 1)}."
    }, if (n_coef > 1L) {
      paste("One variance for the columns of a matrix is {.code (1 | snp(M))} of markers,",
        "{.code (1 | mm(Z))} of others.")
    }), "formula", name
  )
}

abort_one_group <- function(label, structure) {
  term <- paste0(structure, "(", label, " | 1)")
  abort("one_level",
    "{.code {term}} has one level, of all records, which does not tell its variances apart.",
    c("Write a grouping factor to the right of the bar,",
      "or a structure of few parameters, as in {.code ar1({label} | 1)}."), "formula", label)
}

abort_levels_records <- function(label, n_levels, n) {
  abort("levels_records",
    paste(
      "The {n_levels} levels of {.code {label}} are as many as the {n} records, so its variance",
      "cannot be told from the residual variance."
    ),
    "Drop the term, give known values by {.arg hold}, or relate the levels by {.fn gr}.",
    "formula", label
  )
}

abort_few_records <- function(n, parameters) {
  abort("few_records",
    "There are {n} record{?s} for {parameters} variance parameter{?s} to be estimated.",
    "Simplify the model, or hold some of them by {.arg hold}.", "data", n
  )
}

abort_weights <- function(row, value) {
  abort("weights", "{.arg weights} must be > 0 and finite; record {.val {row}} has {value}.",
    "Drop it, or set its response to NA.", "weights", value
  )
}

abort_weights_far <- function(row, value) {
  abort("weights",
    "{.arg weights} must be between 1e-100 and 1e100; record {.val {row}} has {value}.",
    "Only their ratios count, but for the unit of the residual variance: divide by their mean.",
    "weights", value
  )
}

abort_weights_length <- function(length, n) {
  abort("weights", "{.arg weights} has {length} value{?s}, but {.arg data} has {n} row{?s}.",
    "Give one weight for each row of {.arg data}.", "weights", length
  )
}

abort_weights_type <- function(value, what = class(value)[1]) {
  abort("weights", "{.arg weights} must be a numeric vector, not {what}.",
    "Var(e) of a record is the residual variance divided by its weight.", "weights", value
  )
}

abort_contrasts <- function(name, detail) {
  abort("contrasts", "The contrasts of {.code {name}} cannot be used: {detail}.",
    "Give the name of a contrast function, a function or a matrix.", "contrasts", name
  )
}
