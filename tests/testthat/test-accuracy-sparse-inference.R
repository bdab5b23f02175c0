# Kenward and Roger's adjustment, functions of effects, deletions and cross-validation of trials in
# which a line is seen in few environments, from the seen cells: against dense V.

# Sigma by the values of a structure that varcomp() prints: specific variances, then the loadings
# of one factor; one variance for each coefficient; or both alone.
sparse_sigma <- function(structure, values, n_env) {
  switch(structure,
    fa = tcrossprod(values[n_env + seq_len(n_env)]) + diag(values[seq_len(n_env)]),
    rr = tcrossprod(values[seq_len(n_env)]),
    diag = diag(values[seq_len(n_env)]),
    one = matrix(values[1L])
  )
}

sparse_fits <- function(trial, G) {
  one <- droplevels(trial$data[trial$data$env == 1, ])
  list(
    fa = lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1), trial$data,
      residual = ~ diag(env)),
    rr = lmmfit(y ~ 0 + env + rr(0 + env | gr(line, cov = G), k = 1), trial$data),
    diag = lmmfit(y ~ 0 + env + diag(0 + env | gr(line, cov = G)), trial$data,
      residual = ~ diag(env)),
    one = lmmfit(y ~ 1 + (1 | gr(line, cov = G)), one)
  )
}

# X, Z (level by level), G and R of the model, and what they are by the values that are free: with
# Sigma quadratic in its values differences with a step of one are derivatives.
dense_model <- function(structure, fit, G) {
  d <- fit$frame
  n_env <- if (structure == "one") 1L else nlevels(d$env)
  env <- if (structure == "one") rep(1L, nrow(d)) else as.integer(d$env)
  line <- match(as.character(d$line), rownames(G))
  v <- varcomp(fit)
  n_residual <- sum(v$term == "residual")
  Z <- matrix(0, nrow(d), nrow(G) * n_env)
  Z[cbind(seq_len(nrow(d)), (line - 1L) * n_env + env)] <- 1
  sigma_at <- function(values) sparse_sigma(structure, values, n_env)
  residual_at <- function(values) rep_len(utils::tail(values, n_residual), n_env)[env]
  free <- which(v$status == "free")
  unit <- function(i) replace(numeric(nrow(v)), free[i], 1)
  first <- function(at, i) (at(v$estimate + unit(i)) - at(v$estimate - unit(i))) / 2
  second <- function(i, j) {
    (sigma_at(v$estimate + unit(i) + unit(j)) - sigma_at(v$estimate + unit(i) - unit(j)) -
      sigma_at(v$estimate - unit(i) + unit(j)) + sigma_at(v$estimate - unit(i) - unit(j))) / 4
  }
  X <- if (n_env > 1L) stats::model.matrix(~ 0 + env, d) else matrix(1, nrow(d))
  Gu <- kronecker(G, sigma_at(v$estimate))
  V <- Z %*% Gu %*% t(Z) + diag(residual_at(v$estimate))
  Vi <- solve(V)
  Phi <- solve(crossprod(X, Vi %*% X))
  index <- seq_along(free)
  list(
    X = X, Z = Z, G = Gu, V = V, Vi = Vi, Phi = Phi, free = free, y = d$y,
    P = Vi - Vi %*% X %*% Phi %*% crossprod(X, Vi),
    dG = lapply(index, function(i) kronecker(G, first(sigma_at, i))),
    dR = lapply(index, function(i) first(residual_at, i)),
    d2G = lapply(index, function(i) lapply(index, function(j) kronecker(G, second(i, j))))
  )
}

dense_expected <- function(m) {
  PV <- Map(function(g, r) m$P %*% (m$Z %*% g %*% t(m$Z) + diag(r)), m$dG, m$dR)
  outer(seq_along(PV), seq_along(PV), Vectorize(function(i, j) sum(PV[[i]] * t(PV[[j]])) / 2))
}

