# Residuals in ASReml's grammar: `~ units`, `~ ar1v(row):ar1(col)`, `~ dsum(~ ar1(row):ar1(col) |
# env)`, `~ id(units):us(trait)`.

# By names that no residual of ours has, or `id(subject):us(visit)`, which is no product of ours.
is_asreml_residual <- function(x) {
  is_call_to(x, "~") && length(x) == 2L && !has_bar_outside_dsum(x[[2L]]) &&
    (any(c("units", "dsum", "idv", "ar1v", "corb", "corbv", "corbh", "corgh",
      names(asreml_anisotropic), "iexp", "ieuc", "igau") %in% all.names(x[[2L]])) ||
      has_identity_of_subjects(x[[2L]]))
}

has_identity_of_subjects <- function(x) {
  factors <- asreml_factors(strip_parentheses(x))
  is_identity <- vapply(factors, is_call_to, NA, "id")
  any(is_identity) && any(vapply(factors[!is_identity], function(factor) {
    is_asreml_structure(factor) && is_heterogeneous(asreml_names[[as.character(factor[[1L]])]])
  }, NA))
}

has_bar_outside_dsum <- function(x) !is_call_to(strip_parentheses(x), "dsum") && has_bar(x)

asreml_residual <- function(x, env) {
  x <- strip_parentheses(x)
  if (is_call_to(x, "dsum")) {
    bar <- x[[2L]][[2L]]
    if (length(x) > 2L || !is_bar(bar)) {
      abort_foreign("residual", deparse_one(x), "its further arguments are not read",
        paste("Write {.code dsum(~ ar1(row):ar1(col) | env)} for all levels, or",
          "{.code residual = list(env = list(A = ~ ar1(row), B = ~ iid))} for each its own."))
    }
    inner <- asreml_residual(bar[[2L]], env)
    by <- deparse_one(bar[[3L]])
    if (is_named_iid(inner[[2L]])) return(as_one_sided(call("diag", bar[[3L]]), env))
    return(stats::setNames(list(inner), by))
  }
  if (is_call_to(x, sommer_terms)) return(sommer_residual(x, env))
  factors <- asreml_factors(x)
  structured <- vapply(factors, is_asreml_structure, NA)
  subject <- lapply(factors[!structured], function(f) if (is.call(f)) f[[2L]] else f)
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
