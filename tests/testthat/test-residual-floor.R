# Data without measurement error: the random term with one coefficient a record is then the residual
# of the model in which its structure is that of the residual, which is fitted by other code.
set.seed(3)
d <- expand.grid(visit = factor(1:4), id = factor(1:60))
d$y <- as.vector(t(chol(0.6^abs(outer(1:4, 1:4, "-")))) %*% matrix(stats::rnorm(240), 4)) +
  as.numeric(d$visit)

test_that("a residual variance that goes to zero ends at the boundary", {
  for (unit in c(1, 1000)) {
    data <- transform(d, y = unit * y)
    for (method in c("REML", "ML")) {
      fit <- lmmfit(y ~ visit + ar1(visit | id), data, method = method)
      same <- lmmfit(y ~ visit, data, residual = ~ ar1(visit | id), method = method)
      expect_identical(fit$convergence$status, "converged")
      expect_identical(varcomp(fit)$status, c("free", "free", "at boundary"))
      expect_lt(varcomp(fit)$estimate[3L], 1e-5 * unit^2)
      expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(same)), tolerance = 1e-8)
      expect_equal(varcomp(fit)$estimate[1:2], varcomp(same)$estimate, tolerance = 1e-5)
      expect_equal(varcomp(fit)$se[1:2], varcomp(same)$se, tolerance = 1e-4)
      expect_equal(fixef(fit), fixef(same), tolerance = 1e-5)
    }
  }
})

test_that("it counts as known in tests", {
  fit <- lmmfit(y ~ visit + ar1(visit | id), d)
  same <- lmmfit(y ~ visit, d, residual = ~ ar1(visit | id))
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    found <- as.data.frame(contest(fit, diag(4), ddf = ddf, joint = FALSE))
    expected <- as.data.frame(contest(same, diag(4), ddf = ddf, joint = FALSE))
    expect_equal(found, expected, tolerance = 1e-4)
  }
})

test_that("a heterogeneous structure, and a residual variance that stays", {
  fit <- lmmfit(y ~ visit + ar1h(visit | id), d)
  same <- lmmfit(y ~ visit, d, residual = ~ ar1h(visit | id))
  expect_identical(fit$convergence$status, "converged")
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(same)), tolerance = 1e-7)
  noisy <- transform(d, y = y + rep(c(-0.5, 0.5), 120))
  expect_identical(varcomp(lmmfit(y ~ visit + (1 | id), noisy))$status, c("free", "free"))
})
