# nlme's random effects, correlation structures and variance functions in our own formulas.

# `random = ~ 1 + x | g`, a list of formulas by group, pdMat objects: addends with bars.
# `scope` is where relationships and the types of columns are found.
random_addends <- function(value, given, env, scope) {
  if (is_call_to(value, "list")) return(listed_addends(value))
  formula <- if (is_call_to(value, "~")) value else eval(given, env)
  if (!inherits(formula, "formula") && !is_call_to(formula, "~") || length(formula) != 2L) {
    abort_foreign("random", short_text(value), "it is not a formula with one side",
      "Write {.code random = ~ 1 | g}, or {.code (1 | g)} in {.arg formula}.")
  }
  if (!has_bar(formula[[2L]])) return(asreml_addends(formula[[2L]], scope))
  bar_of_random(formula[[2L]], value)
}

bar_of_random <- function(x, value) {
  if (is_bar(x)) return(list(call("(", x)))
  if (is_call_to(x, "+") && length(x) == 3L) {
    return(c(bar_of_random(x[[2L]], value), bar_of_random(x[[3L]], value)))
  }
  if (is.call(x) && has_bar(x)) return(list(x))
  abort_foreign("random", deparse_one(value), "{.code {deparse_one(x)}} has no grouping factor",
    "Write {.code ~ 1 | {deparse_one(x)}} if it is one, or {.code ~ {deparse_one(x)} | group}.")
}

pd_structures <- c(
  pdDiag = "diag", pdIdent = "id", pdSymm = "us", pdLogChol = "us", pdCompSymm = "cs"
)

# The groups of a list are nested, as those of nlme are.
listed_addends <- function(value) {
  terms <- as.list(value)[-1L]
  groups <- names(terms)
  if (is.null(groups) || any(groups == "")) {
    abort_foreign("random", deparse_one(value), "a list must be named by the grouping factors",
      "Write {.code random = list(g = ~ 1 + x)}, or {.code (1 + x | g)} in {.arg formula}.")
  }
  outer <- NULL
  addends <- list()
  for (k in seq_along(terms)) {
    group <- as.name(groups[k])
    outer <- if (is.null(outer)) group else call(":", outer, group)
    addends[[k]] <- pd_addend(terms[[k]], outer, value)
  }
  addends
}

pd_addend <- function(term, group, value) {
  structure <- if (is.call(term)) pd_structures[sub("^nlme::", "", deparse_one(term[[1L]]))]
  if (is_call_to(term, "~") && length(term) == 2L) return(call("(", call("|", term[[2L]], group)))
  inner <- if (is.call(term) && length(term) == 2L) term[[2L]]
  if (is.na(structure %||% NA) || !is_call_to(inner, "~")) {
    abort_foreign("random", deparse_one(value), "{.code {short_text(term)}} is not understood",
      "Write a structure of {.code ?structures} in {.arg formula}, as in {.code diag(1 + x | g)}.")
  }
  coefficients <- inner[[2L]]
  # A formula of nlme has an intercept, as ours do.
  call(unname(structure), call("|", call("+", 1, coefficients), group))
}

# Correlation structures ---------------------------------------------------------------------------

correlation_structures <- c(
  corAR1 = "ar1", corCAR1 = "exp", corCompSymm = "cs", corSymm = "us", corExp = "exp",
  corGaus = "gau", corARMA = "arma11"
)
# Of corARMA() by its orders p and q.
arma_structures <- c("1 0" = "ar1", "2 0" = "ar2", "3 0" = "ar3", "0 1" = "ma1", "0 2" = "ma2",
  "1 1" = "arma11")
# With weights = varIdent(form = ~ 1 | index).
varied_structures <- c(corAR1 = "ar1h", corCompSymm = "csh", corSymm = "us")

with_correlation_function <- function(call, value, env) {
  name <- if (is.call(value)) sub("^nlme::", "", deparse_one(value[[1L]])) else ""
  if (!name %in% names(correlation_structures)) {
    refuse_correlation(value, "this structure is not understood")
  }
  if (!is.null(call$residual)) {
    refuse_correlation(value, "{.arg residual} is given too", "Give one of them.")
  }
  given <- as.list(match.call(getExportedValue("nlme", name), value))[-1L]
  check_correlation_arguments(name, given, value, env)
  index <- given$form[[2L]][[2L]]
  subject <- given$form[[2L]][[3L]]
  varied <- varied_index(typed_expression(call$weights, env))
  structure <- if (name == "corARMA") arma_structure(given, value, env) else
    correlation_structures[[name]]
  if (!is.null(varied) || name == "corSymm") {
    structure <- heterogeneous_structure(name, index, subject, varied, value)
    index <- varied
    call["weights"] <- NULL
  }
  if (identical(index, 1) && name != "corCompSymm") {
    refuse_correlation(value, "an index of 1 does not say which record of a subject is which",
      "Name the column that does: {.code form = ~ time | id}.")
  }
  residual <- as_one_sided(call(structure, call("|", index, subject)), env)
  if (!is.null(given$value)) call <- with_start(call, eval(given$value, env), name)
  inform_read_as(paste("correlation =", deparse_one(value)),
    paste("residual =", deparse_one(residual)))
  call$residual <- residual
  call
}

refuse_correlation <- function(value, problem,
                               remedy = paste("Write {.code residual = ~ ar1(time | id)}:",
                                 "see {.code ?structures}.")) {
  abort_foreign("correlation", short_text(value, 200L), problem, remedy, parent.frame())
}

