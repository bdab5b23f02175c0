# ASReml's grammar: `random = ~ fa(env, 2):vm(gen, G) + at(env):block`. Each term is the direct
# product of its factors: one of them (or a product of several) is a structure, the others say whose
# it is. `scope` is list(env, data): where the matrices are, and the columns, whose types tell
# covariates from factors.

# The addends of a random formula in our grammar.
asreml_addends <- function(x, scope) {
  x <- without_mv(x, scope)
  if (identical(x, 1)) return(list())
  lapply(with_overlaid(asreml_products(x)), asreml_term, scope)
}

asreml_term <- function(term, scope) {
  if (is_call_to(term, c("spl", "spl2"))) return(term)
  if (is_call_to(term, "dev")) return(call("(", call("|", 1, term[[2L]])))
  if (is_call_to(term, "str")) return(asreml_str(term, scope))
  if (is_call_to(term, sommer_terms)) term <- sommer_term(term)
  factors <- split_factors(term, scope)
  group <- asreml_group(factors$groups, term, scope)
  if (length(factors$masks) > 0L) return(masked_term(factors, group, term))
  if (length(factors$splines) > 0L) return(spline_by_group(factors, group, term))
  if (length(factors$polynomials) > 0L) check_polynomial_scale(factors$polynomials[[1L]], "id")
  if (length(factors$structures) > 0L) return(structured_term(factors, group, term))
  if (is.null(group)) refuse_asreml(term, "it has no factor that says whose effects they are")
  covariates <- factors$covariates
  coefs <- if (length(covariates) == 0L) 1 else call("+", 0, product_of(covariates))
  call("(", call("|", coefs, group))
}

structured_term <- function(factors, group, term) {
  own <- lapply(factors$structures, asreml_structure)
  if (length(factors$covariates) + length(factors$polynomials) > 0L) {
    refuse_asreml(term, "a structure and a covariate are in one term")
  }
  if (length(own) > 1L) {
    product <- product_of(own)
    return(if (is.null(group)) call("(", product) else call("(", call("|", product, group)))
  }
  if (is.null(group)) refuse_asreml(term, "it has no factor whose effects are correlated by it")
  own <- own[[1L]]
  own[[2L]] <- call("|", own[[2L]], group)
  own
}

# at(env):block is a variance of block for each level of env, at(env, "A"):block for that level.
masked_term <- function(factors, group, term) {
  others <- unlist(factors[c("structures", "covariates", "splines", "polynomials")])
  if (length(factors$masks) > 1L || length(others) > 0L || is.null(group)) {
    refuse_asreml(term, "{.fn at} stands beside one factor")
  }
  mask <- factors$masks[[1L]]
  if (length(mask) == 2L) return(call("diag", call("|", mask[[2L]], group)))
  call("diag", call("|", call("+", 0, mask), group))
}

# spl(x):tree is a curve for each tree, all with one variance.
spline_by_group <- function(factors, group, term) {
  spline <- factors$splines[[1L]]
  others <- c(factors$structures, factors$covariates, factors$polynomials, factors$splines[-1L])
  if (length(others) > 0L || is.null(group)) {
    refuse_asreml(term, "{.fn spl} stands beside one factor")
  }
  spline[[2L]] <- call("|", spline[[2L]], group)
  spline
}
