# Terms in which a record meets several levels of one group: `gr(direct = animal, maternal = dam)`
# gives each role coefficients of its own, `mm(p1, p2)` adds the levels up. A group has `members`,
# list(kind = "roles", names), list(kind = "sum", weights) or those of spline-terms.R; NULL: one
# level a record.

#' Several levels of one group in a record
#'
#' Inside a formula, `mm(p1, p2)` is a group of which each record has several levels whose effects
#' add up: the parents of a diallel, the members of a team, competing neighbours. All columns share
#' one set of levels and one variance.
#'
#' @param ... The grouping factors, columns of the data.
#' @param weights Weights of the levels: a number for each factor, as in `c(1, -1)`, or
#'   `cbind(w1, w2)` of columns of the data. By default 1.
#' @param cov,precision,pedigree A relationship of the levels, as in [gr()].
#' @return Nothing: it has a meaning only in a formula.
#' @examples
#' set.seed(1)
#' cross <- expand.grid(p1 = letters[1:6], p2 = letters[1:6])
#' gca <- rnorm(6)
#' cross$y <- gca[cross$p1] + gca[cross$p2] + rnorm(36)
#' fit <- lmmfit(y ~ (1 | mm(p1, p2)), cross)
#' ranef(fit)
#' @export
mm <- function(..., weights, cov, precision, pedigree) abort_gr_outside("mm")

parse_mm <- function(call) {
  given <- as.list(call)[-1L]
  named <- names(given) %||% rep("", length(given))
  known <- c("weights", relationship_kinds)
  if (length(setdiff(named, c("", known))) > 0L || anyDuplicated(named[named != ""])) {
    abort_gr("{.code {deparse_one(call)}} is not understood.",
      "Write {.code mm(p1, p2, weights = cbind(w1, w2), pedigree = ped)}.", fun = "mm")
  }
  variables <- unname(given[named == ""])
  if (length(variables) < 2L) {
    abort_gr("it needs two factors or more.", "Write {.code mm(p1, p2)}.", fun = "mm")
  }
  list(
    label = paste(vapply(variables, deparse_one, ""), collapse = "."), variables = variables,
    relationship = parse_relationship(given[named %in% relationship_kinds], "mm"),
    members = list(kind = "sum", weights = given$weights)
  )
}

# What the model frame needs besides the factors.
member_variables <- function(group) {
  if (identical(group$members$kind, "spline")) return(spline_variables(group$members))
  weights <- group$members$weights
  if (is.null(weights) || length(all.vars(weights)) == 0L) NULL else list(weights)
}

# list(codes, levels): the codes of each member of a record in one set of levels.
group_members <- function(group, source) {
  if (is.null(group$members)) {
    found <- group_codes(group, source)
    return(list(codes = list(found$codes), levels = found$levels))
  }
  if (group$members$kind == "spline") return(spline_members(group, source))
  each <- lapply(group$variables, function(variable) {
    group_codes(list(variables = list(variable)), source)
  })
  levels <- unique(unlist(lapply(each, `[[`, "levels")))
  list(codes = lapply(each, function(x) match(x$levels, levels)[x$codes]), levels = levels)
}

# The names of the coefficients: those of the recipe, for each role.
member_coefficients <- function(group, names) {
  if (!identical(group$members$kind, "roles")) return(names)
  roles <- group$members$names
  if (identical(names, "(Intercept)")) return(roles)
  paste(rep(roles, each = length(names)), rep.int(names, length(roles)), sep = ".")
}

# What the engine takes: an incidence for each member.
member_incidence <- function(group, codes, recipe, source) {
  if (is.null(group$members)) {
    return(list(list(levels = codes[[1L]], terms = recipe$terms, first_coef = 1L)))
  }
  if (group$members$kind == "spline") return(spline_incidence(group, codes, recipe, source))
  weights <- member_weights(group, source, length(codes[[1L]]))
  roles <- group$members$kind == "roles"
  lapply(seq_along(codes), function(j) {
    terms <- recipe$terms
    if (!is.null(weights)) {
      part <- list(matrix(as.double(weights[, j])))
      terms <- lapply(terms, function(term) list(parts = c(term$parts, part)))
    }
    first <- if (roles) 1L + (j - 1L) * length(recipe$names) else 1L
    list(levels = codes[[j]], terms = terms, first_coef = first)
  })
}

# A column of weights for each member, or NULL where all are 1.
member_weights <- function(group, source, n) {
  given <- group$members$weights
  if (is.null(given)) return(NULL)
  constant <- length(all.vars(given)) == 0L
  weights <- if (constant) eval(given, baseenv()) else source$frame[[deparse_one(given)]]
  members <- length(group$variables)
  valid <- is.numeric(weights) && all(is.finite(weights)) &&
    if (constant) length(weights) == members else identical(dim(weights), c(n, members))
  if (!valid) {
    abort_gr("{.arg weights} must have a finite number for each of the {members} factors.",
      "Write {.code weights = c(1, -1)}, or {.code cbind(w1, w2)} of columns of the data.",
      "weights", fun = "mm")
  }
  if (constant) matrix(weights, n, members, byrow = TRUE) else weights
}
