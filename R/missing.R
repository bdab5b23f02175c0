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
  is_unknown <- function(labels) tolower(trimws(labels)) %in% tolower(unknown_parents)
  unknown <- if (is.factor(x)) is_unknown(levels(x))[as.integer(x)] else
    is_unknown(as.character(x))
  x[which(unknown)] <- NA
  x
}

# A covariate is needed only where a term that has it applies: a value that is missing where at()
# is zero is any value.
fill_where_masked <- function(frame, parts) {
  if (!any(vapply(frame, is_mask, NA))) return(frame)
  factors <- attr(stats::terms(parts$fixed), "factors")
  if (length(factors) == 0L) return(frame)
  rownames(factors) <- variable_names(stats::terms(parts$fixed))
  others <- c(unlist(lapply(parts$random, function(term) {
    c(all.vars(term$coefs), names_in(frame_variables(term$group)))
  })), names_in(residual_variables(parts$residual)))
  for (name in setdiff(intersect(rownames(factors), names(frame)), others)) {
    x <- frame[[name]]
    # The response is in no term.
    if (is.matrix(x) || !anyNA(x) || all(factors[name, ] == 0)) next
    of_terms <- lapply(which(factors[name, ] > 0), function(k) {
      where_applied(frame[rownames(factors)[factors[, k] > 0]])
    })
    needed <- Reduce(`|`, of_terms)
    any_value <- if (is.factor(x)) levels(x)[1L] else x[which(!is.na(x))[1L]]
    frame[[name]][which(is.na(x) & !needed)] <- any_value
  }
  frame
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
