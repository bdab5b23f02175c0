# Degrees of freedom that are counted from the design, as SAS does.

# Of each kept column of X.
column_df <- function(fit, ddf) {
  kept_answer(fit, paste("df", ddf), function() {
    if (ddf == "containment") containment_df(fit) else between_within_df(fit)
  })
}

# ddfm = betwithin: an effect that changes within a subject has the degrees of freedom of records
# within subjects, the others, with the intercept, have those of subjects. So have all where the
# residual is unstructured and there are no random effects (SAS/STAT, details of PROC GLIMMIX).
between_within_df <- function(fit) {
  columns <- kept_columns(fit)
  group <- independent_groups(fit)
  first <- match(group, group)
  varies <- Matrix::colSums(abs(columns$X - columns$X[first, , drop = FALSE])) > 0
  within <- columns$assign %in% columns$assign[varies]
  n_groups <- max(group)
  of_subjects <- n_groups - sum(!within)
  if (is_saturated(fit)) return(rep.int(of_subjects, length(within)))
  ifelse(within, fit$n - n_groups - sum(within), of_subjects)
}

# No random terms, and an unstructured residual within subjects.
is_saturated <- function(fit) {
  if (is_mixed(fit) || has_iid_residual(fit)) return(FALSE)
  all(vapply(fit_residual(fit)$sections, function(section) {
    is_unstructured(section$structure)
  }, NA))
}

# ddfm = contain: the least rank that a random effect adds to [X, Z] of those before it, of those
# that contain the fixed effect; without such n - rank[X, Z]. Effects of fewer variables come first,
# so that blocks count before the plots within them.
containment_df <- function(fit) {
  columns <- kept_columns(fit)
  random <- random_effects_of_sas(fit)
  random <- random[order(vapply(random, function(effect) length(effect$variables), 0L))]
  rank_of <- function(effects) {
    rank_of_columns(do.call(cbind, c(list(columns$X), lapply(effects, `[[`, "Z"))))
  }
  ranks <- vapply(0:length(random), function(k) rank_of(random[seq_len(k)]), 0L)
  added <- diff(ranks)
  factors <- attr(stats::terms(fit$parts$fixed[-2L]), "factors") > 0L
  of_term <- function(j) {
    own <- if (j > 0L && j <= NCOL(factors)) {
      names_in(lapply(rownames(factors)[factors[, j]], str2lang))
    }
    inside <- vapply(random, function(effect) all(own %in% effect$variables), NA)
    if (any(inside)) min(added[inside]) else fit$n - max(ranks)
  }
  by_term <- vapply(c(0L, seq_along(fit$fixed$labels)), of_term, 0)
  by_term[columns$assign + 1L]
}

# `(1 + x | g)` is two random effects there, g and x:g. A list of list(variables, Z).
random_effects_of_sas <- function(fit) {
  source <- column_source(fit$frame, fit$contrasts)
  Z <- fit_matrices(fit)$Z
  unlist(lapply(seq_along(Z), function(k) {
    parsed <- fit$parts$random[[k]]
    recipe <- term_coefficients(parsed, source)
    assign <- rep_len(recipe$assign %||% 1L, fit$random[[k]]$n_coef)
    lapply(unique(assign), function(j) {
      own <- if (j > 0L && length(recipe$labels) > 0L) all.vars(str2lang(recipe$labels[j]))
      list(variables = c(own, level_variables(parsed$group)),
        Z = Z[[k]][, rep_len(assign == j, ncol(Z[[k]])), drop = FALSE])
    })
  }), FALSE)
}

rank_of_columns <- function(X) {
  sketched <- row_sketch(nrow(X), ncol(X)) %*% X
  length(independent_in_order(sketched))
}

# Of rows of K: the least of the columns that they use.
row_df_of_columns <- function(df) {
  force(df)
  function(K) {
    K <- abs(as.matrix(K))
    used <- K > 1e-10 * apply(K, 1L, max)
    vapply(seq_len(nrow(K)), function(i) min(df[used[i, ]]), 0)
  }
}
