# Leave-one-out predictive densities of a fit by Bayes.

skip_if_not_installed("qrng")
skip_if_not_installed("loo")
skip_if_not_installed("posterior")

data <- as.data.frame(nlme::Rail)
prior <- lmm_prior(Rail = half_normal(30), residual = half_normal(10))
fit <- lmmfit(travel ~ 1 + (1 | Rail), data, method = "Bayes", prior = prior, seed = 3)

# log p(y), effects integrated out, of the dense V.
log_density_of <- function(y, X, V) {
  W <- solve(V)
  A <- t(X) %*% W %*% X
  r <- y - X %*% solve(A, t(X) %*% W %*% y)
  logdet <- function(M) as.numeric(determinant(as.matrix(M))$modulus)
  -((length(y) - ncol(X)) * log(2 * pi) + logdet(V) + logdet(A) + sum(r * (W %*% r))) / 2
}

expect_left_out <- function(fit, groups, X, covariance) {
  at <- c(1L, 17L, 90L)
  density <- left_out_densities(fit, at, groups)
  groups <- groups %||% factor(seq_len(fit$n))
  y <- frame_response(fit$frame)
  for (k in seq_along(at)) {
    V <- covariance(fit$posterior$values[at[k], ])
    dense <- vapply(levels(groups), function(g) {
      kept <- groups != g
      log_density_of(y, X, V) - log_density_of(y[kept], X[kept, , drop = FALSE], V[kept, kept])
    }, 0)
    expect_equal(density[k, ], dense, tolerance = 1e-8)
  }
}

test_that("densities given the variances are differences of the dense likelihood", {
  same <- outer(data$Rail, data$Rail, `==`)
  V <- function(values) values[1] * same + diag(values[2], nrow(data))
  X <- matrix(1, nrow(data))
  expect_left_out(fit, NULL, X, V)
  expect_left_out(fit, factor(data$Rail), X, V)
  expect_left_out(fit, factor(rep(1:4, length.out = 18)), X, V)
})

test_that("the residuals of a group may be correlated, weighted, and of several variances", {
  growth <- nlme::Orthodont[order(nlme::Orthodont$age), ]
  growth <- as.data.frame(growth[growth$Subject %in% paste0("M0", 1:8), ])
  growth$visit <- factor(growth$age)
  growth$w <- rep(c(1, 2), 16)
  id <- droplevels(growth$Subject)
  ar1 <- lmmfit(distance ~ age + (1 | Subject), growth, residual = ~ ar1(visit | Subject),
    weights = w, method = "Bayes", draws = 100, seed = 2)
  lag <- abs(outer(growth$age, growth$age, `-`)) / 2
  X <- cbind(1, growth$age)
  same <- outer(id, id, `==`)
  expect_left_out(ar1, id, X, function(values) {
    same * (values[1] + values[2] * values[3]^lag / sqrt(outer(growth$w, growth$w)))
  })
  arms <- lmmfit(distance ~ age + (1 | Subject), growth, residual = ~ diag(visit),
    method = "Bayes", draws = 100, seed = 1)
  expect_left_out(arms, NULL, X, function(values) {
    same * values[1] + diag(values[-1][as.integer(growth$visit)])
  })
  expect_left_out(arms, id, X, function(values) {
    same * values[1] + diag(values[-1][as.integer(growth$visit)])
  })
  expect_error(loo::loo(ar1, group = ~ visit), "subjects of the residual",
    class = "henderson_error_bayes_question")
})

test_that("elpd of a group is the ratio of marginal likelihoods with and without it", {
  found <- loo::loo(fit, group = ~ Rail)
  expect_identical(dim(found$pointwise), c(6L, 5L))
  whole <- marginal_likelihood(fit)
  for (rail in c("2", "4")) {
    other <- marginal_likelihood(update(fit, data = droplevels(data[data$Rail != rail, ])))
    error <- sqrt(whole[["mcse"]]^2 + other[["mcse"]]^2 +
      found$pointwise[rail, "mcse_elpd_loo"]^2)
    expect_lt(abs(found$pointwise[rail, "elpd_loo"] - (whole[[1]] - other[[1]])), 4 * error)
  }
  by_label <- loo::loo(fit, group = "Rail")
  expect_equal(by_label$pointwise, found$pointwise)
  expect_output(print(loo::loo_compare(found, loo::loo(update(fit, prior = NULL),
    group = ~ Rail))), "elpd_diff")
})

