# Residual variances that are log-linear in covariates (Harvey 1976): V written out densely, nlme's
# variance functions, and the score by differences.

set.seed(12)
heat <- data.frame(g = factor(sample(1:20, 150, TRUE)), x = runif(150, 20, 40), z = rnorm(150),
  w = runif(150, 0.5, 2), f = factor(sample(c("a", "b"), 150, TRUE)))
heat$y <- 5 + rnorm(20)[heat$g] + 0.1 * heat$x +
  rnorm(150) * exp(0.5 * (0.15 * (heat$x - 30) + 0.4 * heat$z))
loglik <- function(fit) as.numeric(logLik(fit))

variances_of_heat <- function(p, data = heat) {
  away <- cbind(data$x - mean(heat$x), data$z - mean(heat$z))
  p[["residual.variance"]] * exp(away %*% p[c("residual.slope.x", "residual.slope.z")])[, 1L]
}

minus2_of_heat <- function(p, weights = 1) {
  Z <- model.matrix(~ 0 + g, heat)
  X <- cbind(1, heat$x)
  V <- p[["g"]] * tcrossprod(Z) + diag(variances_of_heat(p) / weights)
  inverse <- solve(V)
  A <- crossprod(X, inverse %*% X)
  e <- heat$y - X %*% solve(A, crossprod(X, inverse %*% heat$y))
  148 * log(2 * pi) + c(determinant(V)$modulus) + c(determinant(A)$modulus) +
    sum(e * (inverse %*% e))
}

held <- c(g = 0.7, residual.variance = 1.3, residual.slope.x = 0.1, residual.slope.z = -0.4)

test_that("the likelihood, means, effects and their errors are those of a dense V", {
  fit <- lmmfit(y ~ x + (1 | g), heat, residual = ~ loglin(x + z), hold = held)
  expect_equal(-2 * loglik(fit), minus2_of_heat(held), tolerance = 1e-11)
  V <- 0.7 * tcrossprod(model.matrix(~ 0 + g, heat)) + diag(variances_of_heat(held))
  X <- cbind(1, heat$x)
  covariance <- solve(crossprod(X, solve(V, X)))
  expect_equal(unname(vcov(fit)), covariance, tolerance = 1e-9)
  expect_equal(unname(fixef(fit)), c(covariance %*% crossprod(X, solve(V, heat$y))),
    tolerance = 1e-9)
  expect_equal(Matrix::diag(residual_matrix(fit)), variances_of_heat(held), tolerance = 1e-12,
    ignore_attr = TRUE)
  weighted <- lmmfit(y ~ x + (1 | g), heat, residual = ~ loglin(x + z), hold = held, weights = w)
  expect_equal(-2 * loglik(weighted), minus2_of_heat(held, heat$w), tolerance = 1e-11)
})

test_that("the estimates are the maximum, with the curvature there", {
  fit <- lmmfit(y ~ x + (1 | g), heat, residual = ~ loglin(x + z))
  best <- stats::setNames(varcomp(fit)$estimate, varcomp(fit)$parameter)
  expect_identical(names(best), names(held))
  expect_equal(-2 * loglik(fit), minus2_of_heat(best), tolerance = 1e-11)
  differences <- function(f, p, h = 1e-4) {
    vapply(names(p), function(k) {
      up <- down <- p
      up[[k]] <- p[[k]] + h
      down[[k]] <- p[[k]] - h
      (f(up) - f(down)) / (2 * h)
    }, f(p))
  }
  expect_lt(max(abs(differences(minus2_of_heat, best) * varcomp(fit)$se)), 1e-4)
  hessian <- differences(function(p) differences(minus2_of_heat, p), best)
  observed <- varcomp(fit, information = "observed")$se
  expect_equal(observed, unname(sqrt(diag(solve(hessian / 2)))), tolerance = 1e-4)
})

