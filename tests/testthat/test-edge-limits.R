# Parameters that are best at the end of their range while the covariance matrix stays definite: a
# range of zero, a smoothness, a moving average with a root of one; and those without an effect. The
# maximum is checked by closed forms, or by -2l through V along the path to the limit.

# -2l by REML, best over the variance: R is the correlation matrix of the records of a subject.
reml_of_correlation <- function(R, y, X = matrix(1, length(y), 1L)) {
  n <- nrow(R)
  L <- t(chol(R))
  k <- length(y) / n
  white <- function(x) apply(x, 2L, function(z) as.vector(forwardsolve(L, matrix(z, n))))
  fixed <- qr(white(X))
  rss <- sum(qr.resid(fixed, white(cbind(y)))^2)
  df <- length(y) - ncol(X)
  df * (1 + log(2 * pi * rss / df)) + 2 * k * sum(log(diag(L))) +
    2 * sum(log(abs(diag(qr.R(fixed)))))
}

# Neighbours with a negative correlation.
alternating <- function(seed, n = 30L, m = 6L) {
  set.seed(seed)
  d <- expand.grid(t = seq_len(m), id = gl(n, 1L))
  e <- matrix(stats::rnorm(n * (m + 1L)), m + 1L)
  d$y <- as.vector(e[-1L, ] - 0.6 * e[-(m + 1L), ])
  d
}

expect_at_boundary <- function(fit, names) {
  v <- varcomp(fit)
  at <- v$parameter %in% names
  expect_identical(v$status, ifelse(at, "at boundary", "free"))
  expect_identical(is.na(v$se), at)
  own <- as.data.frame(summary(fit)$varcomp)
  expect_identical(is.na(own$se), at)
  rows <- tidy(fit, effects = "ran_pars", conf.int = TRUE)
  expect_identical(is.na(rows$std.error), at)
}

# What a reader gets; the engine keeps a range at which no correlation is left.
expect_range_zero <- function(fit, name) {
  v <- varcomp(fit)
  expect_identical(v$estimate[v$parameter == name], 0)
  expect_match(paste(utils::capture.output(print(fit)), collapse = "\n"),
    paste0(name, " +0(\\.0+)? +at boundary"))
  expect_gt(fit$parameters$estimate[fit$parameters$name == name], 0)
}

test_that("a range of residuals that is best at zero is at the boundary: independent records", {
  for (seed in 1:2) {
    d <- alternating(seed)
    closed <- stats::lm(y ~ 1, d)
    for (residual in list(~ exp(t | id), ~ iexp(t | id), ~ gau(t | id),
                          ~ matern(t | id, nu = 1.5))) {
      fit <- lmmfit(y ~ 1, d, residual = residual)
      expect_at_boundary(fit, "residual.range")
      expect_range_zero(fit, "residual.range")
      expect_within(as.numeric(logLik(fit)), as.numeric(logLik(closed, REML = TRUE)), 1e-7, "lm")
      expect_within(varcomp(fit)$se[1L], sigma(closed)^2 * sqrt(2 / closed$df.residual), 1e-6,
        "SE of a variance from independent records")
    }
    fit <- lmmfit(y ~ 1, d, residual = ~ matern(t | id))
    expect_at_boundary(fit, c("residual.range", "residual.smoothness"))
  }
})

test_that("so is one beside a random intercept, and that of a random term", {
  d <- alternating(3L)
  again <- rbind(d, transform(d, y = y + stats::rnorm(nrow(d), 0, 0.5)))
  d$y <- d$y + stats::rnorm(30L)[d$id]
  intercept <- lmmfit(y ~ 1 + (1 | id), d)
  cells <- lmmfit(y ~ 1 + (1 | id:t), transform(again, t = factor(t)))
  for (structure in c("exp(t | id)", "gau(t | id)")) {
    fit <- lmmfit(y ~ 1 + (1 | id), d, residual = stats::reformulate(structure))
    expect_at_boundary(fit, "residual.range")
    expect_within(deviance(fit), deviance(intercept), 1e-6, "random intercept")
    fit <- lmmfit(stats::reformulate(c("1", structure), "y"), again)
    expect_at_boundary(fit, "id.range")
    expect_range_zero(fit, "id.range")
    expect_within(deviance(fit), deviance(cells), 1e-6, "cells")
  }
})

test_that("a smoothness at the end of its range is at the boundary", {
  set.seed(1)
  d <- expand.grid(t = 1:12, id = gl(25, 1))
  d$y <- as.vector(t(chol(0.5 + 0.5 * diag(12))) %*% matrix(stats::rnorm(300), 12L))
  fit <- lmmfit(y ~ 1, d, residual = ~ matern(t | id))
  expect_at_boundary(fit, c("residual.range", "residual.smoothness"))
  D <- as.matrix(stats::dist(1:12))
  best <- vapply(c(0.011, 0.015, 0.03), function(nu) {
    stats::optimize(function(log_range) {
      x <- D / exp(log_range)
      R <- ifelse(D > 0, 2^(1 - nu) / gamma(nu) * x^nu * besselK(pmax(x, 1e-290), nu), 1)
      reml_of_correlation(R, d$y)
    }, c(0, 80))$objective
  }, 0)
  expect_true(all(diff(c(deviance(fit), best)) > 0))
})

