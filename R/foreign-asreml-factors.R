# The factors of ASReml's products: structures, groups, relationships, covariates.

# The terms that a formula adds up. a / b is a and b within a.
asreml_products <- function(x) {
  x <- strip_parentheses(x)
  if (is_call_to(x, "+") && length(x) == 3L) {
    return(c(asreml_products(x[[2L]]), asreml_products(x[[3L]])))
  }
  if (is_call_to(x, "/") && length(x) == 3L) {
    return(c(asreml_products(x[[2L]]), list(call(":", innermost(x[[2L]]), x[[3L]]))))
  }
  list(x)
}

# a / b / c is (a / b) / c, and what c is within is a:b.
innermost <- function(x) {
  x <- strip_parentheses(x)
  if (is_call_to(x, "/")) call(":", innermost(x[[2L]]), x[[3L]]) else x
}

asreml_kinds <- c("groups", "covariates", "structures", "masks", "splines", "polynomials")

# The factors of a product by what they do. Numbers are covariates where a factor says whose.
split_factors <- function(term, scope) {
  factors <- lapply(asreml_factors(term), plain_polynomial)
  is <- function(names) vapply(factors, is_call_to, NA, names)
  kind <- rep.int("groups", length(factors))
  kind[vapply(factors, is_covariate, NA, scope)] <- "covariates"
  kind[vapply(factors, is_asreml_structure, NA)] <- "structures"
  kind[is("at")] <- "masks"
  kind[is("spl")] <- "splines"
  kind[is(asreml_polynomials)] <- "polynomials"
  if (!"groups" %in% kind) kind[kind == "covariates" & !is("lin")] <- "groups"
  found <- lapply(stats::setNames(nm = asreml_kinds), function(k) factors[kind == k])
  found$covariates <- lapply(found$covariates, asreml_columns, scope)
  found
}

# idv(leg(x, 2)) is leg(x, 2).
plain_polynomial <- function(x) {
  has_one <- is_call_to(x, asreml_identities) && length(x) > 1L && is_polynomial(x[[2L]])
  if (has_one) without_starts(x)[[2L]] else x
}

is_covariate <- function(x, scope) {
  is_call_to(x, "lin") || is.symbol(x) && is.numeric(scope$data[[as.character(x)]])
}

# `fa(env, 2)` as fa(env, k = 2).
asreml_structure <- function(x) {
  x <- without_starts(x)
  name <- as.character(x[[1L]])
  structure <- asreml_names[[name]]
  if (length(x) < 2L) refuse_asreml(x, "it is a structure of nothing")
  if (is_polynomial(x[[2L]])) x[[2L]] <- polynomial_coefficients(x[[2L]], structure)
  own <- call(structure, x[[2L]])
  if (length(x) == 2L && !takes_settings(name)) return(own)
  known <- structure_arguments_of(structure)
  if (structure_index(structure) == "coordinates") return(asreml_distance(x, structure))
  if (length(known) == 0L || length(x) > 3L) refuse_asreml(x, "its arguments are not read")
  # Bands are counted with the diagonal here.
  own[[known[1L]]] <- if (grepl("^corb", name)) one_more(x[[3L]]) else x[[3L]]
  own
}

one_more <- function(x) if (is.numeric(x)) x + 1 else call("+", x, 1)

# Starting values of a structure are no part of its model.
without_starts <- function(x) {
  init <- which(names(x) == "init")
  if (length(init) == 0L) return(x)
  check_constraint_letters(x, x[[init[1L]]])
  own <- x[-init]
  inform_read_as(deparse_one(x), deparse_one(own))
  own
}

# Names of starting values are constraints. P, positive, is what variances are; of the others a
# fixed value is held by its name, which this formula does not know.
check_constraint_letters <- function(x, init) {
  letters <- toupper(if (is.call(init)) names(as.list(init)[-1L]) else names(init))
  other <- setdiff(letters, c("", "P"))
  if (length(other) == 0L) return(invisible())
  remedy <- constraint_remedies[other[1L]]
  if (is.na(remedy)) remedy <- "Write {.arg hold}, {.arg bounds} or {.arg tie}."
  refuse_asreml(x, paste0("the constraint {.code ", other[1L], "} of a starting value is not read"),
    remedy)
}

constraint_remedies <- c(
  F = paste("Write {.code hold = c(name = value)}, the parameter by its name in {.fn varcomp}."),
  U = paste("A variance below zero is a correlation of records: write {.code residual = ~ cs(1 |",
    "group)}, whose {.code rho} may be negative."),
  B = "Write {.code bounds = list(name = c(0, 1))}, the parameter by its name in {.fn varcomp}."
)

# What is to the right of our bar, NULL without any.
asreml_group <- function(factors, term, scope) {
  parts <- lapply(factors, function(x) {
    if (is_call_to(x, asreml_identities) && length(x) > 1L) {
      x <- without_starts(x)
      if (length(x) > 2L) refuse_asreml(x, "its arguments are not read")
      x <- x[[2L]]
    }
    if (is.symbol(x) || is_call_to(x, "mm")) return(x)
    if (is_call_to(x, column_functions)) return(columns_of_group(x, scope))
    if (is_call_to(x, asreml_relationships)) return(asreml_relationship(x, scope))
    refuse_asreml(term, paste0("{.code ", deparse_one(x), "} is not had"))
  })
  if (length(parts) > 0L) product_of(parts)
}

# Whether a matrix is an inverse stands in its attribute INVERSE.
asreml_relationship <- function(x, scope) {
  if (length(x) < 3L) refuse_asreml(x, "it has no matrix or pedigree")
  value <- tryCatch(eval(x[[3L]], scope$env), error = function(e) NULL)
  kind <- if (inherits(value, "henderson_pedigree")) "pedigree" else
    if (is_call_to(x, "giv") || isTRUE(attr(value, "INVERSE"))) "precision" else "cov"
  # Of several members the relationship stands beside them.
  group <- if (is_call_to(x[[2L]], column_functions)) columns_of_group(x[[2L]], scope) else
    if (is_call_to(x[[2L]], "mm")) x[[2L]] else call("gr", x[[2L]])
  group[[kind]] <- x[[3L]]
  group
}
