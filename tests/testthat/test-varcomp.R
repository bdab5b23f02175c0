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

# The Hessian of the dense likelihood along singular matrices, and the model that has only these.
test_that("at a correlation of 1 standard errors are those of the singular model", {
  set.seed(5)
  data <- expand.grid(t = 0:4, g = factor(1:15))
  data$y <- 1 + rnorm(15)[data$g] * (1 + data$t / 2) + rnorm(75) * 1.5
  fit <- lmmfit(y ~ t + (1 + t | g), data)
  found <- varcomp(fit, information = "observed")
  expect_identical(found$status, c("free", "at boundary", "free", "free"))
  expect_identical(is.na(found$se), c(FALSE, TRUE, FALSE, FALSE))
  X <- cbind(1, data$t)
  Z <- model.matrix(~ 0 + g, data)
  dense <- function(p) {
    root <- chol(tcrossprod(Z * p[1] + Z * data$t * p[2]) + p[3]^2 * diag(75))
    half <- qr(backsolve(root, X, transpose = TRUE))
    sum(qr.resid(half, backsolve(root, data$y, transpose = TRUE))^2) + 2 * sum(log(diag(root))) +
      2 * sum(log(abs(diag(qr.R(half)))))
  }
  p <- sqrt(found$estimate[-2])
  covariance <- solve(optimHess(p, dense, control = list(ndeps = rep(1e-4, 3))) / 2)
  expect_relative(found$se[-2], 2 * p * sqrt(diag(covariance)), 1e-4, "SE")
  single <- varcomp(lmmfit(y ~ t + rr(1 + t | g, k = 1), data))
  expect_relative(varcomp(fit)$se[c(1, 3)], 2 * single$estimate[1:2] * single$se[1:2], 1e-5, "rr")
  # A function of the variances: l1^2 + l2^2.
  gradient <- 2 * c(p[1:2], 0)
  expect_relative(vpredict(fit, ~ g.Intercept + g.t, information = "observed")$se,
    sqrt(sum(gradient * (covariance %*% gradient))), 1e-4, "sum")
})
