# Factor analytic terms whose levels are related: C is kept without its structural zeros, so its
# likelihood and score are compared with V; convergence from the default start; limit cases.

related_cells <- function(seed = 11, t = 4, q = 7) {
  set.seed(seed)
  cells <- expand.grid(line = factor(seq_len(q)), env = factor(letters[seq_len(t)]))
  cells <- cells[sort(c(sample(nrow(cells), 24), sample(nrow(cells), 6))), ]
  cells$x <- rnorm(nrow(cells))
  cells$w <- exp(runif(nrow(cells), -1, 1))
  cells$y <- rnorm(nrow(cells)) + rnorm(q)[cells$line]
  root <- matrix(rnorm(q * 3 * q), q)
  cells_k <- tcrossprod(root) / (3 * q)
  dimnames(cells_k) <- rep(list(levels(cells$line)), 2)
  list(data = cells, K = cells_k)
}

# -2l by its definition.
dense_fa_minus2loglik <- function(d, K, sigma, R, REML) {
  X <- model.matrix(~ env + x, d)
  at <- as.integer(d$line)
  env <- as.integer(d$env)
  V <- sigma[env, env] * K[at, at] + diag(R)
  Vi <- solve(V)
  XVX <- t(X) %*% Vi %*% X
  P <- Vi - Vi %*% X %*% solve(XVX, t(X) %*% Vi)
  log_det <- function(A) as.numeric(determinant(A)$modulus)
  n <- nrow(X) - if (REML) ncol(X) else 0
  n * log(2 * pi) + log_det(V) + if (REML) {
    # The engine's constant is that of lme4: without log|X'X|.
    log_det(XVX) + sum(d$y * (P %*% d$y))
  } else {
    sum(d$y * (P %*% d$y))
  }
}

fa_sigma <- function(values, t, k) {
  loadings <- matrix(0, t, k)
  loadings[row(loadings) >= col(loadings)] <- values[-seq_len(t)]
  tcrossprod(loadings) + diag(values[seq_len(t)])
}

test_that("likelihood and score of fa on a relationship are those of V", {
  made <- related_cells()
  d <- made$data
  K <- made$K
  psi <- c(0.3, 0.7, 0.2, 0.5)
  cases <- list(`1` = c(psi, 1, -0.5, 0.8, 0.2), `2` = c(psi, 1, -0.5, 0.8, 0.2, 0.6, 0.3, -0.4))
  for (method in c("REML", "ML")) {
    for (k in names(cases)) {
      for (by_env in c(FALSE, TRUE)) {
        order <- as.integer(k)
        residual <- if (by_env) ~ diag(env) else ~iid
        noise <- if (by_env) c(0.8, 0.5, 1.1, 0.9) else 0.8
        fit <- suppressWarnings(lmmfit(y ~ env + x + fa(env | gr(line, cov = K), k = order), d,
          residual = residual, method = method, weights = w,
          control = lmm_control(max_iterations = 1L)))
        spec <- fit_spec(fit)
        values <- c(cases[[k]], noise)
        n_own <- length(cases[[k]])
        dense <- function(v) {
          own <- v[-seq_len(n_own)]
          R <- (if (by_env) own[as.integer(d$env)] else rep(own, nrow(d))) / d$w
          dense_fa_minus2loglik(d, K, fa_sigma(v[seq_len(n_own)], 4L, order), R,
            method == "REML")
        }
        what <- paste("fa", k, method, if (by_env) "by env")
        at <- likelihood_cpp(spec, values)
        expect_within(at$minus2loglik, dense(values), 1e-7, what)
        slope <- numeric_gradient(dense, values, 0.005)
        expect_relative(at$gradient, slope, 2e-6, paste("score of", what),
          scale = 0.1 * max(abs(slope)))
      }
    }
  }
})

test_that("fa converges from the default start, and with t - 1 factors is us", {
  set.seed(2)
  lines <- 60L
  env <- 10L
  root <- matrix(rnorm(lines * 200), lines)
  G <- tcrossprod(root) / 200 + diag(0.05, lines)
  dimnames(G) <- rep(list(sprintf("L%02d", seq_len(lines))), 2)
  loadings <- cbind(runif(env, 0.4, 1.4), rnorm(env, 0, 0.6))
  sigma <- tcrossprod(loadings) + diag(runif(env, 0.1, 0.5))
  u <- t(chol(G)) %*% matrix(rnorm(lines * env), lines) %*% chol(sigma)
  d <- expand.grid(line = rownames(G), env = factor(sprintf("E%02d", seq_len(env))))
  d$y <- u[cbind(match(d$line, rownames(G)), as.integer(d$env))] + rnorm(nrow(d), 0, 0.7)
  for (k in 1:2) {
    fit <- lmmfit(y ~ env + fa(env | gr(line, cov = G), k = k), d)
    expect_true(has_converged(fit))
    expect_true(fit$convergence$iterations < 25L)
  }
  small <- droplevels(d[as.integer(d$env) <= 3, ])
  expect_within(lmmfit(y ~ env + fa(env | gr(line, cov = G), k = 2), small)$minus2loglik,
    lmmfit(y ~ env + us(env | gr(line, cov = G)), small)$minus2loglik, 1e-5,
    "fa with t - 1 factors")
})

