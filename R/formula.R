# From a formula to its parts: the fixed formula, the random terms, and the formula of the one model
# frame that has the variables of all of them. Bars are found by reformulas; this file decides where
# they may stand and what they mean.

# Gives: response (call), fixed (two-sided formula without bars), random (a list, see bar_terms),
# variables (two-sided formula with every variable, for the model frame), residual.
parse_formula <- function(formula, data, residual = ~iid) {
  formula <- check_formula(formula)
  env <- environment(formula)
  split <- split_splines(formula[[3L]])
  rhs <- wrap_products(split$rest %||% 1)
  random <- c(
    unlist(lapply(bar_addends(rhs), bar_terms, env), recursive = FALSE),
    spline_terms(split$splines, data, env)
  )
  fixed <- formula
  fixed[[3L]] <- reformulas::nobars(as_one_sided(rhs, env))[[2L]]
  residual <- parse_residual(residual)
  fixed <- expand_dot(fixed, random, data, residual_groups(residual))
  used <- c(
    list(fixed[[3L]]), lapply(random, `[[`, "coefs"), lapply(random, group_variables),
    residual_variables(residual)
  )
  variables <- fixed
  variables[[3L]] <- Reduce(function(a, b) call("+", a, b), Filter(Negate(is.null), used))
  environment(fixed) <- environment(variables) <- env
  list(
    formula = formula, response = formula[[2L]], fixed = fixed, random = random,
    variables = variables, residual = residual
  )
}

check_formula <- function(formula, env = parent.frame(3L)) {
  if (is.character(formula) && length(formula) == 1L) {
    formula <- tryCatch(stats::as.formula(formula, env = env), error = identity)
  }
  if (!inherits(formula, "formula")) abort_formula(formula)
  if (length(formula) != 3L) abort_no_response(formula)
  class(formula) <- "formula"
  formula
}

# `.` means every column of data but the response and the grouping factors.
expand_dot <- function(fixed, random, data, further = character()) {
  if (!"." %in% all.vars(fixed[[3L]])) return(fixed)
  groups <- unlist(lapply(random, function(term) {
    if (is_spline_term(term)) all.vars(as.call(c(quote(c), term$group$variables))) else
      all.vars(group_variables(term))
  }))
  keep <- setdiff(names(data), c(groups, further))
  stats::formula(stats::terms(fixed, data = unclass(data)[keep], allowDotAsName = FALSE))
}

# Bars ---------------------------------------------------------------------------------------------

# The variables of a group joined by `+`: what the model frame needs.
group_variables <- function(term) {
  used <- c(term$group$variables, member_variables(term$group))
  Reduce(function(a, b) call("+", a, b), used)
}

# What the model frame needs besides the factors.
member_variables <- function(group) {
  if (identical(group$members$kind, "spline")) return(spline_variables(group$members))
  weights <- group$members$weights
  if (is.null(weights) || length(all.vars(weights)) == 0L) NULL else list(weights)
}
