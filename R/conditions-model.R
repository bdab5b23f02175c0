# Conditions about relationships, variance parameters and questions to a fit.

# Relationships ------------------------------------------------------------------------------------

abort_gr <- function(problem, remedy, argument = "cov", fun = "gr") {
  abort("relationship", paste0("In {.fn ", fun, "}: ", problem), remedy, argument, NULL,
    parent.frame())
}

abort_relationship_scale <- function(kind, name, level, value, most) {
  value <- signif(value, 3)
  what <- if (kind == "cov") "largest" else "smallest"
  abort_gr(
    paste("{.arg {kind}} = {.code {name}} has {.val {value}}, of level {.val {level}}, as its",
      "{what} diagonal value; it must be between {1 / most} and {most}."),
    paste("Divide the matrix by the mean of its diagonal: the variance of the term is then that",
      "of a level."), kind)
}

# Why a matrix has no value: it is not there, or what makes it ends in an error; ours is as good as
# any that could be said here.
abort_relationship_value <- function(error, expression, kind, env) {
  if (inherits(error, "henderson_error")) stop(error)
  name <- deparse_one(expression)
  absent <- Filter(function(x) !exists(x, envir = env), all.vars(expression))
  if (identical(absent, name)) {
    abort_gr("{.arg {kind}} = {.code {name}} was not found.", "Make it first.", kind)
  }
  if (length(absent) > 0L) {
    abort_gr("{.arg {kind}} = {.code {name}}: {.code {absent}} {?was/were} not found.",
      "Make {cli::qty(absent)}{?it/them} first.", kind)
  }
  abort_gr("{.arg {kind}} = {.code {name}} has no value: {conditionMessage(error)}",
    "Make the matrix before the fit, and look at it.", kind)
}

abort_inverse <- function(name) {
  abort_gr("{.arg cov} = {.code {name}} is the inverse of a relationship matrix.",
    "Write {.code precision = {name}}, or {.code pedigree = ped}.")
}

inform_rounding <- function(name, n, range, kind) {
  range <- signif(range, 2)
  which <- if (n == 1L) "{n} eigenvalue of {.code {name}}, {range[1L]}, was" else
    "{n} eigenvalues of {.code {name}} between {range[1L]} and {range[2L]} were"
  inform("rounding", paste(which, "taken as 0: the matrix is rounded ({kind})."), "cov", n)
}

abort_no_relationship <- function(fun = "gr") {
  abort_gr("exactly one of {.arg cov}, {.arg precision} and {.arg pedigree} must be given.",
    "Write {.code gr(factor, cov = K)}, or {.code (1 | factor)} for unrelated levels.", fun = fun)
}

abort_step_argument <- function(argument, fun) {
  abort_gr("{.arg {argument}} is for single-step relationships, of a pedigree with markers.",
    paste("Write {.code gr(animal, pedigree = ped, markers = M)}, or leave",
      "{.arg {argument}} out."), argument, fun = fun)
}

abort_no_polygenic <- function() {
  abort_gr("{.code blend = 0} leaves the genotyped animals nothing beside their markers.",
    paste("Take a small share, as {.code blend = 0.01}; {.fn Hinverse} takes 0 where the genomic",
      "relationship matrix has an inverse."), "blend")
}

abort_untunable <- function() {
  abort_gr("the genomic relationships cannot be tuned to the pedigree: no diagonal above the mean.",
    "Check the order of the animals, or use {.code tune = FALSE}.", "tune")
}

abort_negative_shift <- function(shift) {
  abort_gr(
    paste("tuning would subtract {signif(-shift, 3)} from each genomic relationship: their mean is",
      "above that of the pedigree."),
    paste("Leave {.arg frequency} of {.fn snp} to the genotypes themselves, use",
      "{.code tune = FALSE}, or form the inverse by {.fn Hinverse}."), "tune")
}

abort_gr_outside <- function(fun) {
  abort("relationship",
    "{.fn {fun}} has a meaning only inside a formula, as the group of a random term.",
    "Write {.code (1 | gr(line, cov = K))} or {.code (1 | mm(p1, p2))}.", fun
  )
}

