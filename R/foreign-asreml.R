# ASReml's grammar: `random = ~ fa(env, 2):vm(gen, G) + at(env):block`. Each term is the direct
# product of its factors: one of them (or a product of several) is a structure, the others say whose
# it is. `scope` is list(env, data): where the matrices are, and the columns, whose types tell
# covariates from factors.

# The addends of a random formula in our grammar.
asreml_addends <- function(x, scope) {
  x <- without_mv(x, scope)
  if (identical(x, 1)) return(list())
  unlist(lapply(with_overlaid(asreml_products(x)), function(term) {
    factors <- masked_factors(term, scope)
    if (is.null(factors)) list(asreml_term(term, scope)) else masked_terms(factors, term, scope)
  }), FALSE)
}

asreml_term <- function(term, scope) {
  if (is_call_to(term, c("spl", "spl2"))) return(term)
  if (is_call_to(term, "dev")) return(call("(", call("|", 1, term[[2L]])))
  if (is_call_to(term, "str")) return(asreml_str(term, scope))
  if (is_call_to(term, sommer_terms)) term <- sommer_term(term)
  factors <- split_factors(term, scope)
  own_term(factors, asreml_group(factors$groups, term, scope), term)
}