test_that("prediction error covariances of fa do not lack what the search leaves out", {
  made <- related_cells()
  d <- made$data
  K <- made$K
  values <- c(0.3, 0.7, 0.2, 0.5, 1, -0.5, 0.8, 0.2, 0.8)
  form <- y ~ env + x + fa(env | gr(line, cov = K))
  fit <- suppressWarnings(lmmfit(form, d, control = lmm_control(max_iterations = 1L)))
  fit <- lmmfit(form, d, hold = stats::setNames(values, fit$parameters$name))
  # Var(u^ - u) by its definition, u with environments slowest.
  Z <- matrix(0, nrow(d), 28)
  Z[cbind(seq_len(nrow(d)), (as.integer(d$env) - 1) * 7 + as.integer(d$line))] <- 1
  G <- kronecker(fa_sigma(values[1:8], 4L, 1L), K)
  X <- model.matrix(~ env + x, d)
  Vi <- solve(Z %*% G %*% t(Z) + diag(0.8, nrow(d)))
  P <- Vi - Vi %*% X %*% solve(t(X) %*% Vi %*% X, t(X) %*% Vi)
  error <- G - G %*% t(Z) %*% P %*% Z %*% G
  pev <- attr(ranef(fit, se = TRUE)[[1L]], "pev")
  for (line in 1:7) {
    own <- (0:3) * 7 + line
    expect_within(as.vector(pev[, , line]), as.vector(error[own, own]), 1e-7, "prediction errors")
  }
})

test_that("few lines in many environments take few steps, also with more factors than there are", {
  # With the average information alone these searches took 21 to 22 iterations.
  set.seed(12)
  d <- expand.grid(env = factor(1:20), line = factor(1:7), rep = 1:3)
  G <- matrix(rnorm(40), 20)
  u <- matrix(rnorm(14), 7) %*% t(G) + 0.5 * matrix(rnorm(140), 7)
  d$y <- u[cbind(d$line, d$env)] + rnorm(nrow(d))
  Z <- stats::model.matrix(~ 0 + line:env, d)
  X <- stats::model.matrix(~env, d)
  for (k in 1:3) {
    fit <- lmmfit(y ~ env + fa(env | line, k = k), d)
    expect_identical(fit$convergence$status, "converged")
    expect_lte(fit$convergence$iterations, 12)
    values <- varcomp(fit)$estimate
    sigma <- fa_sigma(values[-length(values)], 20L, k)
    V <- Z %*% kronecker(sigma, diag(7)) %*% t(Z) + diag(values[length(values)], nrow(d))
    expect_within(-2 * as.numeric(logLik(fit)),
      oracle_minus2loglik(list(V = V, X = X, y = d$y)), 1e-6, paste(k, "factors"))
  }
})

test_that("a small variance stays beside one that is truly zero", {
  # Balanced and crossed, with mean squares that make the answer known: b below the error, a above
  # it by a share of 1e-5 of the residual variance.
  set.seed(4)
  I <- 12L
  J <- 10L
  scaled <- function(x, ss) (x - mean(x)) * sqrt(ss / sum((x - mean(x))^2))
  e <- matrix(rnorm(I * J), I)
  e <- e - outer(rowMeans(e), colMeans(e), "+") + mean(e)
  e <- e * sqrt((I - 1) * (J - 1) / sum(e^2))
  b <- scaled(rnorm(J), 0.5 * (J - 1) / I)
  pooled <- ((I - 1) * (J - 1) + 0.5 * (J - 1)) / ((I - 1) * (J - 1) + J - 1)
  small <- 1e-5 * pooled
  a <- scaled(rnorm(I), (pooled + J * small) * (I - 1) / J)
  d <- data.frame(y = as.vector(a + e + rep(b, each = I)), a = factor(rep(seq_len(I), J)),
    b = factor(rep(seq_len(J), each = I)))
  fit <- lmmfit(y ~ 1 + (1 | a) + (1 | b), d)
  expect_identical(fit$parameters$estimate[2L], 0)
  expect_identical(fit$parameters$status, c("free", "at boundary", "free"))
  # The search stops where the likelihood can gain 1e-10, here within 1 % of so small a variance.
  expect_within(fit$parameters$estimate[c(1L, 3L)] / c(small, pooled), c(1, 1), 1e-2,
    "the others")
})
