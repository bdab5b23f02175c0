# Distances within subjects alone matter: times moved by 1000 for every next subject give the same
# R, among 480 distinct positions in place of 28. Everything after the fit must be the same.

moved_times <- function() {
  set.seed(3)
  d <- expand.grid(visit = 1:4, id = factor(1:120))
  d$t <- d$visit + round(runif(nrow(d), -0.3, 0.3), 1)
  d$trt <- factor(as.integer(d$id) %% 2)
  d$x <- d$t * (d$trt == "1")
  d$far <- d$t + 1000 * as.integer(d$id)
  root <- function(t) t(chol(exp(-as.matrix(dist(t))) + diag(0.1, length(t))))
  d$y <- unlist(lapply(split(d$t, d$id), function(t) root(t) %*% rnorm(length(t))))
  d
}

# Searches end where -2l has 1e-8 to gain, which is 1e-5 in the parameters.
same_answers <- function(near, far, tolerance = 1e-5) {
  expect_equal(far$minus2loglik, near$minus2loglik, tolerance = 1e-10)
  a <- variance_information(near)
  b <- variance_information(far)
  expect_true(b$has_expected)
  for (kind in c("expected", "observed", "average"))
    expect_equal(b[[kind]], a[[kind]], tolerance = tolerance)
  for (ddf in c("Kenward-Roger", "Kenward-Roger1", "Kenward-Roger2", "Satterthwaite")) {
    expect_equal(unname(coef(summary(far, ddf = ddf))), unname(coef(summary(near, ddf = ddf))),
      tolerance = tolerance)
  }
}

test_that("answers do not depend on how many positions all subjects have together", {
  d <- moved_times()
  expect_gt(length(unique(d$far)), 300)
  same_answers(lmmfit(y ~ t + x, d, residual = ~ exp(t | id)),
    lmmfit(y ~ t + x, d, residual = ~ exp(far | id)))
  same_answers(lmmfit(y ~ t + x, d, residual = ~ matern(t | id, nu = 1.5)),
    lmmfit(y ~ t + x, d, residual = ~ matern(far | id, nu = 1.5)))
  same_answers(lmmfit(y ~ t + x + (1 | id), d, residual = ~ gau(t | id)),
    lmmfit(y ~ t + x + (1 | id), d, residual = ~ gau(far | id)))
})

# Few subjects of many times.
test_that("the same for four subjects of a hundred times", {
  set.seed(2)
  d <- expand.grid(visit = 1:100, id = factor(1:4))
  d$t <- d$visit
  d$far <- d$t + 1000 * as.integer(d$id)
  d$y <- as.vector(stats::filter(rnorm(400), 0.6, "recursive"))
  near <- lmmfit(y ~ t, d, residual = ~ exp(t | id))
  far <- lmmfit(y ~ t, d, residual = ~ exp(far | id))
  for (ddf in c("Kenward-Roger", "Kenward-Roger2")) {
    expect_equal(unname(coef(summary(far, ddf = ddf))), unname(coef(summary(near, ddf = ddf))),
      tolerance = 1e-5)
  }
})

test_that("where a subject has too many positions for the expected information this is said", {
  set.seed(1)
  d <- data.frame(t = rep(cumsum(runif(320, 0.5, 1.5)), 2), id = gl(2, 320))
  d$y <- as.numeric(stats::filter(rnorm(640), 0.5, "recursive"))
  f <- lmmfit(y ~ t, d, residual = ~ exp(t | id))
  expect_message(summary(f, ddf = "KR"), class = "henderson_message_information")
  expect_no_message(summary(f))
})
