# Rows to predict: X, Z by term, offset; complete (which rows of newdata have no missing values) and
# added (by term, NULL or the columns of Z of levels that were not in the fit).

fitted_rows <- function(fit) {
  matrices <- fit_matrices(fit)
  list(
    X = matrices$X, Z = matrices$Z, offset = frame_offset(fit$frame) %||% 0, complete = NULL,
    added = vector("list", length(fit$random))
  )
}

# groups: the effects of groups of unknown parents by the animals of the rows, or (for a reference
# grid, which has no animals) at the mean of the records.
new_rows <- function(fit, newdata, included, allow_new_levels, groups = c("animal", "mean")) {
  if (!is.data.frame(newdata)) abort_data(newdata)
  groups <- match.arg(groups)
  if (groups == "mean") newdata <- with_fitted_times(newdata, fit$frame)
  grouped <- which(vapply(fit$random, has_groups, NA))
  needed <- if (groups == "animal") union(included, grouped) else included
  formula <- new_formula(fit, fit$parts$random[needed])
  spared <- if (length(needed) > 0L) setdiff(all.vars(formula), all.vars(new_formula(fit, list())))
  frame <- newdata_frame(formula, fit$frame, newdata, effect_columns(fit, needed), spared)
  frame <- with_unknown_levels(fill_where_masked(frame, fit$parts), fit$parts)
  frame <- with_absent_weights(frame, fit$parts)
  complete <- stats::complete.cases(frame[setdiff(names(frame), attr(fit$frame, "optional"))])
  kept <- frame[complete, , drop = FALSE]
  source <- column_source(kept, fit$contrasts)
  fixed <- column_recipe(one_sided_terms(fit$parts$fixed), source)$terms
  random <- lapply(needed, new_term_rows, fit, source, allow_new_levels)
  matrices <- expanded_columns(nrow(kept), fixed, random)
  rows <- empty_rows(fit, nrow(kept))
  attr(kept, "terms") <- attr(frame, "terms")
  rows$offset <- frame_offset(kept) %||% 0
  rows$complete <- complete
  rows$names <- row.names(frame)
  rows$X <- matrices$X
  if (length(grouped) > 0L) {
    Z <- matrices$Z[match(grouped, needed)]
    rows$X <- cbind(rows$X, if (groups == "mean") mean_group_rows(fit, grouped, nrow(kept)) else
      new_group_rows(fit, grouped, Z))
  }
  for (k in included) {
    rows <- with_term_rows(rows, fit$random[[k]], k, matrices$Z[[match(k, needed)]])
  }
  rows
}

# Z of term k, its columns of new levels apart.
with_term_rows <- function(rows, term, k, Z) {
  known <- seq_len(term$n_coef * term$n_levels)
  rows$Z[[k]] <- Z[, known, drop = FALSE]
  if (ncol(Z) > length(known)) rows$added[[k]] <- Z[, -known, drop = FALSE]
  rows
}

# The variables of the fixed part and of the chosen terms, with the offset.
new_formula <- function(fit, terms) {
  formula <- fit$parts$fixed
  used <- c(list(formula[[3L]]), lapply(terms, `[[`, "coefs"), lapply(terms, group_variables))
  formula[[3L]] <- Reduce(function(a, b) call("+", a, b), Filter(Negate(is.null), used))
  formula
}

# Columns whose levels have effects or coefficients of their own: not those that only form groups.
effect_columns <- function(fit, included) {
  formulas <- c(list(fit$parts$fixed[-2L]), lapply(fit$parts$random[included], function(term) {
    as_one_sided(effect_expression(term$group, term$coefs))
  }))
  unlist(lapply(formulas, function(formula) variable_names(stats::terms(formula))))
}

empty_rows <- function(fit, n) {
  zero <- lapply(fit$random, function(term) {
    columns <- term$n_coef * term$n_levels
    new_dgc(integer(), integer(columns + 1L), double(), c(n, columns))
  })
  list(Z = zero, added = vector("list", length(fit$random)))
}

# A random term for new records, with levels that the fit lacks after those that it has.
new_term_rows <- function(k, fit, source, allow_new_levels) {
  term <- fit$random[[k]]
  recipe <- fitted_recipe(fit$parts$random[[k]], term, source)
  check_member_columns(term$group, fit$frame, source$frame)
  met <- new_incidence(term$group, term, recipe, source, allow_new_levels)
  if (met$last > term$n_levels && has_groups(term)) abort_new_level_of_groups(term$label)
  list(
    label = term$label, structure = term$structure, n_coef = term$n_coef, n_levels = met$last,
    incidence = met$incidence, relationship = list(type = "identity")
  )
}

row_predictions <- function(fit, rows, included) {
  beta <- fit$fixed$estimate
  dropped <- is.na(beta)
  if (any(dropped) && !is.null(rows$complete) && !all(told_by_kept(fit, rows$X))) {
    warn_rank_deficient(fit$fixed$names[dropped])
  }
  beta[dropped] <- 0
  eta <- as.vector(rows$X %*% beta)
  for (k in included) eta <- eta + as.vector(rows$Z[[k]] %*% as.vector(fit$random[[k]]$effects))
  eta
}

# Rows whose value does not depend on which columns were dropped, as far as that is looked at: those
# without an entry in dropped columns, and, where these are all of genetic groups, estimable ones.
told_by_kept <- function(fit, X) {
  dropped <- which(is.na(fit$fixed$estimate))
  if (!any(X[, dropped] != 0)) return(TRUE)
  if (!all(dropped %in% which_group_columns(fit))) return(FALSE)
  estimable_rows(fit, as.matrix(X))
}

# Levels that the fit lacks are independent of the others, with the variance of the term.
new_variance <- function(fit, k, Z) {
  if (ncol(Z) == 0L) return(numeric(nrow(Z)))
  sigma <- term_covariance(fit$random[[k]], k, fit$parameters)
  levels <- Matrix::Diagonal(ncol(Z) / nrow(sigma))
  Matrix::rowSums((Z %*% Matrix::kronecker(levels, sigma)) * Z)
}
