growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)
growth$w <- rep(c(1, 4), 54)

test_that("a seed gives the same numbers and leaves the generator as it was", {
  fit <- lmmfit(distance ~ age + (1 | Subject), growth)
  set.seed(9)
  before <- .Random.seed
  first <- simulate(fit, 3, seed = 5)
  expect_identical(.Random.seed, before)
  expect_identical(simulate(fit, 3, seed = 5), first)
  expect_identical(dim(first), c(108L, 3L))
  expect_error(simulate(fit, 0), class = "henderson_error_argument")
})

# The covariance of the simulated records is V: 4000 draws, entries within 5 standard errors.
test_that("simulated records have the covariance V of the model", {
  K <- 0.6^abs(outer(1:27, 1:27, "-"))
  dimnames(K) <- list(rev(levels(growth$Subject)), rev(levels(growth$Subject)))
  fit <- lmmfit(distance ~ age + (1 + age | gr(Subject, cov = K)), growth, weights = w,
    hold = c(Subject.Intercept = 4, Subject.Intercept.age = -0.2, Subject.age = 0.05, residual = 2))
  rows <- c(1, 2, 3, 50, 51, 108)
  draws <- as.matrix(simulate(fit, 4000, seed = 11))
  full <- mme(fit, form = "V")$V
  V <- full[rows, rows]
  found <- cov(t(draws[rows, ]))
  error <- sqrt((V^2 + outer(diag(V), diag(V))) / 4000)
  expect_lt(max(abs(found - V) / error), 5)
  off <- rowMeans(draws) - predict(fit, random = FALSE)
  expect_lt(max(abs(off) / sqrt(diag(full) / 4000)), 5)
})

test_that("conditional draws vary by the residual alone, by weight", {
  fit <- lmmfit(distance ~ age + (1 | Subject), growth, weights = w)
  draws <- as.matrix(simulate(fit, 4000, seed = 12, conditional = TRUE))
  expect_equal(unname(apply(draws, 1, var)), sigma(fit)^2 / growth$w, tolerance = 0.1)
  expect_equal(rowMeans(draws), fitted(fit), tolerance = 0.02)
})
