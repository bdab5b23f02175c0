# Hypotheses of the terms of the fixed part: a list of matrices over the columns of X that were
# kept, by term. Types 1, 2 and 3 are those of SAS, in the rows that lmerTest chooses.

# More columns than this would be dense work of minutes.
largest_anova <- 2000L

term_hypotheses <- function(fit, type) {
  p <- sum(!is.na(fit$fixed$estimate))
  if (p > largest_anova) {
    abort_size("`anova()`", p, largest_anova, "Test chosen rows by `contest()`.",
      "fixed effects")
  }
  labels <- fit$fixed$labels
  if (length(labels) == 0L) return(list())
  kept_answer(fit, paste("hypotheses", type), function() {
    make <- list(type1_hypotheses, type2_hypotheses, type3_hypotheses)[[type]]
    stats::setNames(make(fit), labels)
  })
}

# Rows of the unit upper triangular R of X = QR: row j is what column j adds to those before it.
sequential_rows <- function(X) {
  scale <- sqrt(Matrix::colSums(X^2))
  X <- X %*% Matrix::Diagonal(x = 1 / scale)
  R <- if (length(X) > 2e7 || is_well_conditioned(X)) {
    chol(as.matrix(Matrix::crossprod(X)))
  } else {
    qr.R(qr(as.matrix(X), tol = 1e-14))
  }
  R <- R / diag(R)
  R * outer(1 / scale, scale)
}

# Whether sums of products lose no more than half of the digits. Of long X alone: others are as well
# decomposed.
is_well_conditioned <- function(X) {
  if (nrow(X) <= sketch_rows(ncol(X))) return(FALSE)
  sketched <- as.matrix(row_sketch(nrow(X), ncol(X)) %*% X)
  rcond(qr.R(qr(sketched, tol = 1e-14)), "1", triangular = TRUE) > 1e-4
}

# Each term after those before it.
type1_hypotheses <- function(fit) {
  columns <- kept_columns(fit)
  R <- sequential_rows(columns$X)
  lapply(seq_along(fit$fixed$labels), function(j) R[columns$assign == j, , drop = FALSE])
}

# Each term after all that do not contain it.
type2_hypotheses <- function(fit) {
  columns <- kept_columns(fit)
  containing <- containing_terms(fit)
  lapply(seq_along(fit$fixed$labels), function(j) {
    last <- columns$assign %in% c(j, containing[[j]])
    own <- columns$assign == j
    order <- c(which(!last), which(own), which(last & !own))
    R <- sequential_rows(columns$X[, order, drop = FALSE])
    K <- R[own[order], , drop = FALSE]
    K[, order] <- K
    K
  })
}

# Each term after all others, whichever columns were dropped: what it adds to their span.
last_hypotheses <- function(fit) {
  hypotheses <- term_hypotheses(fit, 2L)
  dropped <- which(is.na(fit$fixed$estimate))
  if (length(dropped) == 0L) return(hypotheses)
  X <- fixed_design(fit_spec(fit))
  X <- row_sketch(nrow(X), ncol(X)) %*% X
  span <- zap(coordinates_in(X[, -dropped, drop = FALSE], X))
  for (j in seq_along(hypotheses)) {
    others <- fit$fixed$assign != j
    if (!any(others[dropped])) next
    parts <- svd(span[, others, drop = FALSE], nu = nrow(span))
    rank <- sum(parts$d > 1e-9 * parts$d[1L])
    hypotheses[[j]] <- t(parts$u[, seq_len(nrow(span)) > rank, drop = FALSE])
  }
  hypotheses
}

# The terms (numbers) that contain each term: the same covariates, and all of its factors with more.
# Genetic groups come after the terms of the formula, and have nothing to do with them.
containing_terms <- function(fit) {
  c(containing_in_formula(fit), rep.int(list(integer()), n_group_terms(fit)))
}

containing_in_formula <- function(fit) {
  factors <- attr(stats::terms(fit$parts$fixed[-2L]), "factors") > 0L
  if (length(factors) == 0L) return(list())
  is_class <- vapply(rownames(factors), function(name) {
    is_factor_like(fit$frame[[gsub("^`|`$", "", name)]])
  }, NA)
  lapply(seq_len(ncol(factors)), function(j) {
    Filter(function(i) {
      same <- identical(factors[!is_class, i], factors[!is_class, j])
      more <- sum(factors[is_class, i]) > sum(factors[is_class, j])
      same && more && all(factors[is_class, i] | !factors[is_class, j])
    }, seq_len(ncol(factors)))
  })
}

