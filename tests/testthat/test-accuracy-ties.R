# Ties of whole structures with loadings and of parameters inside a product. The oracle is nlminb on
# the dense likelihood through V, from several starts.

dense_reml <- function(y, X) {
  function(V) {
    root <- tryCatch(chol(V), error = function(e) NULL)
    if (is.null(root)) return(1e10)
    white <- backsolve(root, cbind(X, y), transpose = TRUE)
    A <- white[, seq_len(ncol(X)), drop = FALSE]
    b <- white[, ncol(X) + 1L]
    of_x <- chol(crossprod(A))
    (length(y) - ncol(X)) * log(2 * pi) + 2 * sum(log(diag(root))) + 2 * sum(log(diag(of_x))) +
      sum(b^2) - sum(backsolve(of_x, crossprod(A, b), transpose = TRUE)^2)
  }
}

least <- function(starts, f) {
  control <- list(rel.tol = 1e-14, iter.max = 500, eval.max = 1000)
  min(vapply(starts, function(start) stats::nlminb(start, f, control = control)$objective, 0))
}

test_that("whole fa and rr terms are tied, with a ratio of their covariances", {
  set.seed(11)
  d <- expand.grid(a = factor(1:8), env = factor(1:3), rep = 1:4)
  d$b <- factor(sample(rep(1:8, 12)))
  draw <- function() {
    stats::rnorm(8) %o% c(1.2, 0.7, -0.8) +
      matrix(stats::rnorm(24), 8) %*% diag(sqrt(c(0.3, 0.1, 0.4)))
  }
  d$y <- draw()[cbind(d$a, d$env)] + 2 * draw()[cbind(d$b, d$env)] + stats::rnorm(96, sd = 0.7)
  same <- function(g) outer(as.integer(g), as.integer(g), "==")
  env <- as.integer(d$env)
  reml <- dense_reml(d$y, stats::model.matrix(~ env, d))
  of <- function(p, ratio) {
    psi <- if (length(p) > 4L) diag(p[5:7]^2) else 0
    sigma <- tcrossprod(p[1:3]) + psi
    reml(sigma[env, env] * (same(d$a) + ratio * same(d$b)) + exp(p[4]) * diag(96))
  }
  terms <- list(fa = ~ . + fa(env | a, k = 1) + fa(env | b, k = 1),
    rr = ~ . + rr(env | a, k = 1) + rr(env | b, k = 1))
  for (name in names(terms)) {
    for (ratio in c(1, 4)) {
      starts <- lapply(1:3, function(k) {
        c(stats::rnorm(3), 0, if (name == "fa") stats::runif(3, 0.2, 1))
      })
      fit <- lmmfit(stats::update(y ~ env, terms[[name]]), d, tie = c(a = 1, b = ratio))
      what <- paste(name, ratio)
      expect_within(deviance(fit), least(starts, function(p) of(p, ratio)), 1e-6, what)
      found <- varcomp(fit)
      own <- split(found$estimate, found$term)
      is_loading <- grepl("(fa|rr)1$", found$parameter[found$term == "a"])
      expect_relative(own$b, own$a * ifelse(is_loading, sqrt(ratio), ratio), 1e-8, what)
      expect_true(all(found$status[found$term == "a"][is_loading] == "tied"))
    }
  }
})

ar1 <- function(rho, n) rho^abs(outer(seq_len(n), seq_len(n), "-"))

test_that("equal correlations inside a product", {
  set.seed(5)
  d <- expand.grid(row = factor(1:6), col = factor(1:5), rep = factor(1:3))
  root <- t(chol(kronecker(ar1(0.6, 5), ar1(0.4, 6))))
  d$y <- c(replicate(3, drop(root %*% stats::rnorm(30)))) + stats::rnorm(3)[d$rep]
  reml <- dense_reml(d$y, stats::model.matrix(~ rep, d))
  product <- function(rho) kronecker(ar1(rho, 5), ar1(rho, 6))

  fit <- lmmfit(y ~ rep, d, residual = ~ ar1(row):ar1(col) | rep,
    tie = ~ residual.row.rho == residual.col.rho)
  expected <- least(list(c(0, 0.5)), function(p) {
    reml(kronecker(diag(3), exp(p[1]) * product(tanh(p[2]))))
  })
  expect_within(deviance(fit), expected, 1e-6, "residual")
  expect_identical(varcomp(fit)$status, c("free", "tied", "tied"))
  expect_identical(varcomp(fit)$estimate[2L], varcomp(fit)$estimate[3L])

  d$y <- d$y + stats::rnorm(90, sd = 0.6)
  reml <- dense_reml(d$y, stats::model.matrix(~ rep, d))
  fit <- lmmfit(y ~ rep + (ar1(row):ar1(col) | rep), d, tie = ~ rep.row.rho == rep.col.rho)
  expected <- least(list(c(0, 0.3, -1), c(0, 1, -1)), function(p) {
    reml(kronecker(diag(3), exp(p[1]) * product(tanh(p[2])) + exp(p[3]) * diag(30)))
  })
  expect_within(deviance(fit), expected, 1e-5, "random term")
})

test_that("equal correlations of a field with missing plots", {
  set.seed(6)
  d <- expand.grid(row = factor(1:12), col = factor(1:10))
  whole <- function(rho) kronecker(ar1(rho, 10), ar1(rho, 12))
  d$y <- drop(t(chol(whole(0.6))) %*% stats::rnorm(120))
  kept <- setdiff(1:120, c(5, 77))
  reml <- dense_reml(d$y[kept], matrix(1, 118, 1))
  expected <- least(list(c(0, 0.4)), function(p) reml(exp(p[1]) * whole(tanh(p[2]))[kept, kept]))
  fit <- lmmfit(y ~ 1, d[kept, ], residual = ~ ar1(row):ar1(col),
    tie = ~ residual.row.rho == residual.col.rho)
  expect_within(deviance(fit), expected, 1e-6, "field")
})
