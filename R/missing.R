# Missing values: which records are left out, and which need not be.

# Groups of random terms alone: with na_random = "zero" a record without a level has no effect of
# that term.
optional_groups <- function(parts, frame) {
  is_group <- !vapply(parts$random, is_spline_term, NA)
  groups <- unlist(lapply(parts$random[is_group], function(term) column_names(term$group)))
  others <- unlist(lapply(parts$random[!is_group], function(term) {
    names_in(frame_variables(term$group))
  }))
  setdiff(intersect(groups, names(frame)), c(others, effect_variables(parts)))
}

# Members of mm() alone, of which a record may have fewer, and genotypes, where a missing one is the
# mean of its marker.
optional_members <- function(parts, frame) {
  members <- unlist(lapply(parts$random, function(term) {
    c(lapply(sums_of(term$group), column_names),
      if (inherits(term$group, "marker_group")) column_names(term$group))
  }))
  others <- unlist(lapply(parts$random, function(term) {
    own <- c(unlist(lapply(sums_of(term$group), column_names)),
      if (inherits(term$group, "marker_group")) column_names(term$group))
    setdiff(unlist(lapply(frame_variables(term$group), deparse_one)), own)
  }))
  setdiff(intersect(members, names(frame)), c(others, effect_variables(parts)))
}

column_names <- function(group) vapply(group$variables, deparse_one, "")

# Variables with effects of their own.
effect_variables <- function(parts) {
  c(all.vars(parts$fixed), unlist(lapply(parts$random, function(term) all.vars(term$coefs))),
    names_in(residual_variables(parts$residual)))
}

# A member that is not there needs no weight.
with_absent_weights <- function(frame, parts) {
  for (group in unlist(lapply(parts$random, function(term) sums_of(term$group)), FALSE)) {
    weights <- unlist(lapply(weight_columns(group), deparse_one))
    if (is.null(weights) || is.null(frame[[weights]])) next
    members <- is.na(frame[column_names(group)])
    fits <- is.numeric(frame[[weights]]) && identical(dim(frame[[weights]]), dim(members))
    if (fits) frame[[weights]][members] <- 0
  }
  frame
}

# How many records have fewer members than columns, by term.
tell_absent <- function(frame, parts) {
  for (group in unlist(lapply(parts$random, function(term) sums_of(term$group)), FALSE)) {
    absent <- rowSums(is.na(frame[column_names(group)]))
    if (any(absent > 0)) {
      inform_absent(column_names(group), nrow(frame), sum(absent > 0),
        sum(absent == length(group$variables)))
    }
  }
}

# Codes of an unknown parent are no animals of a pedigree: gr(maternal = dam) of a dam "0".
with_unknown_levels <- function(frame, parts) {
  for (term in parts$random) {
    if (!isTRUE(term$group$relationship$kind %in% c("pedigree", "single_step"))) next
    columns <- unlist(lapply(columns_of(term$group), column_names))
    for (name in setdiff(column_names(term$group), columns)) {
      if (!is.null(frame[[name]])) frame[[name]] <- without_unknown(frame[[name]])
    }
  }
  frame
}

without_unknown <- function(x) {
  if (is_whole_column(x)) return(without_numbers(x, unknown_parents))
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
    if (is.null(x) || is_mask(x) || !anyNA(x)) next
    needed <- Reduce(`|`, uses[names(uses) == name])
    if (is.matrix(x)) {
      frame[[name]][which(rowSums(is.na(x)) > 0 & !needed), ] <- 0
      next
    }
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

# A group is needed where one of its coefficients applies, and with at() in it both are there alone.
random_uses <- function(term, frame) {
  variables <- frame_variables(term$group)
  own <- vapply(variables, deparse_one, "")
  groups <- c(names_in(variables), own)
  inside <- where_applied(frame[intersect(own, names(frame))])
  uses <- uses_of_coefficients(term, groups, frame)
  stats::setNames(lapply(uses, `&`, inside), names(uses))
}

uses_of_coefficients <- function(term, groups, frame) {
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
