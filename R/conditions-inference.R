# Conditions of tests, intervals and predictions.

abort_kenward_roger <- function(method) {
  abort("kenward_roger",
    "Kenward-Roger adjusts a REML fit; this one is by {.val {method}}.",
    "Refit it by {.code update(fit, method = \"REML\")}, or choose another {.arg ddf}.",
    "ddf", method
  )
}

# known: the information is there, and is not positive definite.
warn_information <- function(asked, used, known = TRUE) {
  problem <- if (known) "is not positive definite" else "does not exist"
  reason <- if (known) "Few levels of a random term are the usual reason" else
    "A matrix that is singular to working precision is the usual reason"
  warn("information",
    "The {asked} information of the variance parameters {problem} here: the {used} one is used.",
    paste0(reason, "; see {.fn varcomp}."), "information", asked
  )
}

inform_average <- function() {
  inform("information",
    paste("The expected information is had of subjects with at most 300 positions: the average",
      "one is used, and Kenward-Roger takes the residual as linear in its parameters."))
}

inform_differences <- function(n, seconds) {
  inform("information",
    paste0("The observed information of {n} variance parameters takes about ",
      seconds_text(seconds), "; {.code information = \"average\"} is had with the fit, and ",
      "{.code ddf = \"none\"} does without."))
}

inform_errors <- function(cells, seconds, gigabytes) {
  inform("errors",
    paste0("The error covariances of {prettyNum(cells, big.mark = \" \")} effects take about ",
      seconds_text(seconds), " and {signif(gigabytes, 2)} GB; {.fn reliability} and ",
      "{.code ranef(se = TRUE)} need variances alone, which take less."))
}

warn_no_information <- function() {
  warn("information",
    paste(
      "The information of the variance parameters is not positive definite: what depends on their",
      "covariance is {.code NA}."
    ),
    "Tests with {.code ddf = \"none\"} or {.code \"residual\"} do without; see {.fn varcomp}.",
    "information", NULL
  )
}

abort_no_argument <- function(argument, nearest) {
  abort("argument", "{.fn anova} of fits by {.fn lmmfit} has no argument {.arg {argument}}.",
    if (length(nearest) > 0L) "Did you mean {.or {.arg {nearest}}}?" else
      paste("Fits are compared as they are, by likelihood ratios; those that differ in their fixed",
        "effects must be by {.code method = \"ML\"}."),
    argument
  )
}

abort_hypothesis <- function(argument, problem, remedy) {
  abort("hypothesis", paste0("{.arg {argument}} ", problem, "."), remedy, argument, NULL)
}

abort_hypothesis_columns <- function(argument, found, needed) {
  abort("hypothesis",
    "{.arg {argument}} has {found} column{?s}, and the model has {needed} fixed effect{?s}.",
    "Give one number for each, or names: see {.code names(fixef(fit))}.", argument, found
  )
}

abort_hypothesis_names <- function(argument, unknown, known) {
  near <- nearest_of(unknown, known)
  remedy <- if (length(near) > 0L) "Did you mean {.or {.val {near}}}?" else
    "The names are those of {.code fixef(fit)}."
  abort("coefficient", "{.arg {argument}}: there is no fixed effect {.val {unknown}}.", remedy,
    argument, unknown
  )
}

abort_rhs <- function(found, needed) {
  abort("hypothesis", "{.arg rhs} has {found} value{?s}, and {.arg K} has {needed} row{?s}.",
    "Give one value, or one for each row of {.arg K}.", "rhs", found
  )
}

abort_function_formula <- function(text) {
  abort("function_formula",
    "{.code {text}} is not a formula of the form {.code name ~ expression}.",
    "Write it as {.code h2 ~ animal / (animal + residual)}.", "...", text
  )
}

abort_function_names <- function(unknown, known) {
  near <- nearest_of(unknown, known)
  remedy <- if (length(near) > 0L) "Did you mean {.or {.val {near}}}?" else
    "The variance parameters of this model are {.val {known}}."
  abort("parameter_name",
    "There {cli::qty(length(unknown))}{?is/are} no variance parameter{?s} {.val {unknown}}.",
    remedy, "...", unknown
  )
}

abort_function_value <- function(name, detail) {
  abort("function_value", "{.code {name}} cannot be evaluated at the estimates: {detail}.",
    "Check the expression; names that are not plain go in backticks.", "...", name
  )
}

abort_profile <- function(name, status) {
  abort("profile", "{.val {name}} is {status}: its likelihood has no profile.",
    "Take it out of {.arg parm}.", "parm", name
  )
}

abort_profile_search <- function(name) {
  abort("profile", "The likelihood of {.val {name}} was not found at other values.",
    "Use {.code method = \"boot\"}.", "parm", name
  )
}

abort_profile_bounds <- function() {
  abort("profile", "Functions have no profile beside {.arg bounds} of the fit.",
    "Use {.code method = \"boot\"}, or fit without bounds.", "functions"
  )
}

warn_bootstrap <- function(reasons, nsim) {
  warn("bootstrap",
    paste("{length(reasons)} of {nsim} bootstrap fits failed and are left out:",
      "{counted_reasons(reasons)}"),
    "{.code attr(, \"failed\")} of the intervals says which.", "nsim", reasons
  )
}

