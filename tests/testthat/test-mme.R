# The equations, their solution, and the same through V.

growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)
growth$w <- rep(c(1, 2, 4), length.out = nrow(growth))
K <- 0.6^abs(outer(1:27, 1:27, "-"))
dimnames(K) <- list(levels(growth$Subject), levels(growth$Subject))

fits <- function() {
  list(
    lmmfit(distance ~ age * Sex + (1 + age | Subject), growth),
    lmmfit(distance ~ age + (1 + age || Subject), growth, weights = w),
    lmmfit(distance ~ factor(age) + (1 | gr(Subject, cov = K)), growth, method = "ML"),
    lmmfit(distance ~ age, growth, weights = w)
  )
}

test_that("the solution solves the equations and is the fit's", {
  for (fit in fits()) {
    equations <- mme(fit)
    product <- as.vector(equations$coefficient %*% equations$solution)
    expect_equal(product, unname(equations$rhs), tolerance = 1e-7)
    expect_equal(equations$solution[names(fixef(fit))], fixef(fit))
    expect_identical(nrow(equations$labels), length(equations$rhs))
    expect_identical(sum(lengths(equations$blocks)), length(equations$rhs))
  }
})

test_that("V gives the same BLUE, BLUP, covariance and prediction errors", {
  for (fit in fits()) {
    through_v <- mme(fit, form = "V")
    expect_equal(through_v$blue, fixef(fit), tolerance = 1e-7)
    expect_equal(through_v$vcov, vcov(fit), tolerance = 1e-7)
    effects <- mme(fit)$solution[-seq_along(fixef(fit))]
    expect_equal(unname(through_v$blup), unname(effects), tolerance = 1e-6)
    fixed <- seq_along(fixef(fit))
    pev <- solve(as.matrix(mme(fit)$coefficient))[-fixed, -fixed]
    expect_equal(unname(through_v$pev), unname(pev), tolerance = 1e-6)
  }
})

test_that("V agrees with the dense oracle, which shares no code", {
  fit <- fits()[[2]]
  spec <- fit_spec(fit)
  sigma <- list(diag(fit$parameters$estimate[1:2]))
  model <- oracle_model(spec, sigma, fit$parameters$estimate[3])
  expected <- oracle_solution(model)
  through_v <- mme(fit, form = "V")
  expect_equal(unname(through_v$V), model$V)
  expect_equal(unname(through_v$blue), expected$blue)
  expect_equal(unname(through_v$blup), expected$blup, tolerance = 1e-7)
  expect_equal(unname(through_v$pev), expected$pev)
  expect_equal(deviance(fit), oracle_minus2loglik(model, REML = TRUE))
})

test_that("a dependent column has no equation, and a zero variance no textbook form", {
  growth$twin <- 2 * growth$age
  fit <- lmmfit(distance ~ age + twin + (1 | Subject), growth)
  expect_identical(mme(fit)$dropped, "twin")
  expect_identical(names(mme(fit, form = "V")$blue), c("(Intercept)", "age"))
  held <- lmmfit(distance ~ age + (1 | Subject), growth, hold = c(Subject = 0))
  expect_error(mme(held), class = "henderson_error_singular")
  expect_equal(mme(held, form = "V")$blue, fixef(held), tolerance = 1e-7)
  expect_equal(unname(mme(held, form = "V")$blup), rep(0, 27))
})

test_that("V is refused for many records", {
  fit <- lmmfit(distance ~ age, growth)
  expect_error(v_form(fit, limit = 100L), class = "henderson_error_size")
  expect_error(mme(fit, form = "v"), class = "henderson_error_argument")
  expect_error(mme(lm(distance ~ age, growth)), class = "henderson_error_argument")
})

test_that("small systems are printed whole", {
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, hold = c(Block = 200, residual = 100))
  expect_snapshot(mme(fit))
  expect_snapshot(mme(fit, form = "V"))
})
