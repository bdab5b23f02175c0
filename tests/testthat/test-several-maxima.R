# Likelihoods with several maxima: the end is no worse than that from other starts.

# Slopes on a relationship of low rank, made from a few markers, where the effects have none.
test_that("slopes on a relationship of low rank end at the best of several maxima", {
  for (seed in 4:9) {
    set.seed(seed)
    n_markers <- sample(3:10, 1)
    markers <- scale(matrix(rbinom(30 * n_markers, 2, 0.4), 30), scale = FALSE)
    K <- tcrossprod(markers) / n_markers + 0.01 * diag(30)
    dimnames(K) <- list(1:30, 1:30)
    d <- expand.grid(t = 1:4, id = factor(1:30))
    d$y <- rnorm(120) + rnorm(30)[d$id] + d$t * rnorm(30)[d$id]
    fit <- lmmfit(y ~ t + (1 + t | gr(id, cov = K)), d)
    expect_identical(fit$convergence$status, "converged")
    for (residual in c(0.1, 1, 10)) {
      start <- setNames(c(1, 0, 1, residual), varcomp(fit)$parameter)
      expect_lt(fit$minus2loglik, update(fit, start = start)$minus2loglik + 1e-4)
    }
  }
})

# Few records and crossed terms.
test_that("few records end at the best of several maxima", {
  for (seed in 1:6) {
    set.seed(seed)
    d <- data.frame(a = gl(5, 6), b = gl(3, 2, 30), x = rnorm(30))
    d$y <- 3 * rnorm(5)[d$a] + rnorm(3)[d$b] + d$x + 0.1 * rnorm(30)
    fit <- lmmfit(y ~ x + (1 | a) + (1 | b) + (1 | a:b), d, method = "ML")
    names <- varcomp(fit)$parameter
    for (k in seq_along(names)) {
      start <- setNames(replace(rep(0.05, 4), k, 5), names)
      expect_lt(fit$minus2loglik, update(fit, start = start)$minus2loglik + 1e-4)
    }
  }
})
