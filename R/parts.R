# The parts of a model, typed: what a grammar makes of what was written, and all that the later
# stages know of it (new_frame(), build_model(), estimate(), new_lmmfit()).
#
#   formula    as it was written
#   response   a call
#   fixed      two-sided formula without random terms
#   random     list of parsed terms, see bar-terms.R
#   variables  two-sided formula with every variable, for the model frame
#   residual   see parse_residual()
#   traits     of several responses, see stack_traits()

new_parts <- function(formula, fixed, random = list(), residual = list(structure = "iid"),
                      traits = NULL) {
  parts <- list(
    formula = formula, response = fixed[[2L]], fixed = fixed, random = random,
    variables = frame_formula(fixed, random, residual), residual = residual
  )
  parts$traits <- traits
  validate_parts(structure(parts, class = "lmm_parts"))
}

validate_parts <- function(parts) {
  is_two_sided <- function(x) inherits(x, "formula") && length(x) == 3L
  if (!is_two_sided(parts$formula)) abort_stage("a formula")
  if (!is_two_sided(parts$fixed) || has_bar(parts$fixed[[3L]])) abort_stage("a fixed part")
  is_term <- vapply(parts$random, function(term) is.character(term$group$label), NA)
  if (!all(is_term)) abort_stage("random terms that were parsed")
  if (!is.character(parts$residual$structure)) abort_stage("a parsed residual")
  parts
}

frame_formula <- function(fixed, random, residual) {
  used <- c(
    list(fixed[[3L]]), lapply(random, `[[`, "coefs"), lapply(random, group_variables),
    residual_variables(residual)
  )
  fixed[[3L]] <- Reduce(function(a, b) call("+", a, b), Filter(Negate(is.null), used))
  fixed
}

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
