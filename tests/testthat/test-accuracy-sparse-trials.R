# Trials in which a line is seen in few environments: the engine leaves out the cells that no record
# meets. Against dense V: likelihood, fixed effects and their errors, effects of all cells.

sparse_trial <- function(n_env, n_lines, seen, markers = 300L) {
  M <- matrix(stats::rbinom(n_lines * markers, 2L, 0.4), n_lines)
  rownames(M) <- paste0("h", seq_len(n_lines))
  data <- do.call(rbind, lapply(seq_len(n_env), function(e) {
    data.frame(env = e, line = rep(sample(rownames(M), seen), 2L))
  }))
  data$env <- factor(data$env)
  score <- as.vector(scale(M %*% stats::rnorm(markers)))
  loading <- stats::runif(n_env, 0.5, 1.2)
  at <- match(data$line, rownames(M))
  own <- matrix(stats::rnorm(n_lines * n_env, 0, 0.5), n_lines)
  data$y <- as.integer(data$env) / 2 + loading[data$env] * score[at] +
    own[cbind(at, as.integer(data$env))] + stats::rnorm(nrow(data))
  list(data = data, G = grm(M))
}

# sigma: of the coefficients; residual: a variance for each environment.
dense_trial <- function(trial, G, sigma, residual) {
  d <- trial$data
  env <- as.integer(d$env)
  line <- match(d$line, rownames(G))
  V <- sigma[env, env] * G[line, line] + diag(residual[env])
  X <- stats::model.matrix(~ 0 + env, d)
  Vi <- solve(V)
  XVX <- crossprod(X, Vi %*% X)
  beta <- solve(XVX, crossprod(X, Vi %*% d$y))
  Py <- Vi %*% (d$y - X %*% beta)
  Z <- matrix(0, nrow(d), nrow(G))
  Z[cbind(seq_len(nrow(d)), line)] <- 1
  log_det <- function(x) as.numeric(determinant(x)$modulus)
  list(
    minus2loglik = (nrow(d) - ncol(X)) * log(2 * pi) + log_det(V) + log_det(XVX) + sum(d$y * Py),
    beta = as.vector(beta), se = sqrt(diag(solve(XVX))),
    u = vapply(seq_len(nrow(sigma)),
      function(e) as.vector(G %*% crossprod(Z, sigma[e, env] * Py)), numeric(nrow(G)))
  )
}

expect_dense_trial <- function(fit, trial, G) {
  sigma <- as.matrix(VarCorr(fit)[[1L]])
  v <- varcomp(fit)
  residual <- rep_len(v$estimate[v$term == "residual"], nrow(sigma))
  dense <- dense_trial(trial, G, sigma, residual)
  expect_equal(-2 * as.numeric(logLik(fit)), dense$minus2loglik, tolerance = 1e-10)
  expect_equal(unname(fixef(fit)), dense$beta, tolerance = 1e-8)
  expect_equal(unname(sqrt(diag(as.matrix(vcov(fit))))), unname(dense$se), tolerance = 1e-8)
  u <- as.matrix(ranef(fit)[[1L]])[rownames(G), ]
  expect_lt(max(abs(u - dense$u)), 1e-8)
}

test_that("factor analytic and diagonal effects of lines seen in some environments", {
  set.seed(3)
  trial <- sparse_trial(6L, 60L, 20L)
  for (G in list(blend(trial$G, share = 0.05), trial$G)) {
    fits <- list(
      lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1), trial$data,
        residual = ~ diag(env)),
      lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 2), trial$data),
      lmmfit(y ~ 0 + env + diag(0 + env | gr(line, cov = G)), trial$data, residual = ~ diag(env)),
      lmmfit(y ~ 0 + env + rr(0 + env | gr(line, cov = G), k = 1), trial$data)
    )
    for (fit in fits) expect_dense_trial(fit, trial, G)
    # A cell of a specific effect has equations where it is seen, a line those of its scores.
    expect_lte(fits[[1L]]$equations$n_columns, 60 + 6 * 20 + 6)
  }
})

test_that("lines without records in GBLUP have no equations, and their effects", {
  set.seed(5)
  trial <- sparse_trial(1L, 80L, 15L)
  G <- blend(trial$G, share = 0.05)
  fit <- lmmfit(y ~ 1 + (1 | gr(line, cov = G)), trial$data)
  expect_identical(fit$equations$n_columns, 15L + 1L)
  # The textbook equations of all lines, and the inverse of their coefficients.
  whole <- mme(fit)
  errors <- ranef(fit, se = TRUE)[[1L]]
  expect_length(whole$solution, 81L)
  expect_equal(as.matrix(errors)[, 1L], whole$solution[-1L], tolerance = 1e-8,
    ignore_attr = TRUE)
  expect_equal(attr(errors, "se")[[1L]], sqrt(diag(solve(as.matrix(whole$coefficient)))[-1L]),
    tolerance = 1e-8, ignore_attr = TRUE)
})