# Kenward and Roger's covariance of the errors of K beta + L u, columns of K and L, and its
# derivatives, by the best predictor W'y.
dense_adjusted <- function(m, K, L, w) {
  ZGL <- m$Z %*% m$G %*% L
  W <- m$P %*% ZGL + m$Vi %*% m$X %*% m$Phi %*% K
  D <- crossprod(m$Z, W) - L
  covariance <- crossprod(W, (m$V - m$Z %*% m$G %*% t(m$Z)) %*% W) + crossprod(D, m$G %*% D)
  gradients <- Map(function(g, r) crossprod(D, g %*% D) + crossprod(W, r * W), m$dG, m$dR)
  B <- Map(function(g, r) m$Z %*% g %*% D + r * W, m$dG, m$dR)
  adjusted <- covariance
  for (i in seq_along(B)) {
    for (j in seq_along(B)) {
      adjusted <- adjusted + 2 * w[i, j] * (crossprod(B[[i]], m$P %*% B[[j]]) -
        crossprod(D, m$d2G[[i]][[j]] %*% D) / 4)
    }
  }
  list(covariance = covariance, gradients = gradients, adjusted = adjusted)
}

expect_same <- function(object, expected, tolerance) {
  expect_lt(max(abs(object - expected)) / max(abs(expected)), tolerance)
}

test_that("Kenward and Roger's tests take the seen cells", {
  set.seed(31)
  trial <- sparse_trial(4L, 40L, 13L)
  for (G in list(blend(trial$G, share = 0.05), trial$G)) {
    fits <- sparse_fits(trial, G)
    for (structure in names(fits)) {
      fit <- fits[[structure]]
      expect_true(fit$equations$seen_cells)
      m <- dense_model(structure, fit, G)
      expected <- dense_expected(m)
      found <- expected_information(fit)
      expect_true(found$has_expected)
      jacobian <- found$jacobian[m$free, , drop = FALSE]
      inverse <- solve(jacobian)
      # By differences of the score.
      expect_same(crossprod(inverse, found$expected %*% inverse), expected, 1e-6)
      w <- solve(expected)
      p <- ncol(m$X)
      # beta; a line in an environment that it is not seen in, and others; a mean over environments.
      levels <- match(dimnames(as.matrix(ranef(fit)[[1L]]))[[1L]], rownames(G))
      n_env <- ncol(m$Z) / nrow(G)
      order <- as.vector(outer(seq_len(n_env), (levels - 1L) * n_env, "+"))
      L <- matrix(0, ncol(m$Z), 3L)
      unseen <- which(colSums(m$Z) == 0)
      L[unseen[1:2], 1L] <- c(1, -1)
      L[which(colSums(m$Z) > 0)[c(2L, 5L)], 2L] <- c(1, 0.5)
      L[, 3L] <- stats::rnorm(nrow(L))
      K <- cbind(diag(p), matrix(stats::rnorm(p * 3L), p))
      L <- cbind(matrix(0, nrow(L), p), L)
      ask_for <- function(K, L) {
        if (!is.null(L)) L <- methods::as(t(L[order, ]), "CsparseMatrix")
        engine_moments(fit, methods::as(t(K), "CsparseMatrix"), "Kenward-Roger",
          inverse %*% w %*% t(inverse), L)
      }
      fixed <- ask_for(diag(p), NULL)
      dense <- dense_adjusted(m, K, L, w)
      beta <- seq_len(p)
      expect_same(fixed$covariance, dense$covariance[beta, beta], 1e-9)
      expect_same(fixed$adjusted, dense$adjusted[beta, beta], 1e-9)
      both <- ask_for(K, L)
      expect_same(both$covariance, dense$covariance, 1e-9)
      expect_same(both$adjusted, dense$adjusted, 1e-9)
      for (i in seq_along(m$free)) {
        along <- Reduce(`+`, Map(`*`, both$gradients, inverse[, i]))
        expect_same(along, dense$gradients[[i]], 1e-9)
      }
      expect_same(as.matrix(vcov(fit, ddf = "Kenward-Roger")), dense$adjusted[beta, beta], 1e-6)
    }
  }
})

