# Conditions about the structure of the residuals.

# `problem` and `remedy` may use what the caller knows.
abort_residual <- function(residual, problem, remedy) {
  known <- list2env(list(text = deparse_one(residual)), parent = parent.frame())
  abort("residual", paste0("{.arg residual} = {.code {text}} is not understood: ", problem, "."),
    remedy, "residual", residual, known
  )
}

abort_residual_type <- function(value, what = class(value)[1L]) {
  abort("residual", "{.arg residual} must be a formula, not {what}.",
    c("Write it as {.code ~ structure(index | subject)}, as in {.code ~ ar1(visit | id)},",
      "or {.code ~ iid}."), "residual", value
  )
}

abort_residual_name <- function(name) {
  abort("residual", "{.arg residual} must be a formula: there is no object {.code {name}}.",
    "Write {.code ~ diag({name})} for a variance by level of {.code {name}}.", "residual", name
  )
}

abort_residual_structure <- function(residual, name, known, advice = NULL) {
  text <- deparse_one(residual)
  abort("residual",
    "{.arg residual} = {.code {text}}: there is no covariance structure {.fn {name}}.",
    advice %||% c(did_you_mean(nearest_names(name, known)),
      "The structures are {.code iid} and {.or {.fn {in_full(known)}}}."), "residual", name
  )
}

abort_residual_index <- function(name, index) {
  abort("residual", "{.arg residual}: {.fn {name}} has the index 1, and needs one that varies.",
    paste(
      "Name the column that says which record of a subject is which, as in",
      "{.code {name}(visit | id)}."
    ),
    "residual", index
  )
}

abort_residual_levels <- function(by, levels, missing) {
  if (missing) {
    abort("residual",
      "{.arg residual}: the levels {.val {levels}} of {.code {by}} have no structure.",
      "Give one for each level, or one formula for all: {.code list({by} = ~ iid)}.",
      "residual", levels
    )
  }
  abort("residual",
    paste("{.arg residual}: {.code {by}} has no records with the",
      "level{cli::qty(length(levels))}{?s} {.val {levels}}."),
    "Leave {cli::qty(length(levels))}{?it/them} out, or check {.arg subset}.", "residual", levels
  )
}

abort_duplicate_position <- function(subject, index, rows) {
  abort("duplicate_position",
    paste(
      "{.arg residual}: the subject {.val {subject}} has two records at {.val {index}}",
      "(records {.val {rows}})."
    ),
    c("The index must tell the records of a subject apart.",
      "Remove one record, take their mean, or make a finer subject."), "residual", subject
  )
}

abort_no_subject <- function(index, place, rows) {
  bar <- if (grepl("):", index, fixed = TRUE)) paste(index, "| subject") else
    sub(")$", " | subject)", index)
  abort("duplicate_position",
    paste(
      "{.arg residual} = {.code ~ {index}}: a subject is missing. Two records are at",
      "{.val {place}} (records {.val {rows}})."
    ),
    "Write {.code ~ {bar}}, with the column that tells the subjects apart.", "residual", index
  )
}

abort_subject_groups <- function(subject, groups, label) {
  abort("subject_groups",
    paste(
      "{.arg residual}: the subject {.val {subject}} has records in {.val {groups}} of",
      "{.code {label}}."
    ),
    "Each subject must be in one group. Make subjects that are unique over the groups.",
    "residual", subject
  )
}

abort_single_records <- function(name, label) {
  abort("residual_not_identified",
    paste(
      "{.arg residual}: no subject has more than one record{label}, so the correlations of",
      "{.fn {name}} cannot be estimated."
    ),
    "Check the subject, use {.code ~ iid} or {.code ~ diag(index)}, or give values by {.arg hold}.",
    "residual", name
  )
}

abort_pairs_absent <- function(first, second) {
  abort("residual_not_identified",
    paste(
      "{.arg residual}: no subject has records at both {.val {first}} and {.val {second}}, so",
      "their covariance cannot be estimated."
    ),
    "Use a structure with fewer parameters, or give its value by {.arg hold}.", "residual",
    c(first, second)
  )
}

abort_residual_confounded <- function(label, name) {
  abort("residual_not_identified",
    paste(
      "The variance of {.code (1 | {label})} cannot be told from the residual: {.fn {name}} for",
      "the same subjects already contains it."
    ),
    "Drop the term, or use a residual structure that does not, such as {.fn ar1} or {.code iid}.",
    "formula", label
  )
}

