# A term of our own from the factors of one of ASReml's, split_factors(), and its group.

own_term <- function(factors, group, term) {
  if (length(factors$splines) > 0L) return(own_spline(factors, group, term))
  if (length(factors$polynomials) > 0L) return(polynomial_term(factors, group, term))
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
  own <- own[[1L]]
  if (is.null(group) && !is_field(as.character(own[[1L]]))) {
    refuse_asreml(term, "it has no factor whose effects are correlated by it")
  }
  # Without a group all records are of one: ar1(row) of a trial.
  own[[2L]] <- call("|", own[[2L]], group %||% 1)
  own
}

# leg(x, 2):id has one variance for all columns.
polynomial_term <- function(factors, group, term) {
  polynomial <- factors$polynomials[[1L]]
  others <- c(factors$structures, factors$covariates, factors$polynomials[-1L])
  if (length(others) > 0L) refuse_asreml(term, "a polynomial stands beside one factor")
  if (is.null(group)) refuse_asreml(term, "it has no factor that says whose effects they are")
  call("id", call("|", scaled_polynomial(polynomial), group))
}

# spl(x):tree is a curve for each tree, all with one variance.
own_spline <- function(factors, group, term) {
  spline <- factors$splines[[1L]]
  others <- c(factors$structures, factors$covariates, factors$polynomials, factors$splines[-1L])
  if (length(others) > 0L) refuse_asreml(term, "{.fn spl} stands beside one factor")
  if (!is.null(group)) spline[[2L]] <- call("|", spline[[2L]], group)
  spline
}
