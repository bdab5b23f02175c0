growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

test_that("held values stay, and their status says so", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), growth, hold = c(Subject.Intercept.age = 0))
  table <- varcomp(fit)
  expect_identical(table$status, c("free", "held", "free", "free"))
  expect_identical(table$estimate[2], 0)
  expect_true(is.na(table$se[2]))
  uncorrelated <- lmmfit(distance ~ age + (1 + age || Subject), growth)
  expect_equal(deviance(fit), deviance(uncorrelated), tolerance = 1e-6)
})

test_that("known variances give BLUE and BLUP of the dense oracle", {
  fit <- lmmfit(distance ~ age + (1 | Subject), growth, hold = c(Subject = 4, residual = 2))
  model <- oracle_model(fit_spec(fit), list(4), 2)
  expected <- oracle_solution(model)
  expect_equal(unname(fixef(fit)), expected$blue, tolerance = 1e-10)
  expect_equal(as.vector(fit$random[[1]]$effects), expected$blup, tolerance = 1e-8)
  expect_equal(unname(vcov(fit)), expected$covariance, tolerance = 1e-8)
  expect_equal(deviance(fit), oracle_minus2loglik(model), tolerance = 1e-10)
  expect_equal(attr(logLik(fit), "df"), 2)
})

test_that("starting values do not change the answer", {
  expected <- lmmfit(distance ~ age + (1 | Subject), growth)
  for (start in list(c(Subject = 100), c(residual = 0.01), c(Subject = 0.1, residual = 50))) {
    expect_equal(deviance(update(expected, start = start)), deviance(expected), tolerance = 1e-7)
  }
})

test_that("an unreached optimum is a warning and is printed", {
  short <- lmm_control(max_iterations = 1)
  expect_warning(
    fit <- lmmfit(distance ~ age * Sex + (1 + age | Subject), growth, control = short),
    class = "henderson_warning_convergence"
  )
  expect_output(print(fit), "NOT CONVERGED")
})
