# In the design: the levels, coefficients and incidence of groups with several levels a record.

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
