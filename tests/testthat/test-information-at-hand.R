# What a fit keeps for tests of its fixed effects is what the engine gives when it is asked later.

asked_later <- function(fit) {
  rm(list = ls(fit$cache), envir = fit$cache)
  variance_information(fit)
}

expect_same_information <- function(fit) {
  at_hand <- fit$cache$information
  expect_type(at_hand, "list")
  later <- asked_later(fit)
  expect_equal(at_hand$has_expected, later$has_expected)
  for (which in c("jacobian", "average", "observed", "expected", "moments")) {
    expect_equal(at_hand[[which]], later[[which]], tolerance = 1e-8, label = which)
  }
}

test_that("nested terms have their information when they are fitted", {
  expect_same_information(
    lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)
  )
  expect_same_information(
    lmmfit(Reaction ~ Days + (1 | Subject), lme4::sleepstudy, method = "ML",
      weights = rep(c(1, 2), 90L))
  )
  oats <- transform(nlme::Oats, nitro = factor(nitro))
  expect_same_information(lmmfit(yield ~ nitro * Variety + (1 | Block / Variety), oats))
})

test_that("so have residual structures", {
  orthodont <- transform(nlme::Orthodont, visit = factor(age), Subject = factor(Subject))
  expect_same_information(
    lmmfit(distance ~ age * Sex, orthodont, residual = ~ us(visit | Subject))
  )
  expect_same_information(
    lmmfit(distance ~ age * Sex, orthodont, residual = ~ ar1h(visit | Sex / Subject))
  )
})

test_that("dependent columns, held variances and those at zero are no exception", {
  data <- transform(lme4::sleepstudy, twice = 2 * Days)
  expect_same_information(suppressMessages(suppressWarnings(
    lmmfit(Reaction ~ Days + twice + (Days || Subject), data)
  )))
  expect_same_information(
    lmmfit(Reaction ~ Days + (1 | Subject), data, hold = c(Subject = 1000))
  )
  none <- transform(data, Reaction = Reaction - ave(Reaction, Subject))
  expect_same_information(lmmfit(Reaction ~ Days + (1 | Subject), none))
})

test_that("models whose information costs more are asked when it is needed", {
  many <- lmmfit(y ~ service + (1 | s) + (1 | d), lme4::InstEval[seq_len(4000), ])
  expect_null(many$cache$information)
  average <- contest(many, diag(2)[2, , drop = FALSE], information = "average")
  expect_null(many$cache$information)
  contest(many, diag(2)[2, , drop = FALSE])
  expect_type(many$cache$information, "list")
  # The average information is one of those.
  expect_equal(
    contest(many, diag(2)[2, , drop = FALSE], information = "average")$table, average$table,
    tolerance = 1e-10
  )
})

test_that("a common factor of variances gives the second derivatives of the residual", {
  skip_if_not_installed("lme4")
  # Animals with a relationship: E is not had directly, and log sigma^2 is not differenced.
  set.seed(7)
  relationship <- diag(0.5, 30) + 0.5
  dimnames(relationship) <- list(1:30, 1:30)
  data <- data.frame(id = factor(rep(1:30, 3)), x = stats::rnorm(90))
  data$y <- drop(t(chol(relationship)) %*% stats::rnorm(30))[data$id] + stats::rnorm(90)
  fit <- lmmfit(y ~ x + (1 | gr(id, cov = relationship)), data)
  found <- asked_later(fit)
  # In values: -2l of the V form by second differences.
  z <- stats::model.matrix(~ 0 + id, data)
  g <- z %*% relationship %*% t(z)
  x <- cbind(1, data$x)
  minus2loglik <- function(v) {
    V <- v[1] * g + v[2] * diag(90)
    inverse <- solve(V)
    xvx <- t(x) %*% inverse %*% x
    p <- inverse - inverse %*% x %*% solve(xvx, t(x) %*% inverse)
    c(determinant(V)$modulus) + c(determinant(xvx)$modulus) + c(t(data$y) %*% p %*% data$y)
  }
  hessian <- stats::optimHess(varcomp(fit)$estimate, minus2loglik,
    control = list(ndeps = rep(1e-4, 2)))
  jacobian <- found$jacobian
  expect_equal(t(jacobian) %*% hessian %*% jacobian / 2, found$observed, tolerance = 1e-4)
})
