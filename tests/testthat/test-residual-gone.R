# A residual variance that goes to zero beside random terms that keep V definite: `~ iid` finds what
# `~ diag()` with one level finds by its own route (a ridge that is taken away), and what the
# likelihood is on the way there. And variances of up to 1e12 residual ones.

test_that("an independent residual that goes ends at the supremum, at its boundary", {
  for (seed in 1:4) {
    set.seed(seed)
    d <- expand.grid(t = 1:4, id = factor(1:12))
    d$one <- factor(1)
    b <- matrix(rnorm(24), 12)
    series <- replicate(12, stats::arima.sim(list(ar = 0.8), 4))
    d$y <- b[d$id, 1] + b[d$id, 2] * d$t + as.vector(series)
    iid <- lmmfit(y ~ t + (1 | id) + ar1(t | id), d)
    one <- lmmfit(y ~ t + (1 | id) + ar1(t | id), d, residual = ~ diag(one))
    expect_lt(abs(iid$minus2loglik - one$minus2loglik), 1e-6)
    expect_equal(c(iid$convergence$status, one$convergence$status), rep("converged", 2))
    expect_equal(tail(varcomp(iid)$status, 1), "at boundary")
    shuffled <- lmmfit(y ~ t + (1 | id) + ar1(t | id), d[sample(nrow(d)), ])
    expect_lt(abs(shuffled$minus2loglik - iid$minus2loglik), 1e-6)
  }
})

# Closed form of the balanced one-way classification with a visit factor: REML with mean squares
# between (39 df) and within (117 df).
test_that("a random intercept of up to 1e12 residual variances has the closed form", {
  for (sd in c(1e-2, 1e-3, 1e-4, 1e-5)) {
    set.seed(5)
    d <- expand.grid(visit = factor(1:4), id = factor(1:40))
    d$y <- rnorm(40, 20, 10)[d$id] + rnorm(160, 0, sd)
    y <- t(matrix(d$y, 4))
    within <- scale(y - rowMeans(y), scale = FALSE)
    between <- 4 * stats::var(rowMeans(y))
    mse <- sum(within^2) / 117
    closed <- 117 * log(mse) + 39 * log(between) + 156 * (1 + log(2 * pi)) + 4 * log(40)
    fit <- suppressWarnings(lmmfit(y ~ visit + (1 | id), d))
    expect_lt(abs(fit$minus2loglik - closed), 1e-7)
    expect_equal(varcomp(fit)$estimate, c((between - mse) / 4, mse), tolerance = 1e-4)
    if (sd < 1e-4) next
    structured <- lmmfit(y ~ visit, d, residual = ~ cs(1 | id))
    expect_lt(abs(structured$minus2loglik - closed), 1e-5)
    expect_equal(c(fit$convergence$status, structured$convergence$status), rep("converged", 2))
  }
})

test_that("loadings alone are no residuals, and fa() is named", {
  set.seed(1)
  d <- expand.grid(visit = factor(1:4), id = factor(1:10))
  d$y <- rnorm(40) + rnorm(10)[d$id]
  for (k in 1:2) {
    expect_error(lmmfit(y ~ 1, d, residual = ~ rr(visit | id, k = k)), "fa(visit", fixed = TRUE,
      class = "henderson_error_residual")
  }
})
