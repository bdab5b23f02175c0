# Deletion of records, with the variances kept: groups the engine takes out of its equations, and of
# single ones
#
#     b - b_(i) = T_i Py_i / P_ii,   T = V^-1 X Phi = R^-1 W C^- [I; 0]

# Over the kept columns: X, T as `weights`, Phi as `covariance` and `random`, the rows of C^- of the
# random effects; Py; Z, W and R^-1.
deletion_parts <- function(fit, limit = 5e7) {
  kept <- estimated_columns(fit)
  if (fit$n * length(kept) > limit) {
    abort_size("Deletion of records (records x fixed effects)", fit$n * length(kept), limit,
      "Fit fewer fixed effects, or take some as random.")
  }
  matrices <- fit_matrices(fit)
  W <- whole_design(fit, matrices)
  precision <- residual_precision(fit)
  columns <- error_columns(fit, kept)
  list(
    X = as.matrix(matrices$X[, kept, drop = FALSE]), Z = matrices$Z, W = W, precision = precision,
    weights = times_precision(precision, W %*% columns),
    covariance = columns[kept, , drop = FALSE],
    random = columns[-seq_along(fit$fixed$names), , drop = FALSE],
    Py = as.vector(precision %*% (frame_response(fit$frame) - fit$fitted))
  )
}

# b - b_(S) for each group S, groups x kept columns; NA where a fixed effect cannot be estimated
# without the group.
deletion_changes <- function(fit, codes) {
  kept <- estimated_columns(fit)
  changes <- if (length(kept) == 0L) {
    matrix(0, nlevels(codes), 0L)
  } else if (nlevels(codes) == fit$n) {
    changes_of_records(fit)[order(codes), , drop = FALSE]
  } else {
    t(deletion_by_engine(fit, codes, "changes")[kept, , drop = FALSE])
  }
  dimnames(changes) <- list(levels(codes), fit$fixed$names[kept])
  changes
}

# "changes": columns of X x groups; or "distances" of Cook.
deletion_by_engine <- function(fit, codes, wanted) {
  ask_one(fit, paste0("deletion_", wanted), group = as.integer(codes), n_groups = nlevels(codes))
}

changes_of_records <- function(fit) {
  parts <- deletion_parts(fit)
  parts$weights * record_effects(fit, taken_by_parts(parts))
}

# Py / P of each record, NA where a fixed effect depends on it alone. taken: (V^-1 - P)_ii.
record_effects <- function(fit, taken, own = projection_parts(fit)) {
  ifelse(1 - leverage_of(taken, own$P_diagonal) > nothing_left, own$Py / own$P_diagonal, NA)
}

# Cook's distances of single records, without the changes of all coefficients.
cook_of_records <- function(fit) {
  p <- length(estimated_columns(fit))
  taken <- taken_of_records(fit)
  cook <- if (p == 0L) rep(NA_real_, fit$n) else record_effects(fit, taken)^2 * taken / p
  stats::setNames(cook, row.names(fit$frame))
}

# The diagonal of V^-1 - P.
taken_of_records <- function(fit, few = 1e6) {
  p <- length(estimated_columns(fit))
  if (p == 0L) return(numeric(fit$n))
  if (has_iid_residual(fit) && fit$n * p > few) return(taken_by_leverages(fit))
  taken_by_parts(deletion_parts(fit))
}

# V^-1 - P = V^-1 X T', record by record.
taken_by_parts <- function(parts) {
  if (ncol(parts$X) == 0L) return(numeric(nrow(parts$X)))
  rowSums(information_rows(parts) * parts$weights)
}

# With independent residuals P = R^-1 - R^-1 W C^- W'R^-1, and V^-1 is the same without X.
taken_by_leverages <- function(fit) {
  own <- Matrix::diag(residual_precision(fit))
  random <- if (is_mixed(fit)) {
    spec <- fit_spec(fit)
    spec$fixed <- list()
    ask_refitted(fit, spec, fit, question("leverages"))
  }
  own^2 * residual_variance(fit) * (record_shares(fit) - (random %||% 0))
}

# V^-1 X = R^-1 (X + Z C^ub Phi^-1).
information_rows <- function(parts) {
  X <- parts$X
  if (length(parts$Z) > 0L) {
    X <- X + as.matrix(do.call(cbind, parts$Z) %*%
      (parts$random %*% inverse_covariance(parts$covariance)))
  }
  times_precision(parts$precision, X)
}

# R^-1 M, dense. Copies of M are what takes time where R is diagonal.
times_precision <- function(precision, M) {
  M <- as.matrix(M)
  if (methods::is(precision, "diagonalMatrix")) return(Matrix::diag(precision) * M)
  as.matrix(precision %*% M)
}

# 1 - P_ii / (V^-1)_ii: the share of a record's information that the fixed effects take. Cook's
# distance of a record is r^2 h / ((1 - h) rank) with it.
leverage_of <- function(taken, P_diagonal) taken / (taken + pmax(P_diagonal, 0))

# A factor with the group of each record. `group`: NULL, a label, or a value for each record.
group_of_records <- function(fit, group) {
  if (identical(group, "default")) {
    single <- vapply(fit$parts$random, function(term) is_single(term$group), NA)
    group <- if (any(single)) fit$random[[which(single)[1L]]]$label
  }
  if (is.null(group)) {
    # factor() would look each name up; they differ.
    return(structure(seq_len(fit$n), levels = row.names(fit$frame), class = "factor"))
  }
  if (is.character(group) && length(group) == 1L) return(levels_of_records(fit, group))
  if (length(group) != fit$n || anyNA(group)) {
    abort_argument("group", length(group),
      paste("a label, or a value for each of", fit$n, "records"))
  }
  factor(group)
}

levels_of_records <- function(fit, label) {
  k <- match(label, term_labels(fit))
  if (is.na(k)) abort_term("group", label, unique(term_labels(fit)))
  incidence <- fit_spec(fit)$random[[k]]$incidence
  if (length(incidence) > 1L) {
    abort_argument("group", label, paste(
      "a term that gives each record one level, or a value for each of", fit$n, "records"))
  }
  levels <- fit$random[[k]]$levels
  droplevels(factor(levels[incidence[[1L]]$levels], levels))
}
