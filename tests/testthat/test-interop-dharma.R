# What DHARMa calls of a model, in its order (its files compatibility.R and simulateResiduals.R). It
# cannot be installed everywhere, so these entry points are tested by themselves.

fit <- function() {
  data <- as.data.frame(nlme::Orthodont)
  data$distance[5] <- NA
  lmmfit(distance ~ age * Sex + (1 | Subject), data)
}

test_that("response, family, fitted values, residuals and simulations have the shapes it wants", {
  own <- fit()
  expect_identical(stats::family(own)$family, "gaussian")
  n <- stats::nobs(own)
  response <- stats::model.frame(own)[, 1]
  expect_identical(length(response), n)
  marginal <- stats::predict(own, type = "response", re.form = ~0)
  expect_equal(unname(marginal), drop(unname(model.matrix(own) %*% fixef(own))))
  expect_equal(unname(stats::residuals(own, type = "response") + fitted(own)), unname(response))
  simulated <- data.matrix(stats::simulate(own, nsim = 7))
  expect_true(inherits(simulated, "matrix"))
  expect_identical(dim(simulated), c(n, 7L))
  expect_true(all(is.finite(simulated)))
})

test_that("simulated quantiles are uniform where the model is true, given random effects or not", {
  own <- fit()
  truth <- stats::simulate(own, 1, seed = 4)
  again <- suppressMessages(refit.lmmfit(own, truth))
  for (form in list(NULL, NA, ~0)) {
    draws <- as.matrix(stats::simulate(again, 400, seed = 2, re.form = form))
    quantile <- rowMeans(draws < truth[[1]])
    centre <- if (is.null(form)) fitted(again) else stats::predict(again, re.form = form)
    expect_lt(max(abs(rowMeans(draws) - centre)), 5 * max(apply(draws, 1, sd)) / sqrt(400))
    # Kolmogorov's statistic of 107 values: 0.13 at 5 %.
    expect_lt(max(abs(sort(quantile) - ppoints(107))), 0.16)
  }
  given <- apply(as.matrix(stats::simulate(own, 400, seed = 2, re.form = NULL)), 1, var)
  expect_equal(mean(given), sigma(own)^2, tolerance = 0.05)
  expect_equal(stats::simulate(own, seed = 1, re.form = ~ (1 | Subject)),
    stats::simulate(own, seed = 1, re.form = NULL))
  expect_error(stats::predict(own, re.form = "Subject"), class = "henderson_error_argument")
})

test_that("refit() is the fit to the new response", {
  skip_if_not_installed("lme4")
  own <- fit()
  new <- stats::simulate(own, 1, seed = 1)
  data <- as.data.frame(nlme::Orthodont)[-5, ]
  data$distance <- new[[1]]
  expected <- lmmfit(distance ~ age * Sex + (1 | Subject), data)
  for (response in list(new, new[[1]])) {
    found <- lme4::refit(own, response)
    expect_equal(fixef(found), fixef(expected), tolerance = 1e-6)
    expect_equal(varcomp(found), varcomp(expected), tolerance = 1e-4)
    expect_equal(unname(residuals(found)), unname(residuals(expected)), tolerance = 1e-6)
    expect_equal(summary(found)$fixed$df, summary(expected)$fixed$df, tolerance = 1e-4)
  }
  expect_equal(lme4::refit(own)$minus2loglik, own$minus2loglik)
  expect_error(lme4::refit(own, 1:3), class = "henderson_error_argument")
  structured <- lmmfit(distance ~ age, nlme::Orthodont, residual = ~ ar1(age | Subject))
  again <- lme4::refit(structured, 2 * nlme::Orthodont$distance)
  expect_equal(fixef(again), 2 * fixef(structured), tolerance = 1e-5)
})

test_that("DHARMa itself takes a fit", {
  skip_if_not_installed("DHARMa")
  peer <- "DHARMa"  # no dependency to declare
  made <- suppressWarnings(getExportedValue(peer, "simulateResiduals")(fit(), n = 100))
  expect_identical(length(residuals(made)), 107L)
  expect_identical(made$fittedFixedEffects, fixef(fit()))
})
