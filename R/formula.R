# The grammar of lmmfit(): from one formula, with bars and splines among its addends, to the parts
# of the model.

# `traits` of several responses, whose formula has been rewritten for each trait.
parse_formula <- function(formula, data, residual = ~iid, traits = NULL) {
  formula <- check_formula(formula)
  env <- environment(formula)
  split <- split_splines(with_structure_names(formula[[3L]], "bar"))
  rhs <- wrap_products(split$rest %||% 1)
  random <- c(
    unlist(lapply(bar_addends(rhs), bar_terms, env), recursive = FALSE),
    spline_terms(split$splines, data, env)
  )
  fixed <- formula
  fixed[[3L]] <- reformulas::nobars(as_one_sided(rhs, env))[[2L]]
  residual <- parse_residual(residual)
  fixed <- expand_dot(fixed, random, data, residual_groups(residual))
  environment(fixed) <- env
  new_parts(traits$formula %||% formula, fixed, random, residual, traits)
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
  groups <- unlist(lapply(random, function(term) level_variables(term$group)))
  keep <- setdiff(names(data), c(groups, further))
  stats::formula(stats::terms(fixed, data = unclass(data)[keep], allowDotAsName = FALSE))
}
