# Missing values: which records are left out, and which need not be.

# Groups of random terms alone: with na_random = "zero" a record without a level has no effect of
# that term.
optional_groups <- function(parts, frame) {
  groups <- unlist(lapply(parts$random, function(term) {
    if (!is_spline_term(term)) lapply(term$group$variables, deparse_one)
  }))
  others <- c(
    all.vars(parts$fixed), unlist(lapply(parts$random, function(term) all.vars(term$coefs))),
    names_in(residual_variables(parts$residual)), unlist(lapply(parts$random, function(term) {
      if (is_spline_term(term)) names_in(frame_variables(term$group))
    }))
  )
  setdiff(intersect(groups, names(frame)), others)
}

# Codes of an unknown parent are no animals of a pedigree: gr(maternal = dam) of a dam "0".
with_unknown_levels <- function(frame, parts) {
  for (term in parts$random) {
    relationship <- term$group$relationship
    if (!identical(relationship$kind, "pedigree") || !is.null(relationship$kept)) next
    for (name in vapply(term$group$variables, deparse_one, "")) {
      if (!is.null(frame[[name]])) frame[[name]] <- without_unknown(frame[[name]])
    }
  }
  frame
}

without_unknown <- function(x) {
  is_unknown <- function(labels) is.na(without_codes(trimws(labels), unknown_parents))
  unknown <- if (is.factor(x)) is_unknown(levels(x))[as.integer(x)] else
    is_unknown(as.character(x))
  x[which(unknown)] <- NA
  x
}

# A column is needed only where a term that has it applies: a value that is missing where at() is
# zero is any value.
fill_where_masked <- function(frame, parts) {
  if (!any(vapply(frame, is_mask, NA))) return(frame)
  random <- unlist(lapply(parts$random, random_uses, frame), FALSE)
  uses <- c(column_uses(parts$fixed, frame), random,
    everywhere(names_in(residual_variables(parts$residual)), frame))
  for (name in unique(names(uses))) {
    x <- frame[[name]]
    if (is.null(x) || is.matrix(x) || !anyNA(x)) next
    needed <- Reduce(`|`, uses[names(uses) == name])
    any_value <- if (is.factor(x)) levels(x)[1L] else x[which(!is.na(x))[1L]]
    frame[[name]][which(is.na(x) & !needed)] <- any_value
  }
  frame
}

# By column of the frame the records to which a term with it applies; the response is in none.
column_uses <- function(formula, frame) {
  terms <- stats::terms(formula)
  factors <- attr(terms, "factors")
  if (length(factors) == 0L) return(list())
  rownames(factors) <- variable_names(terms)
  of_terms <- lapply(seq_len(ncol(factors)), function(k) {
    used <- rownames(factors)[factors[, k] > 0]
    stats::setNames(rep(list(where_applied(frame[used])), length(used)), used)
  })
  unlist(of_terms, FALSE)
}

everywhere <- function(names, frame) {
  stats::setNames(rep(list(rep(TRUE, nrow(frame))), length(names)), names)
}

# A group is needed where one of its coefficients applies.
random_uses <- function(term, frame) {
  groups <- names_in(frame_variables(term$group))
  plain <- is.null(term$factors) && !is_spline_term(term) && is.language(term$coefs)
  if (!plain) {
    return(everywhere(unique(c(all.vars(term$coefs), groups)), frame))
  }
  coefs <- as_one_sided(term$coefs)
  uses <- column_uses(coefs, frame)
  intercept <- attr(stats::terms(coefs), "intercept") == 1L
  applied <- if (intercept || length(uses) == 0L) rep(TRUE, nrow(frame)) else Reduce(`|`, uses)
  c(uses, stats::setNames(rep(list(applied), length(groups)), groups))
}

# The records to which the product of these columns applies.
where_applied <- function(columns) {
  masks <- Filter(is_mask, columns)
  applies <- lapply(masks, function(mask) rowSums(unclass(mask) != 0) > 0)
  Reduce(`&`, applies, rep(TRUE, nrow(columns)))
}

# list(columns as counts of missing values) of the records that go, for the message.
missing_counts <- function(frame) {
  counts <- vapply(frame, function(x) {
    sum(if (is.matrix(x)) rowSums(is.na(x)) > 0 else is.na(x))
  }, 0)
  counts[counts > 0]
}
