# Groups of which a record has several levels that add up.

#' Several levels of one group in a record
#'
#' Inside a formula, `mm(p1, p2)` is a group of which each record has several levels whose effects
#' add up: the parents of a diallel, the members of a team, competing neighbours. All columns share
#' one set of levels and one variance.
#'
#' `mm(Z)` of one numeric matrix has a level for each of its columns, and a record the values of its
#' row: the effects of markers, or any incidence that was made before. `mm(at(env, "A"))` is the one
#' level of the records of environment A, so that `ar1(row | mm(at(env, "A")))` is a field of that
#' environment alone, and `mm(line, weights = at(env, "A"))` has the effects of lines there.
#'
#' A missing level of `mm(p1, p2)` is a level less: groups and neighbourhoods of unequal sizes have
#' as many columns as the largest needs, and the others have `NA` (with weights that may be missing
#' too). How many records have fewer is told. A matrix has zeros.
#'
#' @param ... The grouping factors, columns of the data, or one matrix with a row for each record.
#' @param weights Weights of the levels: a number for each factor, as in `c(1, -1)`, or
#'   `cbind(w1, w2)` of columns of the data, or [at()]. By default 1.
#' @param cov,precision,pedigree,markers,blend,tune,tau,omega A relationship of the levels, as in
#'   [gr()].
#' @return Nothing: it has a meaning only in a formula.
#' @seealso [gr()] for direct and social effects of the same animals, with their covariance.
#' @examples
#' set.seed(1)
#' cross <- expand.grid(p1 = letters[1:6], p2 = letters[1:6])
#' gca <- rnorm(6)
#' cross$y <- gca[cross$p1] + gca[cross$p2] + rnorm(36)
#' fit <- lmmfit(y ~ (1 | mm(p1, p2)), cross)
#' ranef(fit)
#'
#' cross$markers <- matrix(rnorm(36 * 50), 36)
#' lmmfit(y ~ (1 | mm(markers)), cross)
#' @export
mm <- function(..., weights, cov, precision, pedigree, markers, blend = 0.05, tune = TRUE, tau = 1,
               omega = 1) {
  abort_gr_outside("mm")
}

parse_mm <- function(call) {
  given <- as.list(call)[-1L]
  named <- names(given) %||% rep("", length(given))
  known <- c("weights", relationship_arguments)
  if (length(setdiff(named, c("", known))) > 0L || anyDuplicated(named[named != ""])) {
    abort_gr("{.code {deparse_one(call)}} is not understood.",
      "Write {.code mm(p1, p2, weights = cbind(w1, w2), pedigree = ped)}.", fun = "mm")
  }
  variables <- unname(given[named == ""])
  if (length(variables) == 1L && is.null(given$weights)) {
    return(columns_group(variables, parse_relationship(given[named != ""], "mm")))
  }
  if (length(variables) < 1L) {
    abort_gr("it needs two factors or more, or one matrix.", "Write {.code mm(p1, p2)}.",
      fun = "mm")
  }
  label <- paste(c(vapply(variables, deparse_one, ""), mask_levels_text(given$weights)),
    collapse = ".")
  relationship <- parse_relationship(given[named %in% relationship_arguments], "mm")
  new_group(label, variables, relationship, list(weights = given$weights), class = "sum_group")
}

#' @export
frame_variables.sum_group <- function(group) c(group$variables, weight_columns(group))

# The weights, where they are columns of the data.
weight_columns <- function(group) {
  weights <- group$members$weights
  if (length(all.vars(weights)) > 0L) list(weights)
}

# The columns of a matrix are the levels, and its entries their weights in a record.
columns_group <- function(variables, relationship) {
  label <- mask_text(variables[[1L]]) %||% deparse_one(variables[[1L]])
  new_group(label, variables, relationship, list(weights = variables[[1L]]),
    class = c("columns_group", "sum_group"))
}

# at(env, "A") as env.A; NULL for others.
mask_text <- function(x) {
  if (is_call_to(x, "at")) paste(c(deparse_one(x[[2L]]), mask_levels_text(x)), collapse = ".")
}

# The levels of a mask, where they are written.
mask_levels_text <- function(x) {
  levels <- if (is_call_to(x, "at") && length(x) > 2L) x[[3L]]
  if (is_call_to(levels, "c")) levels <- unlist(as.list(levels)[-1L])
  if (is.character(levels) || is.numeric(levels)) as.character(levels)
}

#' @export
frame_variables.columns_group <- function(group) group$variables

# They are no levels of a variable.
#' @export
level_variables.columns_group <- function(group) character()

# Roles -------------------------------------------------------------------------------------------

#' @export
frame_variables.roles_group <- function(group) {
  unlist(lapply(group$members$roles, frame_variables), FALSE)
}

#' @export
level_variables.roles_group <- function(group) {
  unlist(lapply(group$members$roles, level_variables))
}

# The groups that levels add up in: the group itself, or its roles.
sums_of <- function(group) {
  parts <- if (inherits(group, "roles_group")) group$members$roles else list(group)
  Filter(function(part) inherits(part, "sum_group") && !inherits(part, "columns_group"), parts)
}

columns_of <- function(group) {
  parts <- if (inherits(group, "roles_group")) group$members$roles else list(group)
  Filter(function(part) inherits(part, "columns_group"), parts)
}
