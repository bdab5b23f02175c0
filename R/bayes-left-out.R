# Log predictive densities of records, or of groups of them, without them, given draws of the
# variance parameters.

# groups: a factor over the records, or NULL for single ones. Draws x groups.
left_out_densities <- function(fit, at, groups = NULL) {
  posterior <- reopened(fit)
  groups <- groups %||% factor(seq_len(fit$n))
  order <- order(groups)
  blocks <- residual_blocks(fit, groups, order)
  rows <- fitted_rows(fit)
  W <- do.call(cbind, c(list(rows$X), rows$Z))[order, , drop = FALSE]
  response <- (frame_response(fit$frame) - rows$offset)[order]
  if (!is.null(posterior$moved$mean)) response <- response - as.vector(W %*% posterior$moved$mean)
  own <- list(design = functions_to_engine(posterior, as_dgc(Matrix::t(W))), response = response,
    first = c(0L, cumsum(tabulate(groups, nlevels(groups)))))
  values <- fit$posterior$values[at, , drop = FALSE]
  found <- lapply(chunks_of(length(at), max(1L, as.integer(4e6 / blocks$size))), function(chunk) {
    some <- values[chunk, , drop = FALSE]
    t(engine_left_out(posterior$handle, to_engine(posterior, some), own, blocks$at(some)))
  })
  density <- do.call(rbind, found)
  colnames(density) <- levels(groups)
  alone <- which(colSums(!is.finite(density)) > 0)
  if (length(alone) > 0L) {
    abort_bayes_question(paste0("`loo()` of what alone tells an effect (",
      if (nlevels(groups) == fit$n) "record " else "group ", levels(groups)[alone[1L]], ")"),
    "Compare models by {.fn marginal_likelihood}.")
  }
  density
}

# R of each group as a column of numbers: list(size, at), at(values) has a column for each row of
# values.
residual_blocks <- function(fit, groups, order) {
  count <- tabulate(groups, nlevels(groups))
  size <- sum(as.double(count)^2)
  if (size > most_entries) {
    abort_size("R of the groups", size, most_entries, "Take smaller groups.", "entries")
  }
  before <- cumsum(c(0, count^2))[as.integer(groups)]
  place <- integer(fit$n)
  place[order] <- sequence(count)
  position <- function(i, j) before[i] + place[i] + (place[j] - 1) * count[as.integer(groups[i])]
  weights <- fit_weights(fit)
  if (has_iid_residual(fit)) {
    diagonal <- position(seq_len(fit$n), seq_len(fit$n))
    at <- function(values) {
      found <- matrix(0, size, nrow(values))
      found[diagonal, ] <- outer(1 / weights, values[, ncol(values)])
      found
    }
    return(list(size = size, at = at))
  }
  sections <- fit_residual(fit)$sections
  check_separate_residual(fit, sections, groups)
  at <- function(values) {
    vapply(seq_len(nrow(values)), function(d) {
      found <- numeric(size)
      for (k in seq_along(sections)) {
        own <- section_entries(sections[[k]], k, fit$parameters, values[d, ])
        kept <- groups[own$i] == groups[own$j]
        i <- own$i[kept]
        j <- own$j[kept]
        found[position(i, j)] <- own$x[kept] / sqrt(weights[i] * weights[j])
      }
      found
    }, numeric(size))
  }
  list(size = size, at = function(values) matrix(at(values), size))
}

# No residual covariance between records of two groups.
check_separate_residual <- function(fit, sections, groups) {
  for (k in seq_along(sections)) {
    own <- section_entries(sections[[k]], k, fit$parameters, fit$parameters$estimate)
    if (any(own$x != 0 & groups[own$i] != groups[own$j])) abort_left_out_residual()
  }
}

# The groups that a user names: NULL for records, a formula of variables of the fit, or what
# influence() takes.
left_out_groups <- function(fit, group) {
  if (is.null(group)) return(NULL)
  if (!inherits(group, "formula")) return(droplevels(group_of_records(fit, group)))
  names <- all.vars(group)
  unknown <- setdiff(names, names(fit$frame))
  if (length(group) != 2L || length(names) == 0L || length(unknown) > 0L) {
    abort_argument("group", group, paste("a formula of variables of the fit, as in",
      deparse_one(stats::reformulate(names(fit$frame)[length(fit$frame)]))))
  }
  interaction(fit$frame[names], drop = TRUE, lex.order = TRUE)
}