# Variance parameters ------------------------------------------------------------------------------

abort_parameter_name <- function(argument, name, known) {
  abort("parameter_name",
    paste(
      "{.arg {argument}}: there {cli::qty(length(name))}{?is/are} no variance parameter{?s}",
      "{.val {name}}."
    ),
    c(did_you_mean(nearest_of(name, known)),
      "The variance parameters of this model are {.val {known}}."), argument, name
  )
}

abort_parameter_values <- function(argument, problem) {
  abort("parameter_values", "{.arg {argument}} {problem}.",
    "Give a named numeric vector, as in {.code c(residual = 1)}.", argument
  )
}

abort_parameter_matrix <- function(argument, label) {
  abort("parameter_values",
    "{.arg {argument}}: the matrix for {.code {label}} must be symmetric, with names of its rows.",
    "The names are those of the coefficients, as in {.code VarCorr(fit)}.", argument, label
  )
}

abort_negative_variance <- function(argument, name, value) {
  abort("negative_variance", "{.arg {argument}}: the variance {.val {name}} cannot be {value}.",
    "A variance is at least 0, and the residual variance above 0.", argument, value
  )
}

abort_indefinite <- function(argument, label) {
  abort("indefinite",
    "{.arg {argument}}: the values for {.code {label}} do not form a covariance matrix.",
    "Make the correlations at most 1 in size, and the matrix positive semidefinite.",
    argument, label
  )
}

abort_no_completion <- function(argument, label) {
  abort("indefinite",
    "{.arg {argument}}: no covariance matrix of {.code {label}} has these values.",
    paste("With both variances given, a covariance is at most the root of their product in size;",
      "several covariances must also fit one another."),
    argument, label
  )
}

abort_held_zero <- function(label, open) {
  abort("negative_variance",
    "{.arg hold}: a variance of {.code {label}} is held at 0 while {.val {open}} {?is/are} free.",
    "Leave that coefficient out of the formula, or hold the whole term.", "hold", open
  )
}

# Arguments ----------------------------------------------------------------------------------------

abort_argument <- function(argument, value, must) {
  shown <- short_text(value)
  abort("argument", "{.arg {argument}} must be {must}, not {.code {shown}}.", NULL, argument, value)
}

abort_choice <- function(argument, value, choices) {
  shown <- short_text(value)
  near <- if (is.character(value) && length(value) == 1L) nearest_names(value, choices)
  abort("argument",
    "{.arg {argument}} must be one of {.or {.val {choices}}}, not {.code {shown}}.",
    if (length(near) > 0L) did_you_mean(near), argument, value)
}

abort_no_random <- function(what) {
  abort("no_random", "{what} needs a model with random terms; this one has none.", NULL, "object")
}

abort_term <- function(argument, name, known) {
  abort("term", "{.arg {argument}}: there is no random term {.val {name}}.",
    c(did_you_mean(nearest_of(name, known)), "The random terms of this model are {.val {known}}."),
    argument, name
  )
}

abort_mean_term <- function(name, known) {
  abort("term", "{.arg only}: there is no term {.val {name}}.",
    c(did_you_mean(nearest_of(name, known)), "The terms of this model are {.val {known}}."),
    "only", name
  )
}

abort_term_coefficient <- function(argument, names, label, known) {
  abort("term", "{.arg {argument}}: the term {.val {label}} has no coefficient {.val {names}}.",
    "Its coefficients are {.val {unlist(known)}}.", argument, names
  )
}

abort_coefficient <- function(name, known) {
  abort("argument",
    "{.arg parm}: there {cli::qty(length(name))}{?is/are} no coefficient{?s} {.val {name}}.",
    c(did_you_mean(nearest_of(name, known)), "The coefficients are {.val {known}}."), "parm", name
  )
}

abort_new_level <- function(label, levels) {
  abort("new_level",
    paste(
      "{.arg newdata} has {length(levels)} level{?s} of {.code {label}} that",
      "{cli::qty(length(levels))}{?is/are} not in the model: {.val {levels}}."
    ),
    "Use {.code allow_new_levels = TRUE} to predict with a random effect of 0.",
    "newdata", levels
  )
}

