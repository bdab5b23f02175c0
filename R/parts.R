# The parts of a model, typed: what a grammar makes of what was written, and all that the later
# stages know of it (new_frame(), build_model(), estimate(), new_lmmfit()).
#
#   formula    as it was written
#   response   a call
#   fixed      two-sided formula without random terms
#   random     list of parsed terms, see term.R
#   variables  two-sided formula with every variable, for the model frame
#   residual   see parse_residual()
#   traits     of several responses, see stack_traits()

new_parts <- function(formula, fixed, random = list(), residual = list(structure = "iid"),
                      traits = NULL) {
  check_parts(formula, fixed, random, residual)
  parts <- list(
    formula = formula, response = fixed[[2L]], fixed = fixed, random = random,
    variables = frame_formula(fixed, random, residual), residual = residual
  )
  parts$traits <- traits
  structure(parts, class = "lmm_parts")
}

check_parts <- function(formula, fixed, random, residual) {
  is_two_sided <- function(x) inherits(x, "formula") && length(x) == 3L
  if (!is_two_sided(formula)) abort_stage("a formula")
  if (!is_two_sided(fixed) || has_bar(fixed[[3L]])) abort_stage("a fixed part")
  is_term <- vapply(random, function(term) {
    inherits(term, "lmm_term") && inherits(term$group, "lmm_group")
  }, NA)
  if (!all(is_term)) abort_stage("random terms by new_term()")
  if (!is.list(residual) || !is.character(residual$structure)) abort_stage("a parsed residual")
}

frame_formula <- function(fixed, random, residual) {
  used <- c(
    list(fixed[[3L]]), lapply(random, `[[`, "coefs"), lapply(random, group_variables),
    residual_variables(residual)
  )
  fixed[[3L]] <- Reduce(function(a, b) call("+", a, b), Filter(Negate(is.null), used))
  fixed
}

# The variables of a group joined by `+`.
group_variables <- function(term) {
  Reduce(function(a, b) call("+", a, b), frame_variables(term$group))
}
