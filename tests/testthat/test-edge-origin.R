# Slopes on a covariate whose origin is 10^5 spreads away, with intercept and slope of correlation
# -1: in the user's units the values have no digits left that tell a singular matrix.

far <- function(seed, origin) {
  set.seed(seed)
  n <- 60
  d <- data.frame(g = factor(rep_len(1:6, n)), x = stats::rnorm(n))
  d$y <- (stats::rnorm(6) * 0.8)[d$g] * (1 + 0.5 * d$x) + stats::rnorm(n)
  d$x <- d$x + origin
  d
}

test_that("the fit and what is asked of it are those of a near origin", {
  for (seed in 1:6) {
    near <- lmmfit(y ~ x + (1 + x | g), far(seed, 0))
    for (origin in c(1e5, -1e6)) {
      there <- lmmfit(y ~ x + (1 + x | g), far(seed, origin))
      expect_identical(there$convergence$status, near$convergence$status)
      expect_equal(there$minus2loglik, near$minus2loglik, tolerance = 1e-6)
      expect_equal(summary(there)$coefficients["x", 1:3], summary(near)$coefficients["x", 1:3],
        tolerance = 1e-3)
    }
  }
})

test_that("a starting covariance alone takes variances that go with it", {
  d <- far(1, 0)
  fit <- lmmfit(y ~ x + (1 + x | g), d, start = c(g.Intercept.x = 40))
  expect_equal(fit$minus2loglik, lmmfit(y ~ x + (1 + x | g), d)$minus2loglik, tolerance = 1e-8)
})
