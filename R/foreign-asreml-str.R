# ASReml's str(): one structure over several terms.

# str(~ id + id:x, ~ us(2):id(40)) is us(1 + x | id); str(~ vm(a, A) + vm(d, A), ~ us(2):vm(a, A))
# is us(1 | gr(a = a, d = d, ...)).
asreml_str <- function(term, scope) {
  sides <- as.list(term)[-1L]
  if (length(sides) != 2L || !all(vapply(sides, is_call_to, NA, "~")) ||
        any(lengths(sides) != 2L)) {
    refuse_asreml(term, "it is not {.code str(~ terms, ~ structure:group)}")
  }
  model <- str_model(sides[[2L]][[2L]], term)
  terms <- lapply(with_overlaid(asreml_products(sides[[1L]][[2L]]), plain = TRUE),
    split_factors, scope)
  groups <- lapply(terms, function(x) asreml_group(x$groups, term, scope))
  plain <- vapply(terms, function(x) length(c(x$masks, x$splines)) == 0L, NA)
  if (!all(plain) || any(lengths(groups) == 0L)) refuse_asreml(term, "its terms are not read")
  group <- str_relationship(groups[[1L]], model$group, term, scope)
  same <- vapply(groups, identical, NA, groups[[1L]])
  coefs <- if (all(same)) str_coefficients(terms, model, term)
  if (is.null(coefs)) {
    check_str_size(length(groups), model, term)
    group <- str_roles(groups, group, terms, term)
    coefs <- 1
  }
  call(model$structure, call("|", coefs, group))
}

# list(structure, size, group) of us(2):vm(id, A).
str_model <- function(x, term) {
  factors <- split_interaction(x)
  first <- without_starts(factors[[1L]])
  known <- c(asreml_names, id = "id", idv = "id")
  name <- if (is.call(first)) as.character(first[[1L]])[1L] else ""
  if (length(factors) != 2L || !name %in% names(known) || length(first) != 2L ||
        !is.numeric(first[[2L]])) {
    refuse_asreml(term, "its structure is not {.code us(2):group} or another structure of a number")
  }
  list(structure = unname(known[name]), size = first[[2L]], group = factors[[2L]])
}

# The group of the terms, related as the structure says where they do not.
str_relationship <- function(group, given, term, scope) {
  if (!is_call_to(given, asreml_relationships)) return(group)
  related <- relationship_of(asreml_relationship(given, scope))
  own <- relationship_of(group)
  if (length(own) > 0L && !identical(own, related)) {
    refuse_asreml(term, "its two sides have different relationships")
  }
  if (is.symbol(group)) group <- call("gr", group)
  group[names(related)] <- related
  group
}

# list(pedigree = ped) of gr(animal, pedigree = ped) and of mm(m1, m2, pedigree = ped).
relationship_of <- function(group) {
  if (!is_call_to(group, c("gr", "mm"))) return(list())
  as.list(group)[intersect(names(group), relationship_kinds)]
}

# 1 + x: the coefficients of one group.
str_coefficients <- function(terms, model, term) {
  parts <- lapply(terms, function(x) {
    if (length(x$structures) > 0L) refuse_asreml(term, "it has a structure on both sides")
    if (length(x$polynomials) == 0L) {
      return(list(intercept = length(x$covariates) == 0L, size = 1,
        columns = if (length(x$covariates) > 0L) product_of(x$covariates)))
    }
    polynomial <- x$polynomials[[1L]]
    if (length(x$polynomials) > 1L || length(x$covariates) > 0L) {
      refuse_asreml(term, "a polynomial stands beside one factor")
    }
    check_any_scale(polynomial, model$structure)
    own <- polynomial_parts(polynomial)
    c(own, size = abs(own$columns[[3L]]) + own$intercept)
  })
  check_str_size(sum(vapply(parts, `[[`, 0, "size")), model, term)
  intercept <- any(vapply(parts, `[[`, NA, "intercept"))
  columns <- Filter(Negate(is.null), lapply(parts, `[[`, "columns"))
  if (length(columns) == 0L) return(1)
  Reduce(function(a, b) call("+", a, b), columns, as.numeric(intercept))
}

check_str_size <- function(size, model, term) {
  if (size == model$size) return(invisible())
  refuse_asreml(term, paste0("it has ", size, " effects of a level, and its structure is of ",
    model$size), "Write the number of terms in the structure.")
}

# gr(animal = animal, dam = dam, pedigree = ped): several effects of one set of levels.
str_roles <- function(groups, first, terms, term) {
  alone <- vapply(terms, function(x) {
    length(c(x$covariates, x$structures, x$polynomials)) == 0L
  }, NA)
  roles <- lapply(groups, str_role)
  relationships <- Filter(length, lapply(groups, relationship_of))
  known <- vapply(roles, function(role) is.symbol(role) || is_call_to(role, "mm"), NA)
  if (!all(alone) || !all(known) || anyDuplicated(roles) || length(unique(relationships)) > 1L) {
    refuse_asreml(term, "its terms are neither of one group nor effects of one set of levels")
  }
  names(roles) <- vapply(roles, function(role) parse_role(role)$label, "")
  as.call(c(quote(gr), roles, relationship_of(first)))
}

# Without its relationship.
str_role <- function(group) {
  if (is_call_to(group, "gr")) return(group[[2L]])
  if (!is_call_to(group, "mm")) return(group)
  for (kind in intersect(names(group), relationship_kinds)) group[[kind]] <- NULL
  group
}

# Its columns stand beside those of other terms.
check_any_scale <- function(polynomial, structure) {
  if (is_unstructured(structure)) return(invisible())
  refuse_asreml(polynomial, "variances of its columns depend on how that program scales them",
    "Write {.fn us} of all of them.")
}