test_that("the adjustment of 2009 takes the seen cells", {
  set.seed(33)
  trial <- sparse_trial(4L, 40L, 13L)
  G <- blend(trial$G, share = 0.05)
  fits <- sparse_fits(trial, G)
  for (structure in c("fa", "rr")) {
    fit <- fits[[structure]]
    m <- dense_model(structure, fit, G)
    expected <- dense_expected(m)
    w <- solve(expected)
    dV <- Map(function(g, r) m$Z %*% g %*% t(m$Z) + diag(r), m$dG, m$dR)
    change <- Reduce(`+`, Map(function(own, row) Reduce(`+`, Map(`*`, own, row)), m$d2G,
      asplit(w, 1L)))
    N <- m$Z %*% change %*% t(m$Z)
    traces <- vapply(dV, function(v) sum((m$P %*% v) * t(m$P %*% N)), 0)
    beside <- N - Reduce(`+`, Map(`*`, dV, as.vector(w %*% traces) / 2))
    W <- m$Vi %*% m$X %*% m$Phi
    none <- matrix(0, ncol(m$Z), ncol(m$X))
    plain <- dense_adjusted(m, diag(ncol(m$X)), none, w)$adjusted
    adjusted <- plain + crossprod(W, (N - beside) %*% W) / 2
    expect_same(as.matrix(vcov(fit, ddf = "Kenward-Roger2")), adjusted, 1e-5)
  }
})

test_that("loadings of unrelated levels have their expected information, too", {
  set.seed(5)
  data <- expand.grid(line = paste0("h", 1:12), env = factor(1:4), replicate = 1:2)
  data$y <- stats::rnorm(12)[data$line] * c(1, 0.5, 1.4, 0.8)[data$env] + stats::rnorm(nrow(data))
  fit <- lmmfit(y ~ 0 + env + rr(0 + env | line, k = 1), data)
  G <- diag(12)
  rownames(G) <- levels(data$line)
  m <- dense_model("rr", fit, G)
  found <- expected_information(fit)
  inverse <- solve(found$jacobian[m$free, ])
  expect_same(crossprod(inverse, found$expected %*% inverse), dense_expected(m), 1e-6)
})

# beta without some records.
beta_without <- function(m, rows) {
  keep <- setdiff(seq_along(m$y), rows)
  Vi <- solve(m$V[keep, keep])
  X <- m$X[keep, , drop = FALSE]
  as.vector(solve(crossprod(X, Vi %*% X), crossprod(X, Vi %*% m$y[keep])))
}

test_that("deletions and cross-validation take the seen cells", {
  set.seed(35)
  trial <- sparse_trial(4L, 40L, 13L)
  trial$data$half <- rep_len(1:7, nrow(trial$data))
  for (G in list(blend(trial$G, share = 0.05), trial$G)) {
    fits <- sparse_fits(trial, G)
    for (structure in names(fits)) {
      fit <- fits[[structure]]
      m <- dense_model(structure, fit, G)
      beta <- as.vector(m$Phi %*% crossprod(m$X, m$Vi %*% m$y))
      half <- rep_len(1:7, length(m$y))
      for (group in list("line", half)) {
        codes <- if (identical(group, "line")) as.character(fit$frame$line) else half
        changes <- dfbeta(fit, group)
        cook <- cooks.distance(fit, group)
        for (name in utils::head(rownames(changes), 4L)) {
          change <- beta - beta_without(m, which(codes == name))
          expect_lt(max(abs(changes[name, ] - change)), 1e-9)
          expect_equal(cook[[name]], sum(change * solve(m$Phi, change)) / length(beta),
            tolerance = 1e-8)
        }
      }
      records <- dfbeta(fit, NULL)
      expect_lt(max(abs(records[3L, ] - beta + beta_without(m, 3L))), 1e-9)
      found <- cross_validate(fit, folds = half)$records
      for (fold in 1:2) {
        rows <- which(half == fold)
        b <- beta_without(m, rows)
        effect <- m$Z[rows, ] %*% m$G %*% crossprod(m$Z[-rows, ],
          solve(m$V[-rows, -rows], m$y[-rows] - m$X[-rows, , drop = FALSE] %*% b))
        own <- found[match(row.names(fit$frame)[rows], found$record), ]
        expect_lt(max(abs(own$effect - effect)), 1e-8)
        expect_lt(max(abs(own$predicted - m$X[rows, , drop = FALSE] %*% b - effect)), 1e-8)
      }
    }
  }
})