check_correlation_arguments <- function(name, given, value, env) {
  form <- given$form
  if (!is_call_to(form, "~") || !is_bar(form[[2L]])) {
    refuse_correlation(value, "it has no {.arg form} with a subject",
      "Write {.code form = ~ time | id}.")
  }
  other_metric <- !is.null(given$metric) && !identical(given$metric, "euclidean")
  if (isTRUE(eval(given$nugget, env)) || isTRUE(eval(given$fixed, env)) || other_metric) {
    refuse_correlation(value, "a nugget, fixed values and other metrics are not read",
      paste("Write {.arg hold} for known values, and a random term with a level for each record",
        "for a nugget."))
  }
}

arma_structure <- function(given, value, env) {
  orders <- c(eval(given$p, env) %||% 0, eval(given$q, env) %||% 0)
  structure <- arma_structures[paste(orders, collapse = " ")]
  if (is.na(structure)) {
    refuse_correlation(value, "its orders are not had",
      "Autoregressions have orders 1 to 3, moving averages 1 and 2, and both together 1 and 1.")
  }
  unname(structure)
}

# With a variance for each place of the index.
heterogeneous_structure <- function(name, index, subject, varied, value) {
  # nlme wants whole numbers where we take the factor itself.
  if (is_call_to(index, c("as.integer", "as.numeric")) && identical(varied, index[[2L]])) {
    index <- varied
  }
  if (!identical(varied, index) && !(name == "corCompSymm" && !is.null(varied))) {
    at <- deparse_one(index)
    refuse_correlation(value, "it goes with a variance for each {.code {at}}",
      c("Add {.code weights = varIdent(form = ~ 1 | {at})}, or write",
        "{.code residual = ~ us({at} | id)}; {.code us({at} | arm / id)} has parameters by arm."))
  }
  structure <- varied_structures[name]
  if (is.na(structure)) {
    refuse_correlation(value, "a variance for each place is not had with it")
  }
  unname(structure)
}

# The starting value of a correlation of one parameter.
with_start <- function(call, value, name) {
  if (!name %in% c("corAR1", "corCompSymm") || length(value) != 1L || !is.null(call$start)) {
    abort_foreign("correlation", short_text(value), "this starting value is not read",
      "Give it by {.arg start}, in the names that {.fn varcomp} prints.")
  }
  # Zero, a default of nlme, is no hint.
  if (value != 0) call$start <- c(residual.rho = value)
  call
}

# Variance functions -------------------------------------------------------------------------------

is_variance_function <- function(x) {
  is_call_to(x, "~") || is.call(x) && grepl("^(nlme::)?var[A-Z]", deparse_one(x[[1L]]))
}

# The index of varIdent(form = ~ 1 | index), NULL for other weights.
varied_index <- function(weights) {
  if (!is.call(weights) || !grepl("^(nlme::)?varIdent$", deparse_one(weights[[1L]]))) return(NULL)
  form <- weights$form %||% if (length(weights) == 2L) weights[[2L]]
  if (is_call_to(form, "~") && is_bar(form[[2L]])) form[[2L]][[3L]]
}

# The covariate x of varExp(form = ~ x), whose variances are exp(2 d x), and log(abs(x)) of
# varPower(form = ~ x), whose variances are |x|^2d. NULL for others: by groups, of fitted values,
# with known exponents.
followed_covariate <- function(weights) {
  name <- if (is.call(weights)) sub("^nlme::", "", deparse_one(weights[[1L]])) else ""
  if (!name %in% c("varExp", "varPower")) return(NULL)
  given <- as.list(match.call(getExportedValue("nlme", name), weights))[-1L]
  form <- given$form
  is_plain <- identical(names(given), "form") && is_call_to(form, "~") && length(form) == 2L &&
    !has_bar(form) && !"." %in% all.names(form)
  if (!is_plain) return(NULL)
  if (name == "varExp") form[[2L]] else call("log", call("abs", form[[2L]]))
}

with_variance_function <- function(call, env) {
  weights <- typed_expression(call$weights, env)
  if (!is_variance_function(weights)) return(call)
  index <- varied_index(weights)
  refuse <- function(problem, remedy) {
    abort_foreign("weights", deparse_one(weights), problem, remedy, parent.frame())
  }
  if (!is.null(index)) {
    if (!is.null(call$residual)) refuse("{.arg residual} is given too", "Give one of them.")
    call["weights"] <- NULL
    call$residual <- as_one_sided(call("diag", index), env)
    inform_read_as(paste("weights =", deparse_one(weights)),
      paste("residual =", deparse_one(call$residual)))
    return(call)
  }
  followed <- followed_covariate(weights)
  if (!is.null(followed)) {
    if (!is.null(call$residual)) refuse("{.arg residual} is given too", "Give one of them.")
    call["weights"] <- NULL
    call$residual <- as_one_sided(call("loglin", followed), env)
    inform_read_as(paste("weights =", deparse_one(weights)),
      paste("residual =", deparse_one(call$residual)))
    return(call)
  }
  fixed <- if (is_call_to(weights, "~")) weights else
    if (is_call_to(weights, "varFixed")) weights[[2L]]
  if (is.null(fixed) || has_bar(fixed)) {
    refuse("this variance function is not understood",
      c("Write {.code residual = ~ diag(group)} for a variance by group, {.code ~ loglin(x)} for",
        "one that follows covariates, or known {.arg weights}."))
  }
  # nlme gives the variance, and we its inverse.
  call$weights <- call("/", 1, call("(", fixed[[2L]]))
  inform_read_as(paste("weights =", deparse_one(weights)),
    paste("weights =", deparse_one(call$weights)))
  call
}
