sleep <- function() {
  skip_if_not_installed("lme4")
  env <- new.env()
  utils::data("sleepstudy", package = "lme4", envir = env)
  env$sleepstudy
}

test_that("VarCorr() is lme4's", {
  data <- sleep()
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), data)
  peer <- lme4::lmer(Reaction ~ Days + (1 + Days | Subject), data)
  found <- as.data.frame(VarCorr(fit))
  expected <- as.data.frame(lme4::VarCorr(peer))
  expect_equal(found, expected, tolerance = 1e-4)
  correlation <- attr(lme4::VarCorr(peer)$Subject, "correlation")
  expect_equal(attr(VarCorr(fit)$Subject, "correlation"), correlation, ignore_attr = TRUE,
    tolerance = 1e-3)
})

test_that("varcomp() has a row for each parameter", {
  fit <- lmmfit(Reaction ~ Days + (1 + Days || Subject), sleep(), hold = c(residual = 650))
  expect_identical(varcomp(fit)$parameter, c("Subject.Intercept", "Subject.Days", "residual"))
  expect_identical(varcomp(fit)$term, c("Subject", "Subject", "residual"))
  expect_identical(varcomp(fit)$status, c("free", "free", "held"))
})

test_that("correlations of a zero variance are not a number, and print as nothing", {
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), sleep(),
    hold = c(Subject.Intercept = 500, Subject.Intercept.Days = 0, Subject.Days = 0))
  expect_true(is.nan(attr(VarCorr(fit)$Subject, "correlation")[1, 2]))
  expect_no_match(capture.output(print(VarCorr(fit))), "NaN")
})
