# The linear functions of (beta, u) that means are.

# K, L (NULL where no random term is part of the means), offset, new: the variance of levels that
# the fit does not have, and empty: cells without any record to average over.
mean_functions <- function(fit, plan) {
  fixed <- fixed_functions(fit, plan)
  K <- fixed$K
  parts <- lapply(fit$random, function(term) no_columns(nrow(K), length(term$effects)))
  new <- numeric(nrow(K))
  unseen <- rep.int(FALSE, nrow(K))
  for (k in plan$terms) {
    own <- random_part(fit, plan, k)
    parts[[k]] <- own$L
    K <- with_own_groups(fit, k, K, own$L)
    new <- new + own$new
  }
  list(K = K, L = if (length(plan$terms) > 0L) as_dgc(do.call(cbind, parts)), new = new,
    offset = fixed$offset, empty = fixed$empty, why = fixed$why)
}

# The fixed part on its own table. Large ones stay sparse.
fixed_functions <- function(fit, plan) {
  fixed <- names(plan$variables)[vapply(plan$variables, `[[`, NA, "fixed")]
  part <- part_of_plan(plan, fixed)
  rows <- new_rows(fit, with_made_factors(fit, part$grid), integer(), FALSE, "mean")
  K <- part$average %*% rows$X
  K <- methods::as(K, "CsparseMatrix")
  if (length(K) <= 1e7) K <- as.matrix(K)
  dimnames(K) <- list(cell_names(plan$cells), fit$fixed$names)
  offset <- mean_offset(fit, plan, part, rows$offset)
  if (!is.null(plan$choices$only)) {
    K[, !fixed_term_of_column(fit) %in% plan$choices$only] <- 0
    offset <- 0 * offset
  }
  list(K = K, offset = offset,
    empty = Matrix::rowSums(part$average) == 0, why = function(i) first_gap(fit, part, rows$X, i))
}

fixed_term_of_column <- function(fit) c("(Intercept)", fit$fixed$labels)[fit$fixed$assign + 1L]

check_only <- function(only, fit) {
  if (is.null(only)) return(invisible())
  check_names(only, "only", "labels of terms")
  known <- c(unique(fixed_term_of_column(fit)), term_labels(fit))
  unknown <- setdiff(only, known)
  if (length(unknown) > 0L) abort_mean_term(unknown[1L], known)
}

# The mean of the records, as in emmeans; that of the grid where its variables are given.
mean_offset <- function(fit, plan, part, offset) {
  at <- attr(attr(fit$frame, "terms"), "offset")
  if (is.null(at)) return(numeric(nrow(plan$cells)))
  own <- names_in(as.list(attr(attr(fit$frame, "terms"), "variables"))[at + 1L])
  given <- c(names(plan$choices$at), names(plan$cells))
  if (!any(own %in% given)) {
    mean <- record_mean(fit$frame, frame_offset(fit$frame), "(offset)")
    return(rep.int(mean, nrow(plan$cells)))
  }
  as.vector(part$average %*% rep_len(offset, nrow(part$grid)))
}

cell_names <- function(cells) {
  do.call(paste, c(unname(lapply(cells, as.character)), sep = "."))
}

# The levels of the first part of mean i that is not estimable.
first_gap <- function(fit, part, X, i) {
  used <- which(part$average[i, ] != 0)
  gap <- used[!estimable_rows(fit, as.matrix(X[used, , drop = FALSE]))]
  if (length(gap) == 0L) return("it depends on which columns of X were dropped")
  cell <- part$grid[gap[1L], , drop = FALSE]
  paste("no estimate of", paste(names(cell), vapply(cell, as.character, ""), collapse = ", "))
}

# One random term on its own table.
random_part <- function(fit, plan, k) {
  parsed <- fit$parts$random[[k]]
  term <- fit$random[[k]]
  part <- part_of_plan(plan, unique(c(term_variables(parsed), coefficient_variables(parsed))))
  grid <- with_made_factors(fit, with_absent_roles(parsed, fit$frame, part$grid))
  Z <- part$average %*% term_rows(fit, k, grid)
  known <- seq_along(term$effects)
  added <- Z[, -known, drop = FALSE]
  list(L = Z[, known, drop = FALSE], new = new_variance(fit, k, added))
}

# Z of one random term for new rows, new levels after those of the fit.
term_rows <- function(fit, k, grid) {
  parsed <- fit$parts$random[[k]]
  variables <- c(list(parsed$coefs), frame_variables(parsed$group))
  formula <- as_one_sided(Reduce(function(a, b) call("+", a, b), Filter(is.language, variables)),
    environment(fit$formula))
  effects <- as_one_sided(effect_expression(parsed$group, parsed$coefs))
  frame <- newdata_frame(formula, fit$frame, with_fitted_times(grid, fit$frame),
    variable_names(stats::terms(effects)))
  source <- column_source(frame, fit$contrasts)
  term <- new_term_rows(k, fit, source, !fit$random[[k]]$related)
  expanded_columns(nrow(grid), random = list(term))$Z[[1L]]
}

# Of several roles in a record (direct and maternal), and of members that add up, those count that
# are asked for; the others are absent.
with_absent_roles <- function(parsed, frame, grid) {
  if (!has_partial_levels(parsed$group)) return(grid)
  for (name in setdiff(member_variables(parsed$group), names(grid))) {
    grid[[name]] <- rep.int(NA_character_, nrow(grid))
  }
  for (group in columns_of(parsed$group)) {
    columns <- frame[[matrix_name(group)]]
    grid[[matrix_name(group)]] <- matrix(0, nrow(grid), ncol(columns),
      dimnames = list(NULL, colnames(columns)))
  }
  grid
}

# With groups of unknown parents the effects of levels have those of their groups.
with_own_groups <- function(fit, k, K, L) {
  if (!has_groups(fit$random[[k]])) return(K)
  K[, group_effects(fit, k)$at] <- as.matrix(L %*% group_map(fit$random[[k]]))
  K
}
