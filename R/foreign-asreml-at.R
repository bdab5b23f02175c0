# ASReml's at(): a term in the records of some levels alone. at(env):x is at(env, "A"):x and so on,
# a term for each level, with variances and correlations of its own.

# The factors of a term with at(), NULL of another one.
masked_factors <- function(term, scope) {
  if (is_call_to(term, c("spl", "spl2", "dev", "str", sommer_terms))) return(NULL)
  factors <- split_factors(term, scope)
  if (length(factors$masks) == 0L) return(NULL)
  if (length(factors$masks) > 1L) {
    refuse_asreml(term, "{.fn at} stands in it twice",
      "Make one factor of both: {.fn interaction}.")
  }
  factors
}

# Addends of our own. Where nothing but variances differs they are one term.
masked_terms <- function(factors, term, scope) {
  mask <- factors$masks[[1L]]
  group <- asreml_group(factors$groups, term, scope)
  if (length(c(factors$structures, factors$splines, factors$polynomials)) == 0L) {
    return(list(masked_columns(mask, factors$covariates, group, term)))
  }
  if (length(factors$splines) > 0L) {
    spline <- own_spline(factors, group, term)
    spline$by <- if (length(mask) == 2L) mask[[2L]] else mask
    return(list(spline))
  }
  lapply(mask_levels(mask, term, scope), function(level) {
    own_term(factors, masked_group(group, call("at", mask[[2L]], level), term), term)
  })
}

# at(env):block is a variance of block for each level of env, at(env, "A"):block for that level.
masked_columns <- function(mask, covariates, group, term) {
  if (is.null(group)) refuse_asreml(term, "it has no factor that says whose effects they are")
  if (length(mask) == 2L && length(covariates) == 0L) {
    return(call("diag", call("|", mask[[2L]], group)))
  }
  call("diag", call("|", call("+", 0, product_of(c(list(mask), covariates))), group))
}

# By name.
mask_levels <- function(mask, term, scope) {
  column <- if (is.symbol(mask[[2L]])) scope$data[[as.character(mask[[2L]])]]
  if (is.null(column)) refuse_asreml(term, "the levels of {.fn at} are not those of a column")
  levels <- if (length(mask) > 2L) {
    tryCatch(eval(mask[[3L]], scope$env), error = function(e) {
      refuse_asreml(term, "the levels of {.fn at} were not found")
    })
  }
  colnames(at(column, levels))
}

# The levels of a group, or one level, in the records of a mask.
masked_group <- function(group, mask, term) {
  if (is.null(group)) return(call("mm", mask))
  if (is.symbol(group)) return(as.call(list(quote(mm), group, weights = mask)))
  if (!is_call_to(group, "gr")) {
    refuse_asreml(term, "{.fn at} stands beside one factor and a structure",
      "Make a column of the interaction: {.fn interaction}.")
  }
  as.call(c(list(quote(mm), group[[2L]], weights = mask), as.list(group)[3L]))
}
