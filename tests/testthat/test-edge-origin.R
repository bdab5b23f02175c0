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

# A trend of each level of a factor of ten: its column and that of the level are zero in most
# records, and nearly multiples of each other.
test_that("fixed trends within the levels of a factor do not depend on the origin", {
  models <- list(y ~ f * x + (1 | g), y ~ f / x + (1 | g), y ~ 0 + f + f:x + f:I(x^2) + (1 | g))
  for (seed in 1:3) {
    set.seed(seed)
    d <- data.frame(x = stats::rnorm(120), f = factor(rep_len(1:10, 120)),
      g = factor(sample(12, 120, TRUE)), w = stats::runif(120, 0.2, 5))
    d$y <- stats::rnorm(12)[d$g] + d$x + stats::rnorm(120)
    for (model in models) {
      # Beyond 1e3 squares have no digits left of their own.
      origin <- if (any(grepl("^2", model, fixed = TRUE))) 1e3 else 1e6
      there <- d
      there$x <- d$x + origin
      d$x <- there$x - origin
      near <- lmmfit(model, d, weights = w)
      far <- lmmfit(model, there, weights = w)
      expect_identical(far$convergence$status, near$convergence$status)
      # REML is that of other columns of one space: their determinant, of trends alone, is 1.
      expect_within(far$minus2loglik, near$minus2loglik, 1e-7, "the near origin")
      # A search ends within 1.4e-5 standard errors of the maximum.
      expect_equal(varcomp(far)[c("estimate", "se")], varcomp(near)[c("estimate", "se")],
        tolerance = 2e-5)
      top <- max(grep("x", near$fixed$names))
      expect_equal(far$fixed$estimate[top], near$fixed$estimate[top], tolerance = 1e-6)
    }
  }
})