test_that("a moving average with a root of one is at the boundary, where R is definite", {
  set.seed(1)
  d <- expand.grid(t = 1:12, id = gl(25, 1))
  e <- matrix(stats::rnorm(25 * 13), 13L)
  d$y <- as.vector(e[-1L, ] - e[-13L, ])
  at_first <- function(rho) reml_of_correlation(stats::toeplitz(c(1, rho, numeric(10))), d$y)
  fit <- lmmfit(y ~ 1, d, residual = ~ ma1(t | id))
  best <- stats::optimize(at_first, c(-0.5, 0.5), tol = 1e-9)
  expect_lt(best$minimum, -0.4999)
  expect_at_boundary(fit, "residual.theta")
  expect_within(deviance(fit), at_first(-0.5), 1e-6, "R with correlations of -1/2")
  fit <- lmmfit(y ~ 1, d, residual = ~ arma11(t | id))
  own <- varcomp(fit)$estimate
  expect_within(own[3L], (own[2L] - 1) / 2, 1e-8, "the end of gamma")
  expect_at_boundary(fit, "residual.gamma")
  path <- vapply(c(0, 1e-3, 1e-2), function(away) {
    gamma <- own[3L] + away
    reml_of_correlation(stats::toeplitz(c(1, gamma * own[2L]^(0:10))), d$y)
  }, 0)
  expect_true(all(diff(path) > 0))
  expect_within(deviance(fit), path[1L], 1e-6, "-2l at the limit")
})

test_that("correlations with a coefficient of no variance have no SE", {
  set.seed(4)
  d <- expand.grid(r = 1:3, v = gl(4, 1), g = gl(30, 1))
  cell <- matrix(stats::rnorm(120, 0, 0.6), 4L) + outer(c(1, 0.8, 0, 0.7), stats::rnorm(30))
  d$y <- cell[cbind(as.integer(d$v), as.integer(d$g))] + stats::rnorm(360)
  at <- d$v == "3"
  d$y[at] <- d$y[at] - stats::ave(d$y[at], d$g[at])
  d$last <- factor(d$v, levels = c("1", "2", "4", "3"))
  inside <- lmmfit(y ~ v + ante(v | g), d)
  expect_at_boundary(inside, c("g.3", "g.rho2", "g.rho3"))
  end <- lmmfit(y ~ last + ante(last | g), d)
  expect_at_boundary(end, c("g.3", "g.rho3"))
  expect_at_boundary(lmmfit(y ~ last + toeph(last | g), d), c("g.3", "g.rho3"))
  for (rho in c(0.5, -0.5)) {
    held <- lmmfit(y ~ last + ante(last | g), d, hold = c(g.rho3 = rho))
    expect_within(deviance(held), deviance(end), 1e-7, "-2l, whatever that correlation is")
  }
  # On both sides of it -2l has their product alone.
  expect_within(deviance(inside), deviance(end), 1e-6, "the same model in another order")
  product <- varcomp(inside)$estimate[6:7]
  held <- lmmfit(y ~ v + ante(v | g), d, hold = c(g.rho2 = 0.9, g.rho3 = prod(product) / 0.9))
  expect_within(deviance(held), deviance(inside), 1e-6, "-2l at the same product")
})

test_that("loadings and specific variances beyond the covariances are not identified", {
  set.seed(3)
  d <- expand.grid(r = 1:3, v = gl(3, 1), g = gl(30, 1))
  d$y <- stats::rnorm(90)[(as.integer(d$g) - 1) * 3 + as.integer(d$v)] + stats::rnorm(30)[d$g] +
    stats::rnorm(270)
  two <- droplevels(subset(d, v != "3"))
  cases <- list(list(data = d, formula = y ~ v + fa(v | g, k = 2), us = y ~ v + us(v | g)),
    list(data = two, formula = y ~ v + fa(v | g, k = 1), us = y ~ v + us(v | g)))
  for (case in cases) {
    fit <- lmmfit(case$formula, case$data)
    whole <- lmmfit(case$us, case$data)
    v <- varcomp(fit)
    own <- v$term == "g"
    expect_true(all(v$status[own] == "not identified" & is.na(v$estimate[own]) & is.na(v$se[own])))
    expect_output(print(fit), "Not identified \\(NA\\): g\\.1\\.psi, .*; its matrix is known")
    expect_within(deviance(fit), deviance(whole), 1e-6, "us")
    expect_identical(attr(logLik(fit), "df"), attr(logLik(whole), "df"))
    for (ddf in c("Satterthwaite", "Kenward-Roger")) {
      ours <- as.data.frame(anova(fit, ddf = ddf))
      expect_relative(unlist(ours), unlist(as.data.frame(anova(whole, ddf = ddf))), 1e-4, ddf)
    }
  }
  one <- varcomp(lmmfit(y ~ v + fa(v | g, k = 1), d))
  expect_false("not identified" %in% one$status)
  wide <- subset(d, r == 1)
  fit <- lmmfit(y ~ v, wide, residual = ~ fa(v | g, k = 2))
  expect_identical(unique(varcomp(fit)$status), "not identified")
})
