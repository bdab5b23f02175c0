# Functions of variance parameters against the delta method by hand and numerical derivatives.

oats <- function() {
  lmmfit(yield ~ Variety + nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
}

test_that("estimates and standard errors are those of the delta method", {
  fit <- oats()
  v <- fit$parameters$estimate
  V <- fit$parameter_covariance
  found <- vpredict(fit, r ~ Block / (Block + Block:Variety + residual), l ~ log(residual))
  total <- sum(v)
  gradient <- c(1 / total - v[1] / total^2, -v[1] / total^2, -v[1] / total^2)
  expect_equal(found["r", "estimate"], v[1] / total)
  expect_equal(found["r", "se"], sqrt(drop(gradient %*% V %*% gradient)))
  expect_equal(found[2, "se"], fit$parameters$se[3] / v[3])
  both <- vpredict(fit, a ~ Block, b ~ a / residual, c ~ `Block:Variety`)
  expect_equal(both["c", "se"], fit$parameters$se[2])
  expect_equal(attr(both, "covariance")["a", "c"], V[1, 2])
  expect_equal(both["b", "estimate"], v[1] / v[3])
  limits <- vpredict(fit, a ~ Block, level = 0.9)
  expect_equal(limits$upper - limits$lower, 2 * qnorm(0.95) * limits$se)
})

test_that("names with dots are names, and functions that D() does not know are differenced", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  sigma <- VarCorr(fit)$Subject
  found <- vpredict(fit, r ~ Subject.Intercept.age / sqrt(Subject.Intercept * Subject.age),
    s ~ plogis(residual), t ~ 1 / (1 + exp(-residual)))
  expect_equal(found["r", "estimate"], attr(sigma, "correlation")[2, 1])
  expect_equal(found["s", "se"], found["t", "se"], tolerance = 1e-7)
})

test_that("the observed information can be asked for", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, method = "ML")
  # Hessian of the likelihood by differences of the likelihood itself.
  value <- function(v) likelihood_cpp(fit_spec(fit), v)$minus2loglik
  v <- fit$parameters$estimate
  h <- 1e-3 * v
  hessian <- outer(1:2, 1:2, Vectorize(function(i, j) {
    e <- diag(h)
    (value(v + e[i, ] + e[j, ]) - value(v + e[i, ] - e[j, ]) - value(v - e[i, ] + e[j, ]) +
      value(v - e[i, ] - e[j, ])) / (4 * h[i] * h[j])
  }))
  expected <- sqrt(diag(solve(hessian / 2)))
  found <- vpredict(fit, Subject ~ Subject, residual ~ residual, information = "observed")
  expect_relative(found$se, expected, 1e-4, "SE from the observed information")
  expect_equal(varcomp(fit, information = "observed")$se, found$se)
  balanced <- vpredict(fit, Subject ~ Subject, information = "expected")
  expect_true(is.finite(balanced$se))
})

test_that("a covariance at the boundary is not counted as known", {
  set.seed(2)
  data <- expand.grid(time = 0:3, id = factor(1:30))
  u <- rnorm(30)
  data$y <- 1 + data$time + u[data$id] * (1 + 0.7 * data$time) + rnorm(120)
  fit <- lmmfit(y ~ time + (1 + time | id), data)
  found <- vpredict(fit, r ~ id.Intercept.time / sqrt(id.Intercept * id.time),
    share ~ residual / (residual + id.time), level = 0.95)
  expect_equal(found$estimate[1], 1, tolerance = 1e-6)
  expect_identical(found$se[1L], NA_real_)
  expect_equal(found$upper[1L], 1, tolerance = 1e-9)
  expect_within(found$lower[1L], 0.339, 1e-3, "lower limit, by optim() on the dense likelihood")
  expect_true(all(is.finite(unlist(found[2, ]))))
  expect_identical(is.na(attr(found, "covariance")[, 2L]), c(r = TRUE, share = FALSE))
})

test_that("what is not a function of the parameters is refused", {
  fit <- oats()
  expect_error(vpredict(fit, h2 ~ block / residual), "Block",
    class = "henderson_error_parameter_name")
  expect_error(vpredict(fit), class = "henderson_error_function_formula")
  expect_error(vpredict(fit, "Block"), class = "henderson_error_function_formula")
  expect_error(vpredict(fit, a ~ c(Block, residual)), class = "henderson_error_function_value")
  held <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, hold = c(residual = 300))
  expect_identical(vpredict(held, r ~ residual)$se, 0)
})

test_that("functions that are not formulas are refused in words", {
  fit <- lmmfit(distance ~ age + (1 | Subject), as.data.frame(nlme::Orthodont))
  expect_error(vpredict(fit, h2 = V1 / (V1 + V2)), "is not a formula",
    class = "henderson_error_function_formula")
  expect_error(vpredict(fit, Subject / residual), class = "henderson_error_function_formula")
  expect_error(vpredict(fit, "Subject / residual"), class = "henderson_error_function_formula")
})
