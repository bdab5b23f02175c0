# Kronecker products as random terms: `(ar1(row):ar1(col) | field)`, `(us(trait):ar1(time) | id)`,
# and `ar1(row):ar1(col)` for a single field, in the notation of residuals. A product_term has
# `factors`, as parse_residual_factor() gives them; `coefs` is the sum of their variables, for the
# model frame. The coefficients are all combinations of the positions of the factors, the first
# factor slowest.

# So many coefficients of one level may be a random term: their covariance is dense.
most_product_coefs <- 400L

is_structure_call <- function(x) is_call_to(x, written_structures)

is_product <- function(x) {
  is_call_to(strip_parentheses(x), ":") &&
    any(vapply(split_interaction(x), is_structure_call, NA))
}

# `a(x):b(y)` without a bar is `(a(x):b(y) | 1)`, and `snp(M)` is `(1 | snp(M))`.
wrap_products <- function(rhs) {
  wrap_addends(wrap_markers(rhs), function(addend) {
    bare <- strip_parentheses(addend)
    if (is_product(bare)) call("(", call("|", bare, 1)) else addend
  })
}

wrap_markers <- function(rhs) {
  wrap_addends(rhs, function(addend) {
    bare <- strip_parentheses(addend)
    if (is_call_to(bare, "snp")) call("(", call("|", 1, snp_group(bare))) else addend
  })
}

wrap_addends <- function(rhs, wrap) {
  if (!is_call_to(rhs, c("+", "-"))) return(wrap(rhs))
  rhs[-1L] <- lapply(as.list(rhs)[-1L], wrap_addends, wrap)
  rhs
}

# The term of a bar whose left side is a product.
product_term <- function(addend, env) {
  bar <- addend[[2L]]
  expressions <- split_interaction(bar[[2L]])
  known <- vapply(expressions, is_structure_call, NA)
  if (!all(known)) abort_product_factor(addend, expressions[[which(!known)[1L]]])
  if (is_call_to(bar, "||")) abort_bar(addend, "`||` has no meaning in a product", "Use one bar.")
  residual <- structure(call("~", bar), class = "formula", .Environment = env)
  factors <- lapply(expressions, parse_residual_factor, residual, env)
  variables <- unlist(lapply(factors, `[[`, "variables"), FALSE)
  group <- if (is.numeric(strip_parentheses(bar[[3L]]))) {
    whole_group(lapply(factors, `[[`, "index"))
  } else {
    parse_group(bar[[3L]], addend)
  }
  coefs <- Reduce(function(a, b) call("+", a, b), variables)
  new_term(product_structure, coefs, group, named = TRUE, factors = factors, class = "product_term")
}

# One level that all records have.
whole_group <- function(indices) {
  new_group(paste(vapply(indices, deparse_one, ""), collapse = ":"), list())
}
