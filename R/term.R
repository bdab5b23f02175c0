# A parsed random term, `structure(coefficients | group)`, without data. What its coefficients are
# is told by the class of the term, how a record meets the levels by that of its group; whatever
# differs between kinds is a method.
#
#   lmm_term        coefs: columns of a model formula, or an index of its structure
#   product_term    factors: a product of structures, see product-terms.R
#
#   single_group    a record has one level of the variables; marker_group: its genotype, see snp.R
#   roles_group     members$roles, each a group, with coefficients of their own: members$names
#   sum_group       several levels that add up, with members$weights
#   spline_group    all coefficients of a basis, see spline-terms.R

new_term <- function(structure, coefs, group, named = FALSE, arguments = list(), ...,
                     class = character()) {
  term <- list(structure = structure, named = named, coefs = coefs, group = group,
    arguments = arguments, ...)
  structure(term, class = c(class, "lmm_term"))
}

# `variables` are expressions, `relationship` is NULL or list(kind, matrix).
new_group <- function(label, variables, relationship = NULL, members = NULL,
                      class = "single_group") {
  group <- list(label = label, variables = variables, relationship = relationship)
  group$members <- members
  structure(group, class = c(class, "lmm_group"))
}

is_single <- function(group) inherits(group, "single_group")

is_spline_term <- function(term) inherits(term$group, "spline_group")

# The expressions that the model frame needs for a group.
frame_variables <- function(group) UseMethod("frame_variables")

#' @export
frame_variables.lmm_group <- function(group) group$variables

# The names of those that form its levels.
level_variables <- function(group) UseMethod("level_variables")

#' @export
level_variables.lmm_group <- function(group) names_in(frame_variables(group))

# What the coefficients of a term are made from, in new data.
effect_expression <- function(group, coefs) UseMethod("effect_expression")

#' @export
effect_expression.lmm_group <- function(group, coefs) coefs

relationship_kinds <- c("cov", "precision", "pedigree", "markers")

# Of gr(pedigree = , markers = ) alone, see Hinverse().
single_step_arguments <- c("blend", "tune", "tau", "omega")

relationship_arguments <- c(relationship_kinds, single_step_arguments)

# list(kind, matrix) from the arguments that give a relationship; NULL without one.
parse_relationship <- function(given, fun) {
  settings <- given[names(given) %in% single_step_arguments]
  given <- given[!names(given) %in% single_step_arguments]
  if (setequal(names(given), c("pedigree", "markers"))) {
    return(list(kind = "single_step", matrix = given$pedigree, markers = given$markers,
      settings = settings))
  }
  if (length(settings) > 0L) abort_step_argument(names(settings)[1L], fun)
  if (length(given) == 0L) return(NULL)
  if (length(given) > 1L) abort_no_relationship(fun)
  list(kind = names(given), matrix = given[[1L]])
}
