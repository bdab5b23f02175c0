# Which random effects an answer is given: all, none, those of some terms, or some coefficients of
# them, as lme4's `re.form` can say.

# list(terms, coefs): numbers of the terms, and by term, NULL or the numbers of the coefficients
# that count. `random`: TRUE, FALSE, labels of terms, or a formula.
chosen_effects <- function(fit, random, argument = "random") {
  if (inherits(random, "formula")) return(effects_of_formula(fit, random, argument))
  list(terms = included_terms(fit, random, argument), coefs = NULL)
}

# lme4's re.form in our words: NULL is all, NA and ~0 are none.
random_of_re_form <- function(re.form) {
  if (is.null(re.form)) return(TRUE)
  if (inherits(re.form, "formula") && length(re.form) == 2L) {
    return(if (identical(re.form[[2L]], 0)) FALSE else re.form)
  }
  if (!identical(re.form, NA)) {
    abort_argument("re.form", deparse_one(re.form), "NULL, NA, ~0 or random terms, as ~ (1 | g)")
  }
  FALSE
}

# The numbers of the random terms.
included_terms <- function(fit, random, argument = "random") {
  if (is.logical(random) && length(random) == 1L && !is.na(random)) {
    return(if (random) seq_along(fit$random) else integer())
  }
  if (!is.character(random)) {
    abort_argument(argument, random, "TRUE, FALSE, labels of random terms or a formula of them")
  }
  unknown <- setdiff(random, term_labels(fit))
  if (length(unknown) > 0L) abort_term(argument, unknown, unique(term_labels(fit)))
  which(term_labels(fit) %in% random)
}

effects_of_formula <- function(fit, formula, argument) {
  env <- environment(formula)
  addends <- bar_addends(wrap_products(with_structure_names(formula[[length(formula)]], "bar")))
  asked <- unlist(lapply(addends, bar_terms, env), recursive = FALSE)
  source <- column_source(fit$frame, fit$contrasts)
  coefs <- vector("list", length(fit$random))
  for (term in asked) {
    found <- included_terms(fit, term$group$label, argument)
    own <- lapply(fit$random[found], `[[`, "coef_names")
    unknown <- setdiff(variable_names(stats::terms(as_one_sided(term$coefs))), names(fit$frame))
    names <- if (length(unknown) == 0L)
      column_recipe(coefficient_terms(term, source), source)$names
    unknown <- c(unknown, setdiff(names, unlist(own)))
    if (length(unknown) > 0L) abort_term_coefficient(argument, unknown, term$group$label, own)
    coefs[found] <- Map(function(before, all) union(before, which(all %in% names)), coefs[found],
      own)
  }
  list(terms = which(lengths(coefs) > 0L), coefs = coefs)
}

# Rows of a prediction in which the other coefficients count as 0.
with_chosen_coefficients <- function(fit, rows, chosen) {
  for (k in chosen$terms) {
    t <- fit$random[[k]]$n_coef
    kept <- chosen$coefs[[k]]
    if (is.null(kept) || length(kept) == t) next
    counts <- as.double(seq_len(t) %in% kept)
    of <- function(Z) Z %*% Matrix::Diagonal(x = rep_len(counts, ncol(Z)))
    rows$Z[[k]] <- of(rows$Z[[k]])
    if (!is.null(rows$added[[k]])) rows$added[[k]] <- of(rows$added[[k]])
    rows$partial <- TRUE
  }
  rows
}
