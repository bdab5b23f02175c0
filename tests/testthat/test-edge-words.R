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
  for (diagonal in list(rep(-1, 4), c(-1, 0, 0, -2), -(1:4))) {
    negative <- four(diag(diagonal))
    expect_error(lmmfit(y ~ 1 + (1 | gr(g, cov = negative)), few), "negative variances, at.*1",
      class = "henderson_error_relationship")
    sparse <- as(negative, "CsparseMatrix")
    expect_error(lmmfit(y ~ 1 + diag(g | gr(g, cov = sparse)), few), "negative variances, at.*1",
      class = "henderson_error_relationship")
  }
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

test_that("a smoothness beyond what can be told from others is refused where it is written", {
  d <- data.frame(y = few$y, t = few$x, id = few$g)
  for (nu in c(1e6, 30, 1e-3)) {
    for (model in list(
      quote(lmmfit(y ~ 1, d, residual = ~ matern(t | id, nu = nu))),
      quote(lmmfit(y ~ 1 + matern(t | id, nu = nu), d)),
      quote(lmmfit(y ~ 1, d, residual = ~ matern(t | id), hold = c(residual.smoothness = nu)))
    )) {
      error <- expect_error(eval(model), class = "henderson_error")
      expect_true(error$argument %in% c("nu", "hold"))
      expect_match(conditionMessage(error), "between 0.01 and 25")
    }
  }
})

test_that("relationships of another order of magnitude are refused with their level", {
  K <- four(diag(4) + 0.2)
  for (size in c(1e-300, 1e-7, 1e7, 1e300)) {
    for (wrong in list(K * size, methods::as(K * size, "CsparseMatrix"))) {
      for (call in list(quote(lmmfit(y ~ 1 + (1 | gr(g, cov = wrong)), few)),
        quote(lmmfit(y ~ 1 + (1 | gr(g, precision = wrong)), few)))) {
        error <- expect_error(eval(call), "Divide the matrix",
          class = "henderson_error_relationship")
        expect_true(error$argument %in% c("cov", "precision"))
      }
    }
  }
  one <- K
  one[2, 2] <- 1e-300
  expect_error(lmmfit(y ~ 1 + (1 | gr(g, precision = one)), few), "1e-300, of level \"2\"")
  one[2, 2] <- 1e20
  expect_error(lmmfit(y ~ 1 + (1 | gr(g, cov = one)), few), "1e\\+20, of level \"2\"")
  # Within these the unit of the matrix is that of the variance alone.
  plain <- lmmfit(y ~ x + (1 | gr(g, cov = K)), few)
  for (size in c(1e-6, 8e5)) {
    other <- K * size
    scaled <- lmmfit(y ~ x + (1 | gr(g, cov = other)), few)
    expect_equal(scaled$minus2loglik, plain$minus2loglik, tolerance = 1e-8)
  }
})

test_that("a response whose fourth power is no number is refused, and one just inside is right", {
  plain <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  for (size in c(1e150, 1e80, 1e-80, 1e-160)) {
    far <- transform(as.data.frame(nlme::Orthodont), distance = distance * size)
    error <- expect_error(lmmfit(distance ~ age + (1 | Subject), far), "another unit",
      class = "henderson_error_response_scale")
    expect_identical(error$argument, "formula")
  }
  for (size in c(1e65, 1e-65)) {
    far <- transform(as.data.frame(nlme::Orthodont), distance = distance * size)
    fit <- lmmfit(distance ~ age + (1 | Subject), far)
    expect_equal(fit$parameters$estimate / size^2, plain$parameters$estimate, tolerance = 1e-6)
    expect_equal(fit$parameters$se / size^2, plain$parameters$se, tolerance = 1e-6)
    expect_equal(cooks.distance(fit), cooks.distance(plain), tolerance = 1e-6)
  }
})

test_that("a start that does not go with what it leaves to the data says so", {
  set.seed(1)
  d <- expand.grid(visit = factor(1:4), id = gl(10, 1))
  d$y <- stats::rnorm(40)
  cases <- list(arma11 = c(residual.gamma = 0.9), toep = c(residual.rho1 = 0.95),
    toeph = c(residual.rho1 = 0.95, residual.rho2 = -0.95),
    corg = c(residual.rho.1.2 = 0.99, residual.rho.1.3 = -0.99))
  for (structure in names(cases)) {
    residual <- stats::reformulate(paste0(structure, "(visit | id)"))
    expect_error(lmmfit(y ~ 1, d, residual = residual, start = cases[[structure]]),
      "give those, too", class = "henderson_error_parameter_values")
  }
})
