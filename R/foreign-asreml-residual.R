# Residuals in ASReml's grammar: `~ units`, `~ ar1v(row):ar1(col)`, `~ dsum(~ ar1(row):ar1(col) |
# env)`, `~ id(units):us(trait)`.

# By what no residual of ours has: names, coordinates as arguments, `id(subject):us(visit)`.
is_asreml_residual <- function(x) {
  is_call_to(x, "~") && length(x) == 2L && !has_bar_outside_dsum(x[[2L]]) &&
    ("units" %in% outer_names(x[[2L]]) ||
      any(names_of_asreml_residuals() %in% called_functions(x[[2L]])) ||
      has_coordinates(x[[2L]]) || has_identity_of_subjects(x[[2L]]))
}

# Variables that are not the index of a structure of ours: a column may have any name there.
outer_names <- function(x) {
  if (is.symbol(x)) return(as.character(x))
  if (!is.call(x) || is_call_to(x, written_structures)) return(character())
  unlist(lapply(as.list(x)[-1L], outer_names))
}

names_of_asreml_residuals <- function() {
  c("dsum", "at", setdiff(names(asreml_names), written_structures),
    names(asreml_anisotropic))
}

# exp(x, y): the coordinates of a position as arguments.
has_coordinates <- function(x) {
  any(vapply(asreml_factors(strip_parentheses(x)), function(factor) {
    is_asreml_structure(factor) && length(factor) > 2L && is.symbol(factor[[3L]]) &&
      structure_index(asreml_names[[as.character(factor[[1L]])]]) == "coordinates"
  }, NA))
}

# `plant:ar1(visit)`, `id(plant):us(visit)`; `id(plant):ar1(visit)` is a product of ours too.
has_identity_of_subjects <- function(x) {
  factors <- asreml_factors(strip_parentheses(x))
  bare <- vapply(factors, is.symbol, NA)
  is_identity <- vapply(factors, is_call_to, NA, "id")
  structures <- Filter(is_asreml_structure, factors[!is_identity])
  heterogeneous <- vapply(structures, function(factor) {
    is_heterogeneous(asreml_names[[as.character(factor[[1L]])]])
  }, NA)
  length(structures) > 0L && (any(bare) || any(is_identity) && any(heterogeneous))
}

has_bar_outside_dsum <- function(x) !is_call_to(strip_parentheses(x), "dsum") && has_bar(x)

# `data` tells the levels of a factor that were given by number.
asreml_residual <- function(x, env, data) {
  x <- strip_parentheses(x)
  if (has_sections(x)) return(sectioned_residual(x, env, data, asreml_residual))
  if (is_call_to(x, sommer_terms)) return(sommer_residual(x, env))
  factors <- asreml_factors(x)
  structured <- vapply(factors, is_asreml_structure, NA)
  subject <- lapply(factors[!structured], residual_subject, x)
  if (!any(structured)) return(as_one_sided(quote(iid), env))
  product <- Reduce(function(a, b) call(":", a, b), lapply(factors[structured], asreml_structure))
  if (length(subject) == 0L) return(as_one_sided(product, env))
  subject <- Reduce(function(a, b) call(":", a, b), subject)
  # The row of several responses is `unit` here.
  if (identical(subject, quote(units))) subject <- quote(unit)
  if (sum(structured) > 1L) return(as_one_sided(call("|", product, subject), env))
  product[[2L]] <- call("|", product[[2L]], subject)
  as_one_sided(product, env)
}

residual_subject <- function(factor, x) {
  if (is.symbol(factor)) return(factor)
  factor <- without_starts(factor)
  if (is_call_to(factor, asreml_identities) && length(factor) == 2L) return(factor[[2L]])
  abort_foreign("residual", deparse_one(x), paste0("{.code ", deparse_one(factor), "} is not had"),
    "See {.code ?structures}.")
}