abort_specs <- function(argument, problem, remedy) {
  abort("specs", paste0("{.arg ", argument, "} ", problem, "."), remedy, argument, NULL,
    parent.frame())
}

abort_scope <- function(unknown, known) {
  abort("scope", "{.arg scope}: {.val {unknown}} cannot be dropped.",
    "The terms that can are {.val {known}}.", "scope", unknown
  )
}

abort_prediction_interval <- function() {
  abort("interval", "A prediction interval needs all random terms: {.code random = TRUE}.",
    "For a record of a new group give a new level and {.code allow_new_levels = TRUE}.", "random"
  )
}

abort_prediction_residual <- function() {
  abort("interval", "The residual variance of a new record is not the same for all.",
    "Use {.code interval = \"confidence\"} and add the residual variance that applies.", "interval"
  )
}

abort_prediction_with_residual <- function() {
  abort("interval",
    paste("{.code residual = TRUE} predicts records of {.arg newdata} with all random effects:",
      "their intervals are those of prediction."),
    "Leave {.arg random} out, and give {.arg newdata}.", "residual"
  )
}

abort_new_missing <- function(row) {
  abort("missing_values", "Row {.val {row}} of {.arg newdata} has missing values.",
    "Leave it out.", "newdata", row)
}

abort_new_weights <- function(text, missing) {
  abort("interval",
    paste("A new record has the residual variance of its weight, and {.arg newdata} has no",
      "{.code {missing}} for {.code weights = {text}}."),
    "Add {.code {missing}} to {.arg newdata}, or use {.code interval = \"confidence\"}.",
    "newdata", missing
  )
}

abort_levels <- function(name, given, known) {
  unknown <- setdiff(as.character(given), as.character(known))
  abort("argument",
    "{.arg at}: {.code {name}} has no level{cli::qty(length(unknown))}{?s} {.val {unknown}}.",
    "Its levels are {.val {as.character(known)}}.", "at", given
  )
}

need_package <- function(package, purpose) {
  if (requireNamespace(package, quietly = TRUE)) return(invisible())
  abort("package", "{.code {purpose}} needs the package {.pkg {package}}.",
    "Install it by {.code install.packages(\"{package}\")}.", "package", package
  )
}

abort_robust_unknown <- function(names) {
  abort("robust",
    paste("A robust covariance needs an error of every fixed effect; {.val {names}}",
      "{?has/have} none."),
    "The fit says which of its parameters the data do not tell.", "ddf", names)
}

abort_robust_groups <- function() {
  abort("robust", "A robust covariance needs independent groups of records: here all are tied.",
    "Crossed random effects and pedigrees tie all records. Choose another {.arg ddf}.", "ddf"
  )
}

abort_robust_effects <- function() {
  abort("robust", "A robust covariance is that of the fixed effects: random ones have none.",
    "Choose another {.arg ddf}, or leave the random effects out.", "ddf"
  )
}

abort_means_covariance <- function() {
  abort("size", "These means have no covariance: they are too many, or of a fit by Bayes.",
    "Ask for fewer by {.arg at}, or test differences of their rows (attributes {.code K}, {.code L})
    by {.fn contest}.", "x")
}

abort_heritability <- function(method, label) {
  abort("heritability",
    "{.code method = \"{method}\"} is of one effect for each level: {.val {label}} has others.",
    paste("{.code method = \"Cullis\"} has a value for each coefficient; {.fn vpredict} has any",
      "ratio of variances."), "method", method
  )
}

abort_heritability_related <- function(label) {
  abort("heritability",
    "{.code method = \"Piepho\"} is of unrelated levels, and those of {.val {label}} are related.",
    "Use {.code method = \"Cullis\"} or {.code \"generalized\"}.", "method", "Piepho"
  )
}

# Cross-validation ---------------------------------------------------------------------------------

abort_scheme <- function(scheme, argument) {
  abort("argument", "{.code scheme = \"{scheme}\"} needs {.arg {argument}}.",
    "Give the name of a variable of the fit, or a value for each record.", argument)
}

abort_validation_bayes <- function() {
  abort("argument", "{.fn cross_validate} is for fits by likelihood or moments.",
    "Of a fit by Bayes {.fn loo} leaves out records or groups exactly.", "object")
}

abort_fold_size <- function(fold, left) {
  abort("argument",
    "Fold {.val {fold}} leaves {left} record{?s} for the fit, too few for its effects.",
    "Ask for more folds.", "folds", fold)
}

inform_unpredicted <- function(n, folds) {
  inform("unpredicted",
    paste("{n} record{?s} of {cli::qty(length(folds))}fold{?s} {.val {folds}}",
      "{cli::qty(n)}{?has/have} a level of a fixed effect that no other record has: only the",
      "random effects are predicted."),
    "folds", folds)
}

warn_folds <- function(folds, reasons) {
  warn("folds",
    paste("{cli::qty(length(folds))}Fold{?s} {.val {folds}} could not be fitted, and",
      "{?has/have} no prediction: {counted_reasons(reasons)}"),
    "{.code $failed} of the result has them.", "folds", folds)
}
