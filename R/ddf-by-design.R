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
  check_has_records(fit, "{.code ddf = \"BW\"}")
  columns <- kept_columns(fit)
  group <- independent_groups(fit)
  within <- columns$assign %in% columns$assign[vary_within(columns$X, group)]
  n_groups <- max(group)
  of_subjects <- n_groups - sum(!within)
  if (is_saturated(fit)) return(rep.int(of_subjects, length(within)))
  of_records <- within_subject_parts(fit, columns$X, group)[columns$assign + 1L]
  of_records[is.na(of_records)] <- fit$n - n_groups - sum(within)
  ifelse(within, of_records, of_subjects)
}

vary_within <- function(X, group) {
  first <- match(group, group)
  Matrix::colSums(abs(X - X[first, , drop = FALSE])) > 0
}

# Of the intercept and each term; NA where the degrees of freedom within subjects are not split.
# "If there are multiple within-subject effects containing classification variables, the
# within-subject degrees of freedom are partitioned into components corresponding to the
# subject-by-effect interactions" (SAS/STAT, PROC MIXED, DDFM=BETWITHIN): the rank that subject x A
# adds to X, subjects and the interactions before it, smaller sets of factors first. Interactions
# that are one where the others are known (Latin squares) share theirs.
within_subject_parts <- function(fit, X, group) {
  factors <- within_subject_factors(fit, group)
  key <- vapply(factors, paste, "", collapse = ":")
  sets <- factors[!duplicated(key) & key != ""]
  of_none <- rep_len(NA_real_, length(factors) + 1L)
  if (length(sets) < 2L) return(of_none)
  sets <- sets[order(lengths(sets))]
  cells <- lapply(sets, function(set) interaction(fit$frame[set], drop = TRUE))
  rank_of <- function(k) rank_with_groups(X, group, cells[seq_len(k)])
  parts <- shared_where_none(diff(vapply(0:length(sets), rank_of, 0L)), lengths(sets))
  names(parts) <- vapply(sets, paste, "", collapse = ":")
  of_none[-1L] <- parts[key]
  of_none
}

# Of each fixed term, its factors that change within subjects.
within_subject_factors <- function(fit, group) {
  used <- attr(stats::terms(fit$parts$fixed[-2L]), "factors") > 0L
  changes <- vapply(rownames(used), function(name) {
    column <- fit$frame[[gsub("^`|`$", "", name)]]
    is_factor_like(column) && any(column != column[match(group, group)])
  }, NA)
  lapply(seq_along(fit$fixed$labels), function(j) rownames(used)[changes & used[, j]])
}

# rank[X, Z], Z the indicators of subject x cell: the blocks of Z are those of subjects, so that it
# is the sum of their ranks and the rank of what they leave of X. Subjects with the same cells share
# a decomposition.
rank_with_groups <- function(X, group, cells) {
  key <- if (length(cells) > 0L) row_keys(cells) else rep.int("", nrow(X))
  rows <- split(seq_along(group), group)
  rows <- lapply(rows, function(i) i[order(key[i])])
  alike <- split(rows, vapply(rows, function(i) paste(key[i], collapse = "|"), ""))
  sketch <- row_sketch(nrow(X), ncol(X))
  sketched <- matrix(0, nrow(sketch), ncol(X))
  length_of <- numeric(ncol(X))
  rank <- 0L
  for (rows in alike) {
    decomposition <- qr(cell_indicators(cells, rows[[1L]]))
    rank <- rank + length(rows) * decomposition$rank
    left <- left_by_groups(decomposition, X, unlist(rows), length(rows[[1L]]))
    length_of <- length_of + colSums(left^2)
    sketched <- sketched + as.matrix(sketch[, unlist(rows), drop = FALSE] %*% left)
  }
  sketched[, length_of <= 1e-18 * Matrix::colSums(X^2)] <- 0
  rank + length(independent_in_order(sketched))
}

cell_indicators <- function(cells, rows) {
  do.call(cbind, c(list(rep.int(1, length(rows))), lapply(cells, function(cell) {
    outer(cell[rows], unique(cell[rows]), `==`) + 0
  })))
}

# The residuals of X, each `size` rows projected by themselves.
left_by_groups <- function(decomposition, X, rows, size) {
  X <- as.matrix(X[rows, , drop = FALSE])
  matrix(qr.resid(decomposition, matrix(X, size)), length(rows), ncol(X))
}

# Sets of as many factors of which one adds nothing.
shared_where_none <- function(added, size) {
  for (of_size in unique(size[added == 0])) {
    added[size == of_size] <- sum(added[size == of_size])
  }
  added
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

# Of rows of K: that of the last effect that each uses, as ESTIMATE of SAS takes that of the effect
# listed last.
row_df_of_columns <- function(df) {
  force(df)
  function(K) {
    K <- abs(as.matrix(K))
    used <- K > 1e-10 * apply(K, 1L, max)
    df[max.col(used, "last")]
  }
}

# Of a fixed term; NULL for other degrees of freedom, and for what is no term.
df_of_term <- function(fit, ddf, label) {
  if (!is_by_design(ddf) || has_exact_t(fit)) return(NULL)
  columns <- which(kept_columns(fit)$assign %in% match(label, fit$fixed$labels))
  if (length(columns) > 0L) column_df(fit, ddf)[columns[1L]]
}

# Of the term of just these variables, as LSMEANS of SAS takes it; NULL where the model has none.
df_of_variables <- function(fit, ddf, variables) {
  own <- Filter(function(label) {
    setequal(all.vars(str2lang(label)), variables)
  }, attr(stats::terms(fit$parts$fixed[-2L]), "term.labels"))
  if (length(own) > 0L) df_of_term(fit, ddf, own[1L])
}