abort_singular_residual <- function() {
  abort("singular", "The covariance matrix of the residuals is singular: it has no inverse.",
    "Use a structure with fewer parameters.", "object"
  )
}

warn_unequal_spacing <- function(name, variable) {
  warn("spacing",
    "{.fn {name}} takes the distinct values of {.code {variable}} as equally spaced; they are not.",
    c("Use {.code exp({variable} | ...)} for the distances,",
      "or {.code factor({variable})} if their order is what counts."), "residual", variable
  )
}

abort_no_structure <- function(type) {
  abort("argument",
    "{.code type = \"{type}\"} shows a structured residual; this fit has independent residuals.",
    "Fit one by {.code residual = ~ structure(index | subject)}.", "type", type
  )
}

abort_no_profiles <- function() {
  abort("argument", paste("{.code type = \"profiles\"} needs subjects and a covariate of the fixed",
    "part."), "Use {.code type = \"residuals\"}.", "type")
}

abort_no_field <- function() {
  abort("argument", "{.code type = \"field\"} needs a residual of rows and columns.",
    "Fit one by {.code residual = ~ ar1(row):ar1(col)}.", "type"
  )
}

abort_section <- function(term, known) {
  abort("argument", "{.arg term}: there is no set of residual parameters {.val {term}}.",
    "This model has {.val {known}}.", "term", term
  )
}

abort_residual_unbounded <- function(label, position, n) {
  abort("residual_unbounded",
    paste(
      "{.arg residual}: the variance of {.val {position}} in {.code {label}} goes to zero,",
      "and the likelihood has no upper bound."
    ),
    c("The other effects fit the {n} record{?s} there exactly.",
      paste("Leave {cli::qty(n)}{?it/them} out (a baseline that was subtracted, a constant), or",
        "take a structure with one variance, such as {.fn cs} or {.fn ar1}.")),
    "residual", position
  )
}

# All positions of a section at once.
abort_residual_exact <- function(label, n, n_sections) {
  remedy <- "Take terms out of the model, random ones with a level for each record first."
  if (n_sections > 1L) {
    remedy <- paste("Leave these records out (a group that was not measured, a constant), or take",
      "one residual for all groups.")
  }
  abort("residual_unbounded",
    paste(
      "{.arg residual}: the other effects fit all {n} record{?s} of {.code {label}} exactly: its",
      "variance goes to zero, and the likelihood has no upper bound."
    ),
    remedy, "residual", label
  )
}

abort_residual_proportional <- function(label, positions) {
  abort("residual_unbounded",
    paste(
      "{.arg residual}: the correlation of {.val {positions}} in {.code {label}} goes to 1 or -1,",
      "and the likelihood has no upper bound."
    ),
    c("The records of the two are the same but for a factor and the other effects.",
      "Leave one of them out, or take a structure with fewer parameters."),
    "residual", positions
  )
}

# More than two positions.
abort_residual_dependent <- function(labels) {
  abort("residual_unbounded",
    paste(
      "{.arg residual}: the covariance matrix of {.code {labels}} becomes singular, and the",
      "likelihood has no upper bound."
    ),
    c(paste("Some combination of the records of a subject is fitted exactly (parts of a whole",
      "that add up to 100)."), "Leave one of them out, or take a structure with fewer parameters."),
    "residual", labels
  )
}

abort_slope <- function(covariate, problem) {
  abort("residual", paste("{.fn loglin}: the covariate {.code {covariate}}", problem,
    "in the records, so that it has no slope of its own."),
  "Leave it out, or hold its slope at 0.", "residual")
}

# Independent residuals: `n` directions of the records in which nothing is left for them.
abort_residual_vanishes <- function(n) {
  abort(c("unbounded", "exact_fit"),
    paste(
      "The effects fit {n} combination{?s} of the records exactly, beside a singular covariance",
      "matrix of random coefficients: the residual variance goes to zero, and the likelihood has",
      "no upper bound."
    ),
    paste("Take random coefficients out of the model, or hold the residual variance:",
      "{.code hold = c(residual = )}."),
    "residual", n
  )
}

abort_no_own_variance <- function() {
  abort("residual",
    paste("Residuals by {.fn rr} have no variances of their own: combinations of the records of a",
      "subject have none at all."),
    "{.fn fa} has them: {.code residual = ~ fa(visit | id, k = 1)}.", "residual", "rr"
  )
}
