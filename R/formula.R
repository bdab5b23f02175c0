# The grammar of lmmfit(): from one formula, with bars and splines among its addends, to the parts
# of the model.

# `traits` of several responses, whose formula has been rewritten for each trait.
parse_formula <- function(formula, data, residual = ~iid, traits = NULL) {
  formula <- check_formula(formula)
  check_addends(formula[[3L]])
  env <- environment(formula)
  split <- split_splines(with_structure_names(formula[[3L]], "bar"))
  rhs <- wrap_products(split$rest %||% 1)
  random <- c(
    unlist(lapply(bar_addends(rhs), bar_terms, env), recursive = FALSE),
    spline_terms(split$splines, data, env)
  )
  fixed <- formula
  fixed[[3L]] <- reformulas::nobars(as_one_sided(rhs, env))[[2L]]
  if ("snp" %in% called_functions(fixed[[3L]])) abort_snp_place(fixed[[3L]])
  residual <- parse_residual(residual)
  fixed <- expand_dot(fixed, random, data, residual_groups(residual))
  environment(fixed) <- env
  new_parts(traits$formula %||% formula, fixed, random, residual, traits)
}

check_formula <- function(formula, env = parent.frame(3L)) {
  tryCatch(force(formula), error = function(e) {
    if (inherits(e, "henderson_error")) stop(e)
    abort_formula_value(conditionMessage(e))
  })
  if (is.character(formula) && length(formula) == 1L) {
    formula <- tryCatch(stats::as.formula(formula, env = env), error = identity)
  }
  if (!inherits(formula, "formula")) abort_formula(formula)
  if (length(formula) != 3L) abort_no_response(formula)
  class(formula) <- "formula"
  formula
}

# Of constants only the intercept has a meaning among terms; those of the arguments of a function
# are its own.
check_addends <- function(x) {
  if (is.symbol(x)) return(invisible())
  if (is_call_to(x, c("+", "-", "*", "/", ":", "%in%", "(", "|", "||"))) {
    for (k in seq_along(x)[-1L]) check_addends(x[[k]])
  } else if (is_call_to(x, "^")) {
    check_addends(x[[2L]])
  } else if (!is.call(x) && !(is.numeric(x) && x %in% c(0, 1))) {
    abort_formula_constant(deparse_one(x))
  }
}

# `.` means every column of data but the response and the grouping factors.
expand_dot <- function(fixed, random, data, further = character()) {
  if (!"." %in% all.vars(fixed[[3L]])) return(fixed)
  groups <- unlist(lapply(random, function(term) {
    c(level_variables(term$group), names_in(term$group$variables))
  }))
  keep <- setdiff(names(data), c(groups, further))
  stats::formula(stats::terms(fixed, data = unclass(data)[keep], allowDotAsName = FALSE))
}
