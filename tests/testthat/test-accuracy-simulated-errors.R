# Prediction error variances from data sets drawn under the fit. The peer is the selected inverse of
# the factor; differences are judged by the Monte Carlo errors that are stated.

by_gradients_too <- function(formula, data, ..., term = NULL, simulations = 400L) {
  exact <- lmmfit(formula, data, ...)
  found <- lmmfit(formula, data, ..., control = lmm_control(solver = "pcg"))
  list(
    exact = reliability(exact, term),
    found = reliability(found, term, simulations = simulations)
  )
}

# z of the levels of one fit are not independent of each other: their spread is judged loosely, and
# none may be beyond what so many normal ones reach.
expect_within_stated_errors <- function(of) {
  expect_identical(of$found[c("level", "coefficient")], of$exact[c("level", "coefficient")])
  expect_equal(of$found$estimate, of$exact$estimate, tolerance = 1e-5)
  known <- of$exact$reliability > 1e-8
  z <- ((of$found$reliability - of$exact$reliability) / of$found$mc_error)[known]
  expect_lt(max(abs(z)), 5)
  expect_gt(stats::sd(z), 0.8)
  expect_lt(stats::sd(z), 1.25)
  # pev and reliability tell the same.
  whole <- of$exact$pev / (1 - of$exact$reliability)
  expect_equal(of$found$pev, (1 - of$found$reliability) * whole, tolerance = 1e-8)
  expect_equal(of$found$se, sqrt(of$found$pev))
  # The least that a level may tell is nothing.
  expect_true(all(of$found$reliability >= 0 & of$found$reliability <= 1))
}

test_that("reliabilities by simulation are those of the factor", {
  for (kind in c("animal", "maternal", "traits", "curves")) {
    model <- large_model(kind, 1000L)
    expect_within_stated_errors(
      by_gradients_too(model$formula, model$data, hold = model$hold))
  }
  expect_within_stated_errors(
    by_gradients_too(model$formula, model$data, hold = model$hold, term = "animal.iid"))
})

test_that("also with weights, residuals of a structure, and a singular relationship", {
  set.seed(3)
  d <- data.frame(line = factor(rep(1:60, each = 4)), time = rep(1:4, 60))
  d$w <- stats::runif(240, 0.5, 3)
  d$y <- stats::rnorm(60)[d$line] + stats::rnorm(240)
  expect_within_stated_errors(by_gradients_too(y ~ time + (1 | line), d, weights = w,
    hold = c(line = 1, residual = 1)))
  expect_within_stated_errors(by_gradients_too(y ~ time + (1 | line), d,
    residual = ~ ar1(time | line),
    hold = c(line = 1, residual.variance = 1, residual.rho = 0.6)))
  K <- tcrossprod(matrix(stats::rnorm(60 * 40), 60)) / 40
  dimnames(K) <- rep(list(levels(d$line)), 2L)
  expect_within_stated_errors(by_gradients_too(y ~ time + (1 | gr(line, cov = K)), d,
    hold = c(line = 1, residual = 1)))
})

test_that("the error falls with the root of the data sets, and the seed decides", {
  model <- large_model("animal", 1000L)
  fit <- lmmfit(model$formula, model$data, control = lmm_control(solver = "pcg"))
  few <- reliability(fit)
  many <- reliability(fit, simulations = 400L)
  expect_equal(mean(few$mc_error) / mean(many$mc_error), 2, tolerance = 0.02)
  expect_identical(reliability(fit, simulations = 100L, seed = 1L), few)
  expect_false(identical(reliability(fit, seed = 2L)$pev, few$pev))
  # A fit with a factor gives the same to who asks for simulation.
  held <- stats::setNames(varcomp(fit)$estimate, varcomp(fit)$parameter)
  exact <- lmmfit(model$formula, model$data, hold = held)
  expect_equal(reliability(exact, simulations = 100L)$pev, few$pev, tolerance = 1e-3)
  expect_equal(breeding_values(fit)$reliability, few$reliability)
  expect_equal(breeding_values(fit)$inbreeding, breeding_values(exact)$inbreeding)
})

test_that("a variance of zero leaves nothing to predict", {
  d <- nlme::Orthodont
  fit <- lmmfit(distance ~ age + (1 | Subject), d, hold = c(Subject = 0, residual = 2),
    control = lmm_control(solver = "pcg"))
  found <- reliability(fit)
  expect_identical(found$pev, rep(0, 27))
  expect_true(all(is.na(found$reliability)))
})

test_that("what simulation does not know is refused by name", {
  d <- nlme::Orthodont
  fit <- lmmfit(distance ~ age + (1 | Subject), d)
  expect_error(reliability(fit, simulations = 1), "simulations", class = "henderson_error_argument")
  expect_error(reliability(fit, simulations = 50, seed = -1), "seed",
    class = "henderson_error_argument")
  bayes <- lmmfit(distance ~ age + (1 | Subject), d, method = "Bayes", draws = 100, seed = 1)
  expect_error(reliability(bayes, simulations = 50), "Bayes", class = "henderson_error_solver")
  model <- large_model("animal", 1000L)
  ped <- environment(model$formula)$ped
  large <- lmmfit(model$formula, model$data, hold = model$hold,
    control = lmm_control(solver = "pcg"))
  expect_error(breeding_values(large, pedigree = ped), class = "henderson_error_solver")
})
