# Groups of records that are independent of each other: those that no random effect and no residual
# covariance ties.

# A code for each record, 1, 2, ...
independent_groups <- function(fit) {
  kept_answer(fit, "independent groups", function() {
    ties <- c(random_ties(fit), residual_ties(fit))
    group <- seq_len(fit$n)
    repeat {
      before <- group
      # Each record and each level take the least number of those that they meet.
      for (tie in ties) {
        least <- rep.int(Inf, max(tie$level))
        order <- order(group[tie$record], decreasing = TRUE)
        least[tie$level[order]] <- group[tie$record][order]
        order <- order(least[tie$level], decreasing = TRUE)
        group[tie$record[order]] <- least[tie$level][order]
        group <- pmin(group, before)
      }
      if (identical(group, before)) break
    }
    match(group, unique(group))
  })
}

# list(record, level) of each random term; of related levels all are one.
random_ties <- function(fit) {
  Map(function(term, Z) {
    entries <- methods::as(methods::as(Z, "CsparseMatrix"), "TsparseMatrix")
    level <- entries@j %/% term$n_coef + 1L
    list(record = entries@i + 1L, level = if (term$related) rep.int(1L, length(level)) else level)
  }, fit$random, fit_matrices(fit)$Z)
}

residual_ties <- function(fit) {
  if (has_iid_residual(fit)) return(NULL)
  lapply(fit_residual(fit)$sections, function(section) {
    if (is_iid_section(section)) return(list(record = section$records, level = section$records))
    list(record = section$records, level = section$subject)
  })
}
