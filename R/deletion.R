# Deletion of groups of records, with the variances kept:
#
#     b - b_(S) = T_S' (P_SS)^-1 (Py)_S,   T = V^-1 X Phi = R^-1 W C^- [I; 0]
#
# Where no random effect and no residual covariance ties a group to the others, V^-1 is block
# diagonal, and the same is b - b_(S) = (Phi^-1 - X_S'V_S^-1 X_S)^-1 X_S'(Py)_S, in the space of X.
# With independent residuals the engine takes the groups out of its equations.

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
  members <- split(seq_len(fit$n), codes)
  changes <- if (length(kept) == 0L) {
    matrix(0, length(members), 0L)
  } else if (all(lengths(members) == 1L)) {
    changes_of_records(fit)[unlist(members), , drop = FALSE]
  } else if (has_iid_residual(fit)) {
    t(deletion_by_engine(fit, codes, "changes")[kept, , drop = FALSE])
  } else {
    changes_by_parts(fit, codes, members, deletion_parts(fit))
  }
  dimnames(changes) <- list(names(members), fit$fixed$names[kept])
  changes
}

# "changes": columns of X x groups; or "distances" of Cook.
deletion_by_engine <- function(fit, codes, wanted) {
  ask_one(fit, paste0("deletion_", wanted), group = as.integer(codes), n_groups = nlevels(codes))
}

changes_by_parts <- function(fit, codes, members, parts) {
  if (ncol(parts$X) <= max(lengths(members)) && is_separate(fit, parts, codes)) {
    return(changes_of_separate(parts, members))
  }
  changes_of_groups(fit, parts, members)
}

# Whether every level of the random terms, and every block of R, lies within one group.
is_separate <- function(fit, parts, codes) {
  if (any(vapply(fit$random, `[[`, NA, "related"))) return(FALSE)
  group <- as.integer(codes)
  for (Z in parts$Z) {
    entries <- methods::as(Z, "TsparseMatrix")
    own <- group[entries@i + 1L]
    first <- own[match(entries@j, entries@j)]
    if (any(own != first)) return(FALSE)
  }
  entries <- methods::as(methods::as(parts$precision, "generalMatrix"), "TsparseMatrix")
  all(group[entries@i + 1L] == group[entries@j + 1L])
}

changes_of_separate <- function(parts, members) {
  root <- chol(parts$covariance)
  # In the basis where Phi is the identity: A = (X_S R')'V_S^-1 (X_S R').
  X <- parts$X %*% t(root)
  VX <- t(backsolve(root, t(parts$weights), transpose = TRUE))
  own <- function(rows) {
    A <- crossprod(X[rows, , drop = FALSE], VX[rows, , drop = FALSE])
    left <- root_of(diag(ncol(A)) - A)
    if (is.null(left)) return(rep(NA_real_, ncol(A)))
    solve_root(left, crossprod(X[rows, , drop = FALSE], parts$Py[rows]))
  }
  changes <- vapply(members, own, numeric(ncol(X)))
  matrix(changes, ncol = ncol(X), byrow = TRUE) %*% root
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

changes_of_groups <- function(fit, parts, members, limit = 5e7) {
  size <- lengths(members)
  if (sum(as.double(size)^2) > limit) {
    abort_size("Deletion of groups that random effects tie together (squares of records)",
      sum(as.double(size)^2), limit, "Delete smaller groups.")
  }
  rows <- unlist(members, use.names = FALSE)
  K <- Matrix::crossprod(parts$W, parts$precision[, rows, drop = FALSE])
  removed <- solve_blocks(fit, as_dgc(K), size)
  VX <- information_rows(parts)
  block <- precision_blocks(parts$precision)
  own <- function(g) {
    at <- members[[g]]
    P <- block(at) - removed[[g]]
    weights <- parts$weights[at, , drop = FALSE]
    effect <- solve_within(P, P + tcrossprod(VX[at, , drop = FALSE], weights), parts$Py[at])
    if (is.null(effect)) rep(NA_real_, ncol(weights)) else crossprod(weights, effect)
  }
  matrix(vapply(seq_along(members), own, numeric(ncol(parts$X))), ncol = ncol(parts$X),
    byrow = TRUE)
}

# R^-1 of some records as a function of their numbers; a diagonal one needs no search.
precision_blocks <- function(precision) {
  if (!methods::is(precision, "diagonalMatrix")) {
    return(function(at) as.matrix(precision[at, at, drop = FALSE]))
  }
  own <- Matrix::diag(precision)
  function(at) diag(own[at], length(at))
}

# P^-1 b; nothing where P is singular beside V^-1.
solve_within <- function(P, V_inverse, b) {
  scale <- tryCatch(chol(V_inverse), error = function(e) NULL)
  if (is.null(scale)) return(NULL)
  half <- backsolve(scale, P, transpose = TRUE)
  root <- root_of(backsolve(scale, t(half), transpose = TRUE))
  if (is.null(root)) return(NULL)
  backsolve(scale, solve_root(root, backsolve(scale, b, transpose = TRUE)))
}

# The Cholesky factor of a matrix with eigenvalues from 0 to 1; NULL where it is singular.
root_of <- function(matrix) {
  root <- tryCatch(chol((matrix + t(matrix)) / 2), error = function(e) NULL)
  if (is.null(root) || min(diag(root))^2 < nothing_left) NULL else root
}

solve_root <- function(root, b) backsolve(root, backsolve(root, b, transpose = TRUE))

# A factor with the group of each record. `group`: NULL, a label, or a value for each record.
group_of_records <- function(fit, group) {
  if (identical(group, "default")) group <- if (is_mixed(fit)) fit$random[[1L]]$label
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
