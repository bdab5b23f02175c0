# Conditions of method = "ANOVA", of two-stage analyses and of comparisons.

abort_anova_values <- function() {
  abort("anova", "{.arg hold} and {.arg start} have no meaning for {.code method = \"ANOVA\"}.",
    "Leave them out, or use {.code method = \"REML\"}.", "method")
}

abort_anova_residual <- function() {
  abort("anova", "{.code method = \"ANOVA\"} needs independent residuals with one variance.",
    "Use {.code method = \"REML\"} for other {.arg residual} structures.", "residual")
}

abort_anova_term <- function(label, what, remedy) {
  abort("anova",
    paste0("{.code method = \"ANOVA\"} needs random terms with one coefficient and unrelated ",
      "levels; {.val {label}} ", what, "."),
    c(remedy, "Or use {.code method = \"REML\"}."), "formula", label)
}

abort_anova_spline <- function(term) {
  at <- term$group$members$coordinates
  call <- paste0(spline_name(term$group$members$basis), "(", toString(at), ")")
  polynomial <- paste0("poly(", toString(at), ", degree = 3)")
  abort("anova",
    paste("{.code method = \"ANOVA\"} cannot fit the spline {.code {call}}: it has no sum of",
      "squares for its smoothness."),
    c("Use {.code method = \"REML\"}.",
      "Or write a polynomial of fixed effects in its place, such as {.code {polynomial}}."),
    "formula", call)
}

abort_anova_df <- function(label) {
  if (label == "residual") {
    abort("anova", "No degrees of freedom are left for the residual variance.",
      "The levels of the random terms fit every record. Leave a term out.", "formula", label)
  }
  abort("anova",
    paste("{.val {label}} has no degrees of freedom after the fixed effects and the terms before",
      "it: its variance cannot be told apart by {.code method = \"ANOVA\"}."),
    "Leave it out of the formula, or out of the fixed effects.", "formula", label)
}

abort_not_anova <- function(method) {
  abort("anova",
    "{.fn anova_table} needs a fit by {.code method = \"ANOVA\"}, not {.val {method}}.",
    "Fit it again by {.code update(fit, method = \"ANOVA\")}.", "object", method)
}

# Two stages ---------------------------------------------------------------------------------------

abort_two_stage_formula <- function(formula) {
  abort("two_stage", "{.arg formula} of a two-stage analysis must be {.code y ~ z | subject}.",
    "Write it as {.code y ~ z + I(z^2) | id}.", "formula", formula)
}

abort_two_stage_second <- function(detail) {
  abort("two_stage", "{.arg second} cannot be used: {detail}.",
    "Its factors need two levels among the subjects of stage 2.", "second", detail)
}

abort_two_stage_varies <- function(name, subject) {
  abort("two_stage",
    "{.code {name}} in {.arg second} changes within the subject {.val {subject}}.",
    "Variables of the second stage must have one value for each subject.", "second", name)
}

abort_two_stage_subjects <- function(n, p) {
  abort("two_stage",
    "{n} subject{?s} with enough records {cli::qty(n)}{?is/are} too few for {p} coefficient{?s}.",
    "Simplify the regressions, or use {.fn lmmfit}, which needs no minimum for each subject.",
    "data", n)
}

abort_two_stage_summary <- function() {
  abort("two_stage", "Summary statistics have no covariance of stage 1 to be weighted by.",
    "Use {.code weights = \"none\"}, or the coefficients instead of {.arg summary}.", "weights")
}

abort_two_stage_covariate <- function(name) {
  abort("two_stage", "{.code summary = {.val {name}}} needs a numeric variable in {.arg formula}.",
    "Write {.code y ~ time | id}.", "summary", name)
}

abort_two_stage_sigma2 <- function() {
  abort("two_stage",
    "Every subject has as many records as coefficients: stage 1 has no error variance.",
    "Give it by {.arg sigma2}, or use {.code weights = \"none\"}.", "sigma2")
}

abort_two_stage_curves <- function() {
  abort("two_stage", "Curves need one covariate in stage 1.",
    "Use {.code plot(x, type = \"coefficients\")}.", "type")
}

abort_met_entry <- function(entry) {
  abort("two_stage", "{.arg first} has no fixed effect of the entries, {.code {entry}}.",
    "Write it as {.code y ~ {entry} + (1 | block)}.", "first", entry)
}

abort_met_residual <- function(value) {
  shown <- short_text(value)
  abort("argument", "{.arg residual}: {.code {shown}} is no structure, and no list of them.",
    paste("Write {.code ~ ar1(row):ar1(col)}, {.code list(E1 = ~ ar1(row))} by environment, or",
      "{.code list(~iid, ~ ar1(row):ar1(col))} to choose from."), "residual", value)
}

abort_met_unknown <- function(argument, unknown, known) {
  abort("argument", "{.arg {argument}}: there is no environment {.val {unknown}}.",
    c(did_you_mean(nearest_of(unknown, known)), "The environments are {.val {known}}."), argument,
    unknown)
}

abort_met_structures <- function(reason) {
  abort("two_stage", "No residual structure could be fitted: {reason}", NULL, "residual", reason)
}

abort_met_environments <- function(reasons) {
  reason <- if (length(reasons) > 0L) reasons[[1L]] else "there is only one"
  abort("two_stage", "Stage 1 needs two environments that it can fit: {reason}", NULL,
    "environment", reason)
}

# These fits have more parameters than the one before them, and -2l higher by `loss`.
warn_lower_likelihood <- function(at, loss) {
  shown <- signif(loss, 3L)
  warn("lower_likelihood",
    paste(
      "{cli::qty(length(at))}Fit{?s} {.val {at}} {?has/have} more parameters than the fit before,",
      "and {?its/their} -2 log-likelihood is higher by {.val {shown}}: no test is made."
    ),
    c("If the models are nested, the larger fit is not at its maximum: start it at the smaller.",
      "If they are not, compare AIC."), "object"
  )
}
