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

test_that("a dependent column has no equation", {
  growth$twin <- 2 * growth$age
  fit <- lmmfit(distance ~ age + twin + (1 | Subject), growth)
  expect_identical(mme(fit)$dropped, "twin")
  expect_identical(names(mme(fit, form = "V")$blue), c("(Intercept)", "age"))
})

# Models whose G has no inverse: by a variance of 0, a correlation of 1, a singular relationship,
# and a correlation of 1 beside a regular relationship.
singular_fits <- function() {
  few <- matrix(stats::rnorm(27 * 9), 27, dimnames = list(levels(growth$Subject), NULL))
  low_rank <- tcrossprod(few) / 9
  one <- c(Subject.Intercept = 4, Subject.Intercept.age = 1, Subject.age = 0.25, residual = 2)
  list(
    lmmfit(distance ~ age + (1 | Subject), growth, hold = c(Subject = 0, residual = 2)),
    lmmfit(distance ~ age + (1 + age | Subject), growth, hold = one, weights = w),
    lmmfit(distance ~ age + (1 | gr(Subject, cov = low_rank)) + (1 | Subject), growth,
      hold = c(Subject = 3, Subject.iid = 1, residual = 2)),
    lmmfit(distance ~ age + (1 + age | gr(Subject, cov = K)), growth, hold = one),
    lmmfit(distance ~ age + (1 + age | gr(Subject, cov = low_rank)), growth, hold = one)
  )
}

test_that("with a singular G the rows are multiplied, and the solution and errors are those of V", {
  set.seed(4)
  for (fit in singular_fits()) {
    equations <- mme(fit)
    through_v <- mme(fit, form = "V")
    M <- as.matrix(equations$coefficient)
    found <- solve(M, equations$rhs)
    fixed <- seq_along(fixef(fit))
    expect_equal(found[fixed], through_v$blue, tolerance = 1e-8, ignore_attr = TRUE)
    expect_equal(found[-fixed], through_v$blup, tolerance = 1e-7, ignore_attr = TRUE)
    expect_equal(equations$solution, found, tolerance = 1e-7)
    inverse <- solve(M, as.matrix(equations$multiplier))
    expect_equal(inverse[fixed, fixed], through_v$vcov, tolerance = 1e-7, ignore_attr = TRUE)
    expect_equal(inverse[-fixed, -fixed], through_v$pev, tolerance = 1e-7, ignore_attr = TRUE)
  }
  expect_null(mme(fits()[[1]])$multiplier)
})

test_that("V is refused for many records", {
  fit <- lmmfit(distance ~ age, growth)
  expect_error(v_form(fit, limit = 100L), class = "henderson_error_size")
  expect_error(mme(fit, form = "w"), class = "henderson_error_argument")
  expect_error(mme(lm(distance ~ age, growth)), class = "henderson_error_argument")
})

test_that("small systems are printed whole", {
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, hold = c(Block = 200, residual = 100))
  expect_snapshot(mme(fit))
  expect_snapshot(mme(fit, form = "V"))
})

test_that("scale = \"lambda\" is the textbook's form with ratios", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  ratio <- mme(fit, scale = "lambda")
  W <- cbind(model.matrix(fit), as.matrix(model.matrix(fit, "random")))
  lambda <- sigma(fit)^2 / varcomp(fit)$estimate[1]
  expect_equal(unname(as.matrix(ratio$coefficient)),
    unname(crossprod(W) + diag(rep(c(0, lambda), c(2, 27)))), tolerance = 1e-8)
  expect_equal(unname(ratio$rhs), unname(drop(crossprod(W, nlme::Orthodont$distance))),
    tolerance = 1e-8)
  expect_equal(unname(as.matrix(solve(ratio$coefficient, ratio$rhs))[, 1]),
    unname(ratio$solution), tolerance = 1e-6)
  growth <- lmmfit(distance ~ age, nlme::Orthodont, residual = ~ ar1(age | Subject))
  expect_error(mme(growth, scale = "lambda"), class = "henderson_error_argument")
  expect_error(mme(fit, form = "V", scale = "lambda"), class = "henderson_error_argument")
})
