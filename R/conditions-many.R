# Conditions of many fits, and of power.

abort_many_bayes <- function() {
  abort("not_available", "{.fn lmmfit_many} does not fit by {.code method = \"Bayes\"}.",
    "Take {.code method = \"REML\"}, or {.fn lmmfit} for each response.", "method", "Bayes")
}

abort_many_response <- function(response) {
  abort("argument", "{.arg formula} has the response {.code {response}}.",
    "The responses are the columns of {.arg Y}: begin {.arg formula} with {.code ~}.", "formula",
    response)
}

abort_many_rows <- function(found, needed, turned) {
  abort("argument",
    "{.arg Y} has {found} row{?s}, and {.arg data} has {needed} record{?s}.",
    if (turned) "It has a column for each record: give {.code t(Y)}." else
      "Give a row for each record, in the order of {.arg data}.", "Y", found)
}

abort_many_names <- function(name) {
  abort("argument", "{.arg Y} has several columns named {.val {name}}.",
    "Give each response a name of its own.", "Y", name)
}

abort_directory <- function(directory) {
  abort("argument", "Nothing can be written into {.file {directory}}.",
    "Give a directory of your own, or none.", "directory", directory)
}

warn_many_failed <- function(reason) {
  warn("many_failed", "No response could be fitted: {reason}", "See {.code $fits$message}.", "Y",
    reason)
}

abort_power_fit <- function(what) {
  abort("not_available", "{.fn power_curve} does not take a fit {what}.",
    "Fit the model by {.code method = \"REML\"} or {.code \"ML\"} to one response.", "fit", what)
}

abort_power_test <- function(test, labels) {
  abort("argument", "{.arg test} {.val {test}} is no term of the fixed effects.",
    c("The terms are {.val {labels}}.", i = "Hypotheses are given as {.fn contest} takes them."),
    "test", test)
}

abort_power_related <- function(along) {
  abort("not_available",
    "{.arg along} is {.val {along}}, whose levels are related: new ones have no relationship.",
    "Take another factor, or leave {.arg n} out for the records as they are.", "along", along)
}

abort_power_variables <- function(names) {
  abort("data", "The fit does not hold {.code {names}}, which the new records need.",
    "Give the data frame of the fit as {.arg data}.", "data", names)
}