# SAS's: in the design with an indicator for every level, the estimable functions of a term, made
# orthogonal to those of the terms that contain it.
type3_hypotheses <- function(fit) {
  columns <- kept_columns(fit)
  full <- indicator_design(fit)
  sketch <- row_sketch(nrow(full$X), max(ncol(full$X), ncol(columns$X)))
  full$X <- sketch %*% full$X
  columns$X <- sketch %*% columns$X
  treatment <- full$treatment[independent_in_order(full$X[, full$treatment, drop = FALSE])]
  if (length(treatment) != ncol(columns$X)) {
    # The contrasts do not span the levels: each term's own columns.
    return(lapply(seq_along(fit$fixed$labels), function(j) {
      diag(length(columns$assign))[columns$assign == j, , drop = FALSE]
    }))
  }
  base <- full$X[, treatment, drop = FALSE]
  functions <- t(zap(coordinates_in(base, full$X)))
  assign <- full$assign[treatment]
  containing <- containing_terms(fit)
  order <- c(attr(stats::terms(fit$parts$fixed[-2L]), "order"), rep.int(1L, n_group_terms(fit)))
  for (j in order(order, decreasing = TRUE)) {
    if (length(containing[[j]]) == 0L) next
    own <- assign == j
    above <- functions[, assign %in% containing[[j]], drop = FALSE]
    functions[, own] <- zap(qr.resid(qr(above), functions[, own, drop = FALSE]))
  }
  map <- zap(coordinates_in(base, columns$X))
  lapply(seq_along(fit$fixed$labels), function(j) {
    K <- t(functions[treatment, assign == j, drop = FALSE])
    K[rowSums(abs(K)) > 1e-8, , drop = FALSE] %*% map
  })
}

# The design with an indicator for every level of every factor: X, assign, and which of its columns
# treatment contrasts would keep.
indicator_design <- function(fit) {
  terms <- one_sided_terms(fit$parts$fixed)
  source <- column_source(fit$frame, fit$contrasts)
  variables <- variable_names(terms)
  codes <- term_codes(terms, variables, source)
  made <- lapply(seq_len(ncol(codes)), function(j) {
    used <- which(codes[, j] > 0L)
    parts <- lapply(used, function(i) indicator_part(variables[i], codes[i, j], source))
    first <- lapply(parts, `[[`, "treatment")
    list(parts = lapply(parts, `[[`, "part"), treatment = Reduce(function(a, b) {
      as.vector(outer(a, b, `&`))
    }, first, TRUE))
  })
  if (attr(terms, "intercept") == 1L) made <- c(list(list(parts = list(), treatment = TRUE)), made)
  groups <- utils::tail(fit_spec(fit)$fixed, n_group_terms(fit))
  made <- c(made, lapply(groups, function(term) {
    c(term, list(treatment = rep(TRUE, nrow(term$parts[[1L]]$contrast))))
  }))
  size <- vapply(made, function(term) length(term$treatment), 0L)
  list(
    X = expanded_columns(nrow(fit$frame), over_pooled(lapply(made, `[`, "parts"),
      pooled_records(fit$frame)))$X,
    treatment = which(unlist(lapply(made, `[[`, "treatment"))),
    assign = rep.int(seq_along(made) - attr(terms, "intercept"), size)
  )
}

indicator_part <- function(name, code, source) {
  x <- source$frame[[name]]
  if (!is_factor_like(x)) {
    part <- with_variable(numeric_part(x, name), name, source)$part
    return(list(part = part, treatment = rep(TRUE, ncol(part))))
  }
  found <- column_codes(x)
  q <- length(found$levels)
  list(
    part = list(codes = found$codes, contrast = sparse_identity(q)),
    treatment = seq_len(q) > 1L | code == 2L
  )
}

# A with B = base A, by least squares.
coordinates_in <- function(base, B) {
  if (length(base) <= 2e7) {
    return(qr.coef(qr(as.matrix(base), tol = 1e-12), as.matrix(B)))
  }
  as.matrix(Matrix::solve(Matrix::crossprod(base), Matrix::crossprod(base, B)))
}

zap <- function(x) {
  x[abs(x) < 1e-9 * max(1, abs(x))] <- 0
  x
}
