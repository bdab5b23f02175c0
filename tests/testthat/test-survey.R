# Of few records the likelihood has several maxima: no start leads to a better one than the fit has.

few_records <- function(seed, n_id, m) {
  set.seed(seed)
  d <- expand.grid(visit = seq_len(m), id = factor(seq_len(n_id)))
  n <- nrow(d)
  d$t <- d$visit + round(stats::runif(n, 0, 0.3), 2)
  d$f <- factor(sample(c("u", "v", "w"), n, TRUE))
  d$w <- stats::runif(n, 0.2, 5)
  d$y <- stats::rnorm(n) + stats::rnorm(n_id)[d$id] + stats::rnorm(n_id)[d$id] * d$t
  d
}

expect_no_better_start <- function(fit, starts, tolerance = 1e-4) {
  for (start in starts) {
    other <- tryCatch(suppressWarnings(update(fit, start = start)), error = function(e) NULL)
    if (!is.null(other)) expect_lt(fit$minus2loglik - other$minus2loglik, tolerance)
  }
}

test_that("ranges far from the start are found", {
  for (seed in c(5, 8, 17, 34)) {
    d <- few_records(seed, 8L, 5L)
    v <- stats::var(d$y)
    ranges <- c(0.3, 1, 4, 20)
    random <- suppressWarnings(lmmfit(y ~ f + gau(t | id), d, weights = w))
    expect_no_better_start(random, lapply(ranges, function(range) {
      c(id.variance = v, id.range = range, residual = v)
    }))
    residual <- suppressWarnings(lmmfit(y ~ f, d, residual = ~ gau(t | id), weights = w))
    expect_no_better_start(residual, lapply(ranges, function(range) {
      c(residual.variance = v, residual.range = range)
    }))
  }
})

# Three effects of each of 20 subjects with three records: their matrix takes the place of the
# residuals, singular or not.
test_that("matrices of as many effects as records end where lme4 ends, or below", {
  skip_if_not_installed("lme4")
  for (seed in c(11, 12)) {
    d <- few_records(seed, 20L, 3L)
    fit <- suppressWarnings(lmmfit(y ~ t + (1 + t + I(t^2) | id), d, weights = w))
    peer <- suppressWarnings(suppressMessages(lme4::lmer(y ~ t + (1 + t + I(t^2) | id), d,
      weights = w, control = lme4::lmerControl(check.nobs.vs.nRE = "ignore"))))
    expect_lt(fit$minus2loglik - as.numeric(-2 * stats::logLik(peer)), 1e-3)
  }
})
