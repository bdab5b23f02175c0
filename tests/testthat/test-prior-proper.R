# Fits of fewer records than variances, or of levels as many as records: closed forms, quadrature.

skip_without_bayes()

scarce_fit <- function(...) {
  expect_message(fit <- lmmfit(..., method = "Bayes", draws = 4000, seed = 1), "too few",
    class = "henderson_message_scarce_data")
  fit
}

test_that("six variances of two subjects have their inverse Wishart distribution", {
  set.seed(1)
  data <- data.frame(y = rnorm(6), visit = factor(rep(1:3, 2)), id = gl(2, 3))
  V <- diag(c(1, 2, 0.5))
  fit <- scarce_fit(y ~ 0, data, residual = ~ us(visit | id),
    prior = lmm_prior(residual = inverse_wishart(V, 6)))
  # Conjugate: scale matrix nu V + sum of y y', nu + 2 degrees of freedom.
  Y <- matrix(data$y, 2, byrow = TRUE)
  mean <- (6 * V + crossprod(Y)) / (6 + 2 - 3 - 1)
  own <- varcomp(fit)
  expect_lt(max(abs(own$estimate - mean[upper.tri(mean, diag = TRUE)]) / own$mcse), 4)
})

test_that("a level for each record leaves the sum of two variances to the data", {
  set.seed(2)
  data <- data.frame(y = rnorm(6, 0, 2), g = gl(6, 1))
  fit <- scarce_fit(y ~ 1 + (1 | g), data,
    prior = lmm_prior(g = half_normal(1), residual = half_normal(2)))
  at <- seq(0.0025, 12, 0.005)
  log_density <- outer(at, at, function(s, e) {
    total <- s^2 + e^2
    -2.5 * log(total) - 5 * var(data$y) / (2 * total) - s^2 / 2 - e^2 / 8
  })
  density <- exp(log_density - max(log_density))
  own <- varcomp(fit)
  means <- c(sum(rowSums(density) * at^2), sum(colSums(density) * at^2)) / sum(density)
  expect_lt(max(abs(own$estimate - means) / own$mcse), 4)
})

test_that("one level has a posterior, and that of its variance is near the prior", {
  set.seed(3)
  data <- data.frame(y = rnorm(8), g = gl(1, 8))
  fit <- scarce_fit(y ~ 1 + (1 | g), data, prior = lmm_prior(g = half_normal(1)))
  own <- varcomp(fit)
  # The effect is the intercept's: the variance is that of the prior, with mean 1.
  expect_lt(abs(own$estimate[1L] - 1) / own$mcse[1L], 4)
})

test_that("improper priors and functions are refused there", {
  data <- data.frame(y = c(1, 3, 2, 5), g = gl(4, 1))
  refused <- function(prior) {
    expect_error(lmmfit(y ~ 1 + (1 | g), data, method = "Bayes", prior = prior), "as many as",
      class = "henderson_error_levels_records")
  }
  refused(lmm_prior(residual = flat()))
  refused(lmm_prior(residual = function(s) -s))
})