abort_new_level_of_groups <- function(label) {
  abort("new_level",
    paste(
      "{.arg newdata} has animals of {.code {label}} that are not in the model: their groups of",
      "unknown parents are not known."
    ),
    "Use {.code breeding_values(fit, pedigree = )} with a pedigree that has them.", "newdata", label
  )
}

abort_mean_of_groups <- function(label) {
  abort("group_means",
    paste(
      "The effects of the groups of {.code {label}} have no mean over records: they differ between",
      "its coefficients."
    ),
    "Use {.fn contest} with rows over {.code fixef(fit)}.", "object", label
  )
}

# Of a matrix whose columns are levels.
abort_lost_columns <- function(name, lost) {
  abort("new_level",
    paste("The matrix {.code {name}} of {.arg newdata} lacks the",
      "column{cli::qty(length(lost))}{?s} {.val {lost}}."),
    "It must have the columns of the fit, by their names.", "newdata", lost
  )
}

abort_new_type <- function(name, fitted, new, was = class(fitted)[1], is = class(new)[1]) {
  abort("new_type", "{.code {name}} was {was} in the fit, and is {is} in {.arg newdata}.",
    "Convert it to {was}.", "newdata", name
  )
}

abort_new_factor_level <- function(name, levels) {
  abort("new_level",
    paste(
      "{.arg newdata} has {length(levels)} level{?s} of the factor {.code {name}}",
      "without records in the fit: {.val {levels}}."
    ),
    "Their effects were not estimated. Leave these rows out.", "newdata", levels
  )
}

abort_size <- function(what, n, limit, remedy, of = "records") {
  abort("size", "{what} is made for at most {limit} {of}, and this model has {n}.", remedy,
    "object", n)
}

abort_compare <- function(problem, remedy) {
  abort("compare", problem, remedy, "object", NULL, parent.frame())
}

# `least`: the smallest eigenvalue of the correlations of structured residuals; `weights`: the least
# and the largest, where they are too far apart.
warn_convergence <- function(status, iterations, least = NULL, weights = NULL) {
  is_singular <- !is.null(least) && least < 1e-7
  share <- if (is_singular) signif(max(least, 0), 2L)
  reason <- if (is_singular) paste(
    "The covariance matrix of {.arg residual} at the values found is singular but for a share of",
    "{share}, and the equations have no digits left to tell where the likelihood is highest"
  ) else if (length(weights) > 0L) paste(
    "The weights go from {weights[1L]} to {weights[2L]}, and beside the heaviest records the",
    "equations have no digits of the lightest"
  ) else switch(status,
    iteration_limit = "The iteration limit was reached",
    no_ascent = "No step raised the likelihood although its gradient is not zero",
    "It ended with status {.val {status}}"
  )
  warn("convergence", paste0("Not converged after {iterations} iteration{?s}. ", reason, "."),
    c("Do not use the estimates as they are.", if (is_singular) {
      "Some combination of the records of a subject is fitted all but exactly: leave one out, or
       take a structure with fewer parameters."
    } else if (length(weights) > 0L) {
      "Bound the weights, or leave records of next to no weight out."
    } else {
      "Try {.code lmm_control(max_iterations = )}, {.arg start}, or a simpler model."
    }),
    "control", status
  )
}

warn_rank_deficient <- function(names) {
  warn("rank_deficient",
    paste(
      "Prediction from a rank-deficient fit: {.val {names}} {?was/were} dropped,",
      "and {?is/are} taken as 0."
    ),
    "Rows that are not estimable depend on this choice.", "newdata", names
  )
}

warn_contrasts_absent <- function(names, known) {
  warn("contrasts",
    "{.arg contrasts} for {.code {names}} {?is/are} ignored: no such factor in the model.",
    did_you_mean(nearest_names(names[1L], known)), "contrasts", names
  )
}

warn_contrasts_dropped <- function(name) {
  warn("contrasts",
    "The contrast matrix of {.code {name}} is dropped, as some of its levels have no records.",
    "Give contrasts for the levels that are left by {.arg contrasts}.", "contrasts", name
  )
}
