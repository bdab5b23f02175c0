# Models that fit the response exactly: by maximum likelihood V becomes singular in directions that
# the random terms leave out, and log|V| falls without end. REML accounts for the fixed effects.

few <- function(seed, n = 12L) {
  set.seed(seed)
  d <- data.frame(g = factor(rep_len(1:6, n)), h = factor(rep(1:3, length.out = n)),
    x = stats::rnorm(n), t = rep_len(rep(1:3, each = 3), n))
  d$y <- stats::rnorm(n)
  d
}

expect_exact <- function(expression) {
  expect_error(expression, "no upper bound|fit it exactly", class = "henderson_error_exact_fit")
}

test_that("fixed and random effects that span the records have no maximum likelihood", {
  d <- few(1)
  model <- y ~ poly(x, 5) + (1 | g)
  expect_no_error(lmmfit(y ~ poly(x, 4) + (1 | g), d, method = "ML"))
  d$z <- stats::rnorm(12)
  expect_exact(lmmfit(y ~ poly(x, 5) + z + (1 | g), d, method = "ML"))
  reml <- lmmfit(y ~ poly(x, 5) + z + (1 | g), d)
  expect_true(is.finite(reml$minus2loglik))
})

test_that("neither have several crossed terms, or one direction of correlated coefficients", {
  d <- few(2, 9L)
  expect_exact(lmmfit(y ~ x + I(x^2) + t + (1 | g) + (1 | h), d, method = "ML"))
  d <- few(3, 8L)
  d$id <- factor(rep(1:4, 2))
  expect_exact(lmmfit(y ~ poly(x, 4) + (1 + t | id), d, method = "ML"))
})

test_that("more fixed effects than records say what to do", {
  d <- few(4)
  error <- tryCatch(lmmfit(y ~ factor(x) + (1 | g), d), error = identity)
  expect_s3_class(error, "henderson_error_saturated")
  expect_identical(error$argument, "data")
  expect_match(conditionMessage(error), "Take terms out")
})

# A smooth of a covariate without ties spans its records beside the line.
test_that("a subset of the terms that spans the records is found, whatever stands beside it", {
  set.seed(5)
  d <- data.frame(x = stats::rnorm(30), g = gl(5, 6), h = factor(rep(1:3, 10)))
  d$y <- d$x + stats::rnorm(30)
  d$y2 <- stats::rnorm(30)
  d$visit <- factor(rep(1:2, 15))
  d$id <- gl(15, 2)
  expect_exact(lmmfit(y ~ x + spl(x) + (1 | g), d, method = "ML"))
  expect_exact(lmmfit(y ~ x + spl(x) + (1 | g) + (1 | h), d, method = "ML"))
  expect_exact(lmmfit(y ~ x + spl(x) + (1 | g), d, residual = ~ us(visit | id), method = "ML"))
  expect_exact(lmmfit(cbind(y, y2) ~ x + spl(x) + (1 | g), d, method = "ML"))
  expect_true(is.finite(logLik(lmmfit(y ~ x + spl(x) + (1 | g), d))))
  # With ties the smooth leaves room.
  d$x <- round(d$x, 1)
  expect_true(is.finite(logLik(lmmfit(y ~ x + spl(x) + (1 | g), d, method = "ML"))))
})

test_that("what the engine refuses in a refit is a condition too", {
  d <- few(6)
  fit <- lmmfit(y ~ poly(x, 4) + (1 | g), d, method = "ML")
  d$z <- stats::rnorm(12)
  wide <- lmmfit(y ~ poly(x, 5) + z + (1 | g), d)
  spec <- henderson:::fit_spec(wide)
  spec$method <- "ML"
  expect_error(henderson:::refit_spec(fit, spec, 0L), class = "henderson_error_exact_fit")
})