test_that("waic has the mean and variance over effects that draws of them have", {
  found <- suppressWarnings(loo::waic(fit))
  at <- some_draws(fit$posterior, 1000)
  at <- at[rep(resampled(fit$posterior$weight[at], 1000), 20)]
  effects <- effect_draws(fit, at, 9)
  eta <- effects[rep(1, nrow(data)), ] + effects[1 + match(data$Rail, levels(data$Rail)), ]
  sd <- rep(sqrt(fit$posterior$values[at, 2]), each = nrow(data))
  loglik <- t(matrix(dnorm(data$travel, eta, sd, log = TRUE), nrow(data)))
  by_draws <- suppressWarnings(loo::waic(loglik))
  expect_equal(found$pointwise[, "elpd_waic"], by_draws$pointwise[, "elpd_waic"], tolerance = 0.02)
  expect_equal(found$estimates, by_draws$estimates, tolerance = 0.03)
  expect_s3_class(found, c("waic", "loo"), exact = TRUE)
})

test_that("groups that a fit has not are refused", {
  expect_error(loo::loo(fit, group = ~ batch), class = "henderson_error_argument")
  expect_error(loo::loo(fit, group = travel ~ Rail), class = "henderson_error_argument")
  expect_error(loo::loo(fit, group = 1:3), class = "henderson_error_argument")
  expect_error(loo::waic(fit, group = ~ Rail), class = "henderson_error_argument")
})

test_that("elpd of a record is the ratio of marginal likelihoods with and without it", {
  found <- loo::loo(fit, draws = 4000)
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

test_that("what has no such density", {
  data$visit <- factor(rep(1:3, 6))
  correlated <- lmmfit(travel ~ 1, data, residual = ~ cs(visit | Rail), method = "Bayes", seed = 1,
    draws = 200)
  expect_error(loo::loo(correlated), "correlated", class = "henderson_error_bayes_question")
  expect_error(loo::waic(correlated), "correlated", class = "henderson_error_bayes_question")
  expect_error(loo::loo(fit, draws = 3), class = "henderson_error_argument")
  expect_error(loo::loo(fit, cores = 3), class = "henderson_error_argument")
})

test_that("a density of the data that is not known is an error with its reason", {
  fails <- function(pattern, ...) {
    # Of so few draws chains may not have mixed.
    other <- suppressWarnings(update(fit, draws = 200, ...))
    expect_error(marginal_likelihood(other), pattern, class = "henderson_error_marginal")
  }
  fails("chains", sampler = "hmc")
  fails("improper", prior = lmm_prior(residual = flat()))
  fails("cut off", bounds = list(Rail = c(0, 2000)))
  # With all variances held it is the likelihood.
  hold <- c(Rail = 600, residual = 16)
  expect_error(update(fit, hold = hold), "held", class = "henderson_error_prior_name")
  known <- update(fit, hold = hold, prior = NULL)
  expect_equal(marginal_likelihood(known)[["log_density"]],
    as.numeric(logLik(lmmfit(travel ~ 1 + (1 | Rail), data, hold = hold))))
})

test_that("what has no meaning by Bayes is refused, and an argument without use is told", {
  expect_error(logLik(fit), class = "henderson_error_bayes_question")
  expect_error(AIC(fit), class = "henderson_error_bayes_question")
  expect_error(deviance(fit), class = "henderson_error_bayes_question")
  expect_error(ranova(fit), class = "henderson_error_bayes_question")
  expect_message(update(fit, chains = 2, draws = 200), class = "henderson_message_chains")
})
