# Leave-one-out predictive densities of a fit by Bayes.

skip_if_not_installed("qrng")
skip_if_not_installed("loo")
skip_if_not_installed("posterior")

data <- as.data.frame(nlme::Rail)
prior <- lmm_prior(Rail = half_normal(30), residual = half_normal(10))
fit <- lmmfit(travel ~ 1 + (1 | Rail), data, method = "Bayes", prior = prior, seed = 3)

test_that("the density of a record without it, given the variances, is that of dense P", {
  density <- left_out_densities(fit, 5L)
  values <- fit$posterior$values[resampled(fit$posterior$weight, 5L), ]
  Z <- model.matrix(~ 0 + Rail, data)
  X <- matrix(1, nrow(data))
  for (s in 1:5) {
    V <- values[s, 1] * tcrossprod(Z) + values[s, 2] * diag(nrow(data))
    W <- solve(V)
    P <- W - W %*% X %*% solve(t(X) %*% W %*% X, t(X) %*% W)
    # y_i given the others: y_i - (Py)_i / P_ii, with variance 1 / P_ii.
    mean <- data$travel - as.vector(P %*% data$travel) / diag(P)
    expect_equal(density[s, ], dnorm(data$travel, mean, 1 / sqrt(diag(P)), log = TRUE),
      tolerance = 1e-9)
  }
})

test_that("elpd of a record is the ratio of marginal likelihoods with and without it", {
  found <- loo::loo(fit)
  expect_s3_class(found, "psis_loo")
  expect_lt(max(found$diagnostics$pareto_k), 0.7)
  whole <- marginal_likelihood(fit)
  for (i in c(1L, 8L, 15L)) {
    less <- update(fit, data = data[-i, ])
    other <- marginal_likelihood(less)
    error <- sqrt(whole[["mcse"]]^2 + other[["mcse"]]^2 +
      found$pointwise[i, "mcse_elpd_loo"]^2)
    expect_lt(abs(found$pointwise[i, "elpd_loo"] - (whole[[1]] - other[[1]])), 4 * error)
  }
})

test_that("weights and a variance by group, and what has no such density", {
  data$w <- rep(c(1, 2, 4), 6)
  weighted <- update(fit, data = data, weights = w, draws = 400)
  density <- left_out_densities(weighted, 3L)
  value <- weighted$posterior$values[resampled(weighted$posterior$weight, 3L)[2], ]
  V <- value[1] * tcrossprod(model.matrix(~ 0 + Rail, data)) + diag(value[2] / data$w)
  W <- solve(V)
  P <- W - W %*% matrix(1, 18, 18) %*% W / sum(W)
  mean <- data$travel - as.vector(P %*% data$travel) / diag(P)
  expect_equal(density[2, ], dnorm(data$travel, mean, 1 / sqrt(diag(P)), log = TRUE),
    tolerance = 1e-9)
  data$visit <- factor(rep(1:3, 6))
  correlated <- lmmfit(travel ~ 1, data, residual = ~ cs(visit | Rail), method = "Bayes", seed = 1,
    draws = 200)
  expect_error(loo::loo(correlated), "correlated", class = "henderson_error_bayes_question")
  expect_error(loo::loo(fit, draws = 3), class = "henderson_error_argument")
  expect_error(loo::loo(fit, cores = 3), class = "henderson_error_argument")
})

test_that("what has no meaning by Bayes is refused, and an argument without use is told", {
  expect_error(logLik(fit), class = "henderson_error_bayes_question")
  expect_error(AIC(fit), class = "henderson_error_bayes_question")
  expect_error(deviance(fit), class = "henderson_error_bayes_question")
  expect_error(ranova(fit), class = "henderson_error_bayes_question")
  expect_message(update(fit, chains = 2, draws = 200), class = "henderson_message_chains")
})
