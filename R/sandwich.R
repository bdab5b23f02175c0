# Robust covariance of the fixed effects for models with independent groups of records:
#
#     V_R = sum_i S_i'e_i e_i'S_i,   S_i = A_i'V_i^-1 X_i Phi,   e = y - X beta
#
# CR0 has A_i = I. CR2 (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, J Bus Econ Stat 36:672)
# has A_i = D'B^-1/2 D with V_i = D'D and B = D(V_i - X_i Phi X_i')D', which makes V_R unbiased
# where V holds. Degrees of freedom are those of Satterthwaite: for k'V_R k, sum of squares of a_i'e
# with a_i = S_i k, whose covariance is P_ij = a_i'(V_ij - X_i Phi X_j')a_j under the model.

sandwich <- function(fit, type) {
  kept_answer(fit, paste("sandwich", type), function() make_sandwich(fit, type))
}

# V_R as `covariance`, Phi as `model`, and by group S_i'V_iS_i and X_i'S_i.
make_sandwich <- function(fit, type) {
  check_has_records(fit, "A robust covariance")
  group <- independent_groups(fit)
  kept <- estimated_columns(fit)
  check_robust(fit, group, length(kept))
  X <- as.matrix(fixed_design(fit_spec(fit))[, kept, drop = FALSE])
  e <- frame_response(fit$frame) - fit$fitted_fixed
  Phi <- plain_covariance(fit, sparse_identity(length(kept)))
  unknown <- anyNA(Phi) & is.na(fit$fixed$se[kept])
  if (any(unknown)) abort_robust_unknown(fit$fixed$names[kept[unknown]])
  V <- group_covariance(fit)
  parts <- lapply(split(seq_len(fit$n), group), function(rows) {
    own <- X[rows, , drop = FALSE]
    V_own <- as.matrix(V[rows, rows, drop = FALSE])
    S <- group_weights(own, V_own, Phi, type)
    list(score = crossprod(S, e[rows]), SVS = crossprod(S, V_own %*% S), XS = crossprod(own, S))
  })
  scores <- matrix(unlist(lapply(parts, `[[`, "score")), length(kept))
  list(covariance = tcrossprod(scores), model = Phi, SVS = lapply(parts, `[[`, "SVS"),
    XS = lapply(parts, `[[`, "XS"))
}

check_robust <- function(fit, group, p, limit = 5e7) {
  if (max(group) < 2L) abort_robust_groups()
  size <- max(as.double(max(group)) * p^2, sum(as.double(tabulate(group))^2))
  if (size > limit) {
    abort_size("A robust covariance (groups x squared fixed effects)", size, limit,
      "Fit fewer fixed effects.")
  }
}

# S_i. B may be singular, where a fixed effect belongs to one group: then in the sense of Moore and
# Penrose.
group_weights <- function(X, V, Phi, type) {
  root <- chol(V)
  half <- backsolve(root, X, transpose = TRUE)
  if (type == "CR0") return(backsolve(root, half %*% Phi))
  B <- root %*% (V - X %*% Phi %*% t(X)) %*% t(root)
  parts <- eigen(B, symmetric = TRUE)
  kept <- parts$values > 1e-10 * max(parts$values)
  vectors <- parts$vectors[, kept, drop = FALSE]
  turned <- vectors %*% (crossprod(vectors, half %*% Phi) / sqrt(parts$values[kept]))
  t(root) %*% turned
}

# V = Z G Z' + R where levels are independent, sparse.
group_covariance <- function(fit) {
  V <- methods::as(build_residual_matrix(fit), "CsparseMatrix")
  Z <- fit_matrices(fit)$Z
  for (k in seq_along(Z)) {
    root <- covariance_root(term_covariance(fit$random[[k]], k, fit$parameters))
    levels <- Matrix::Diagonal(fit$random[[k]]$n_levels)
    V <- V + Matrix::tcrossprod(Z[[k]] %*% Matrix::kronecker(levels, root))
  }
  V
}

# What tests of the rows of K need, see test_moments().
robust_moments <- function(fit, K, ddf) {
  parts <- sandwich(fit, ddf)
  K <- as.matrix(K)
  df_of <- robust_df(parts)
  list(used = K %*% parts$covariance %*% t(K), covariance = K %*% parts$model %*% t(K),
    df = df_of(K), df_of = df_of)
}

robust_df <- function(parts) {
  force(parts)
  function(K) {
    K <- as.matrix(K)
    vapply(seq_len(nrow(K)), function(i) {
      P <- group_products(parts, K[i, ], K[i, ])
      sum(diag(P))^2 / sum(P^2)
    }, 0)
  }
}

# P_ij of two rows: groups x groups.
group_products <- function(parts, k, l) {
  own <- vapply(parts$SVS, function(SVS) sum(k * (SVS %*% l)), 0)
  left <- vapply(parts$XS, function(XS) drop(XS %*% k), numeric(length(k)))
  right <- vapply(parts$XS, function(XS) drop(XS %*% l), numeric(length(l)))
  left <- matrix(left, length(k))
  diag(own, length(own)) - crossprod(left, parts$model %*% matrix(right, length(l)))
}

# The approximate Hotelling test of several rows (Pustejovsky & Tipton 2018, HTZ).
robust_joint <- function(fit, K, difference, ddf) {
  parts <- sandwich(fit, ddf)
  K <- as.matrix(K)
  q <- nrow(K)
  pairs <- function(K) {
    lapply(seq_len(q), function(s) {
      lapply(seq_len(q), function(t) group_products(parts, K[s, ], K[t, ]))
    })
  }
  expected <- pairs(K)
  omega <- matrix(vapply(unlist(expected, FALSE), function(P) sum(diag(P)), 0), q)
  root <- eigen((omega + t(omega)) / 2, symmetric = TRUE)
  turned <- root$vectors %*% (t(root$vectors) / sqrt(root$values))
  P <- pairs(turned %*% K)
  total <- 0
  for (s in seq_len(q)) {
    for (t in seq_len(q)) {
      total <- total + sum(P[[s]][[t]] * t(P[[s]][[t]])) + sum(P[[s]][[s]] * P[[t]][[t]])
    }
  }
  eta <- q * (q + 1) / total
  wald <- sum(difference * solve(K %*% parts$covariance %*% t(K), difference))
  scale <- (eta - q + 1) / eta
  list(F = scale * wald / q, ndf = q, ddf = eta - q + 1, scale = scale)
}
