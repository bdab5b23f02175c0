# What is wrong with an argument is said by its name, with what to do.

few <- data.frame(y = c(2, 1, 4, 3, 6, 5, 8, 7, 9, 8, 11, 12), g = gl(4, 3), x = 1:12)

four <- function(matrix) `dimnames<-`(matrix, list(levels(few$g), levels(few$g)))

test_that("a precision that is not definite is reported by name with a remedy", {
  P <- diag(4)
  P[1, 2] <- P[2, 1] <- 2
  for (precision in list(four(P), as(four(P), "CsparseMatrix"))) {
    error <- expect_error(lmmfit(y ~ 1 + (1 | gr(g, precision = precision)), few),
      class = "henderson_error_indefinite")
    expect_identical(error$argument, "precision")
    expect_match(conditionMessage(error), "`g` is not positive definite.*-1")
    expect_match(conditionMessage(error), "bend")
  }
  zero <- four(matrix(0, 4, 4))
  expect_error(lmmfit(y ~ 1 + (1 | gr(g, precision = zero)), few), "no positive diagonal at.*1",
    class = "henderson_error_relationship")
  expect_error(lmmfit(y ~ 1 + (1 | gr(g, cov = zero)), few), "`cov` = `zero` is zero",
    class = "henderson_error_relationship")
})

test_that("a subset that is no subset, and weights that cannot be evaluated", {
  for (wrong in list(quote(x), list(), c(-1, 2), y ~ x, matrix(TRUE, 6, 2))) {
    expect_error(lmmfit(y ~ 1 + (1 | g), few, subset = wrong), "subset",
      class = "henderson_error_argument")
  }
  expect_error(lmmfit(y ~ 1 + (1 | g), few, weights = stop("none")), "`weights`.*none",
    class = "henderson_error_argument")
  fit <- lmmfit(y ~ 1 + (1 | g), few, subset = -(1:2))
  expect_identical(fit$n, 10L)
})