test_that("nlme's variance functions", {
  read <- function(...) suppressMessages(lmmfit(y ~ x, heat, ...))
  peer <- function(weights) nlme::gls(y ~ x, heat, weights = weights)
  expect_peer <- function(fit, peer) expect_equal(loglik(fit), loglik(peer), tolerance = 1e-7)
  expect_peer(read(residual = ~ loglin(x)), peer(nlme::varExp(form = ~ x)))
  expect_peer(read(weights = nlme::varExp(form = ~ x)), peer(nlme::varExp(form = ~ x)))
  expect_peer(read(weights = varPower(form = ~ x)), peer(nlme::varPower(form = ~ x)))
  by_group <- read(residual = ~ loglin(x | f / 1))
  expect_peer(by_group, peer(nlme::varComb(nlme::varIdent(form = ~ 1 | f),
    nlme::varExp(form = ~ x | f))))
  expect_peer(read(residual = list(f = ~ loglin(x))), by_group)
  exponent <- coef(peer(nlme::varExp(form = ~ x))$modelStruct$varStruct)
  expect_equal(varcomp(read(residual = ~ loglin(x)))$estimate[2L], 2 * unname(exponent),
    tolerance = 1e-4)
})

test_that("a factor of two levels is diag(), in whatever unit", {
  fit <- lmmfit(y ~ x + (1 | g), heat, residual = ~ diag(f))
  expect_error(lmmfit(y ~ x, heat, residual = ~ loglin(f)), "numeric coordinates",
    class = "henderson_error_structure")
  heat$b <- 1e6 + 1e3 * (heat$f == "b")
  far <- lmmfit(y ~ x + (1 | g), heat, residual = ~ loglin(b))
  expect_equal(logLik(far), logLik(fit), tolerance = 1e-9)
  ratio <- varcomp(fit)$estimate[3L] / varcomp(fit)$estimate[2L]
  expect_equal(varcomp(far)$estimate[3L], log(ratio) / 1e3, tolerance = 1e-5)
})

test_that("new records, simulated ones, and many of them", {
  fit <- lmmfit(y ~ x + (1 | g), heat, residual = ~ loglin(x + z), hold = held)
  new <- data.frame(g = heat$g[1:3], x = c(22, 35, 50), z = c(-1, 0, 3))
  half <- function(interval) {
    found <- predict(fit, new, interval = interval)
    unname(found[, "upr"] - found[, "fit"]) / stats::qnorm(0.975)
  }
  expect_equal(half("prediction")^2 - half("confidence")^2, variances_of_heat(held, new),
    tolerance = 1e-9)
  draws <- as.matrix(simulate(fit, 4000, seed = 2)) - fitted(lmmfit(y ~ x, heat))
  expected <- variances_of_heat(held) + held[["g"]]
  # Standard error of a variance: sqrt(2 / 4000) of it.
  expect_lt(max(abs(apply(draws, 1L, stats::var) / expected - 1)), 5 * sqrt(2 / 4000))
  many <- data.frame(x = rnorm(12000))
  many$y <- rnorm(12000) * exp(0.25 * many$x)
  fit <- lmmfit(y ~ 1, many, residual = ~ loglin(x))
  expect_lt(abs(varcomp(fit)$estimate[2L] - 0.5), 4 * varcomp(fit)$se[2L])
  expect_equal(varcomp(fit)$se[2L], sqrt(2 / 12000), tolerance = 0.05)
})

test_that("covariates without a slope of their own are named", {
  refused <- function(residual, text) {
    expect_error(lmmfit(y ~ x, heat, residual = residual), text, class = "henderson_error_residual")
  }
  heat$one <- 1
  heat$double <- 2 * heat$x + 1
  refused(~ loglin(x + one), "`one` is constant")
  refused(~ loglin(x + double), "depends on the others")
  expect_error(lmmfit(y ~ x, heat, residual = ~ loglin(one)), class = "henderson_error_structure")
})
