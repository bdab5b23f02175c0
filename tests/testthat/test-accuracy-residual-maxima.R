# Residuals of subjects that are nearly singular, with standard deviations up to 10^4 apart, beside
# a random intercept: the likelihood has several maxima. The oracle is nlminb() on -2l through V,
# from several starts.

hard_visits <- function(seed, n = 14L) {
  set.seed(seed)
  loadings <- matrix(stats::rnorm(12), 4L)
  sd <- 10^stats::runif(4, -2, 2)
  d <- expand.grid(visit = factor(1:4), id = factor(seq_len(n)))
  d$x <- stats::rnorm(4L * n)
  e <- as.vector(loadings %*% matrix(stats::rnorm(3L * n), 3L)) + stats::rnorm(4L * n, 0, 1e-2)
  d$y <- sd[d$visit] * e + stats::rnorm(n)[d$id]
  d
}

# The correlation of i and j > i is the product of those of the neighbours between.
chain <- function(rho) {
  R <- diag(4)
  for (i in 1:3) {
    for (j in (i + 1):4) R[i, j] <- R[j, i] <- prod(rho[i:(j - 1)])
  }
  R
}

lowest_ante <- function(d) {
  X <- stats::model.matrix(~ visit + x, d)
  same <- outer(d$id, d$id, "==")
  at <- as.integer(d$visit)
  scale <- vapply(split(d$y, d$visit), stats::sd, 0)
  minus2loglik <- function(u) {
    sd <- scale * u[2:5]
    V <- (u[1]^2 + (outer(sd, sd) * chain(sin(u[6:8])))[at, at]) * same
    L <- tryCatch(chol(V), error = function(e) NULL)
    if (is.null(L)) return(1e10)
    fixed <- qr(backsolve(L, X, transpose = TRUE), tol = 1e-14)
    z <- backsolve(L, d$y, transpose = TRUE)
    (nrow(d) - ncol(X)) * log(2 * pi) + 2 * sum(log(diag(L))) +
      2 * sum(log(abs(diag(qr.R(fixed))))) + sum(qr.resid(fixed, z)^2)
  }
  starts <- list(c(1, 1, 1, 1, 1, .3, .3, .3), c(.3, 1, 1, 1, 1, 1.2, 1.2, 1.2),
    c(.1, 1, 1, 1, 1, -.6, -.6, -.6), c(1, .5, .5, .5, .5, 1.5, 1.5, 1.5))
  min(vapply(starts, function(start) {
    stats::nlminb(start, minus2loglik,
      control = list(rel.tol = 1e-14, iter.max = 600L, eval.max = 3000L))$objective
  }, 0))
}

test_that("the best of several maxima is found", {
  for (seed in 1:6) {
    d <- hard_visits(seed)
    fit <- lmmfit(y ~ visit + x + (1 | id), d, residual = ~ ante(visit | id))
    expect_identical(fit$convergence$status, "converged")
    expect_lt(deviance(fit) - lowest_ante(d), 1e-3)
  }
})

test_that("units of positions far apart do not change the fit", {
  d <- hard_visits(2)
  unit <- c(1, 10, 0.1, 1000)
  d$grams <- d$y * unit[d$visit]
  for (residual in c("csh", "toeph", "ar1h", "ante")) {
    formula <- stats::reformulate(paste0(residual, "(visit | id)"))
    one <- lmmfit(y ~ 0 + visit, d, residual = formula)
    other <- lmmfit(grams ~ 0 + visit, d, residual = formula)
    # log|R| grows by that of the units, and log|X'R^-1X| falls by it once for each mean.
    expect_equal(deviance(other), deviance(one) + 2 * 13 * sum(log(unit)), tolerance = 1e-8)
    expect_equal(varcomp(other)$estimate[1:4], varcomp(one)$estimate[1:4] * unit^2,
      tolerance = 1e-4)
    expect_equal(varcomp(other)$estimate[-(1:4)], varcomp(one)$estimate[-(1:4)], tolerance = 1e-4)
  }
})

# R of arma11 among m visits of subjects without missing ones: -2l by REML, best over the variance.
arma_minus2loglik <- function(d, m, rho, gamma) {
  L <- t(chol(stats::toeplitz(c(1, gamma * rho^(seq_len(m - 1L) - 1L)))))
  white <- function(x) as.vector(forwardsolve(L, matrix(x, m)))
  z <- white(d$y)
  one <- white(rep(1, nrow(d)))
  df <- nrow(d) - 1L
  rss <- sum(z^2) - sum(one * z)^2 / sum(one^2)
  df * (1 + log(2 * pi * rss / df)) + 2 * nrow(d) / m * sum(log(diag(L))) + log(sum(one^2))
}

test_that("arma11 is looked for on either side of a correlation of zero", {
  sides <- numeric()
  for (seed in 1:8) {
    set.seed(seed)
    d <- expand.grid(visit = 1:6, id = gl(12, 1))
    d$y <- stats::rnorm(72)
    at <- function(u) {
      rho <- sin(u[1])
      arma_minus2loglik(d, 6L, rho, (rho + sin(u[2])) / 2)
    }
    ends <- lapply(list(c(1.2, -0.5), c(-1.2, 0.5), c(1, 0.5), c(-1, -0.5)), function(start) {
      stats::nlminb(start, at, lower = -1.5, upper = 1.5)
    })
    best <- ends[[which.min(vapply(ends, `[[`, 0, "objective"))]]
    fit <- lmmfit(y ~ 1, d, residual = ~ arma11(visit | id))
    expect_lt(deviance(fit) - best$objective, 1e-4)
    sides <- c(sides, sign(best$par[1]))
  }
  expect_setequal(sides, c(-1, 1))
})

test_that("a residual variance of zero is found beside a maximum that is far from it", {
  set.seed(22006)
  d <- expand.grid(visit = factor(1:4), id = factor(1:14))
  loadings <- matrix(stats::rnorm(8), 4L)
  found <- 0L
  for (seed in 1:6) {
    set.seed(seed)
    d$y <- as.vector(c(1, 2, 0.1, 5) * loadings %*% matrix(stats::rnorm(28), 2L)) +
      2 * stats::rnorm(14)[d$id]
    fit <- tryCatch(lmmfit(y ~ 1 + (1 | id), d, residual = ~ ar1h(visit | id)),
      henderson_error_residual_unbounded = identity)
    if (inherits(fit, "error")) next
    found <- found + 1L
    same <- outer(d$id, d$id, "==")
    at <- as.integer(d$visit)
    lag <- abs(outer(1:4, 1:4, "-"))
    minus2loglik <- function(u) {
      sd <- abs(u[2:5])
      V <- same * (u[1]^2 + (outer(sd, sd) * sin(u[6])^lag)[at, at])
      L <- tryCatch(chol(V), error = function(e) NULL)
      if (is.null(L)) return(1e10)
      one <- backsolve(L, rep(1, 56), transpose = TRUE)
      z <- backsolve(L, d$y, transpose = TRUE)
      55 * log(2 * pi) + 2 * sum(log(diag(L))) + log(sum(one^2)) + sum(z^2) -
        sum(one * z)^2 / sum(one^2)
    }
    sd <- vapply(split(d$y, d$visit), stats::sd, 0)
    best <- min(vapply(list(0.2, 1.1, -0.6, 1.4), function(u) {
      stats::nlminb(c(1, sd, u), minus2loglik,
        control = list(rel.tol = 1e-14, iter.max = 600L, eval.max = 3000L))$objective
    }, 0))
    expect_lt(deviance(fit) - best, 1e-3)
  }
  expect_gt(found, 2L)
})
