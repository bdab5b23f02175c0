# us with held values. The oracle is nlminb on the dense likelihood, from several starts, written in
# other parameters: for two coefficients a sine for the correlation or the covariance solved for,
# for three a Cholesky factor with the held values as constraints (augmented Lagrangian, Nocedal &
# Wright 2006, ch. 17). Both reach singular matrices.

# -2l of REML for subjects with the same rows of X = Z.
balanced_reml <- function(Y, Z) {
  products <- crossprod(Y)
  total <- colSums(Y)
  function(sigma, residual) {
    V <- Z %*% sigma %*% t(Z) + residual * diag(nrow(Z))
    root <- tryCatch(chol(V), error = function(e) NULL)
    if (is.null(root)) return(1e10)
    inverse <- chol2inv(root)
    of_x <- tryCatch(chol(nrow(Y) * crossprod(Z, inverse %*% Z)), error = function(e) NULL)
    if (is.null(of_x)) return(1e10)
    fitted <- backsolve(of_x, crossprod(Z, inverse %*% total), transpose = TRUE)
    (length(Y) - ncol(Z)) * log(2 * pi) + 2 * nrow(Y) * sum(log(diag(root))) +
      2 * sum(log(diag(of_x))) + sum(inverse * products) - sum(fitted^2)
  }
}

minimum <- function(start, f) {
  stats::nlminb(start, f, control = list(rel.tol = 1e-14, eval.max = 1500, iter.max = 700))
}

# Sigma of free parameters p where these values of two coefficients are held.
two_coefficients <- list(
  a = function(p, h) with_correlation(sqrt(h[1]), p[1], sin(p[2])),
  b = function(p, h) with_correlation(p[1], sqrt(h[1]), sin(p[2])),
  a.b = function(p, h) matrix(c(exp(p[1]), h, h, h^2 / exp(p[1]) + p[2]^2), 2),
  "a.b b" = function(p, h) matrix(c(h[1]^2 / h[2] + p[1]^2, h[1], h[1], h[2]), 2),
  "a b" = function(p, h) with_correlation(sqrt(h[1]), sqrt(h[2]), sin(p[1]))
)
with_correlation <- function(a, b, r) matrix(c(a^2, r * a * b, r * a * b, b^2), 2)

oracle_two <- function(likelihood, kind, values, n_starts = 5L) {
  best <- Inf
  for (k in seq_len(n_starts)) {
    start <- c(stats::runif(1, -1, 1), stats::runif(1, 0.05, 3), stats::runif(1, -1.5, 1.5))
    found <- minimum(start, function(p) {
      likelihood(two_coefficients[[kind]](p[-1], values), exp(p[1]))
    })
    best <- min(best, found$objective)
  }
  best
}

fit_quietly <- function(...) {
  expect_no_warning(fit <- lmmfit(...))
  fit
}

test_that("two coefficients: every held value, also where the best correlation is 1", {
  orth <- as.data.frame(nlme::Orthodont)
  orth$a <- 1
  orth$b <- orth$age
  ages <- c(8, 10, 12, 14)
  free <- lmmfit(distance ~ 0 + a + b + (0 + a + b | Subject), orth)
  subjects <- split(orth$distance, orth$Subject)
  set.seed(71)
  at_one <- 0L
  for (kind in names(two_coefficients)) {
    for (k in 1:3) {
      data <- orth
      data$distance <- simulate(free, 1, seed = 7 * k)[[1L]]
      if (k == 2L) data$distance <- unlist(sample(subjects, replace = TRUE)[seq_along(subjects)])
      values <- c(a = 5, a.b = -0.2, b = 0.05)[strsplit(kind, " ")[[1L]]] *
        exp(stats::runif(lengths(strsplit(kind, " ")), -2.5, 2.5))
      if (kind == "a.b") values <- values * c(1, -1, -0.3)[k]
      likelihood <- balanced_reml(matrix(data$distance, ncol = 4, byrow = TRUE), cbind(1, ages))
      expected <- oracle_two(likelihood, kind, values)
      names(values) <- paste0("Subject.", names(values))
      fit <- fit_quietly(distance ~ 0 + a + b + (0 + a + b | Subject), data, hold = values)
      expect_within(deviance(fit), expected, 1e-5, paste(kind, k))
      found <- varcomp(fit)
      estimate <- stats::setNames(found$estimate, found$parameter)
      expect_equal(estimate[names(values)], values, tolerance = 1e-10)
      expect_identical(found$status[match(names(values), found$parameter)],
        rep("held", length(values)))
      rho <- estimate[["Subject.a.b"]] / sqrt(estimate[["Subject.a"]] * estimate[["Subject.b"]])
      if (abs(rho) > 1 - 1e-8) at_one <- at_one + 1L
    }
  }
  expect_gt(at_one, 2L)
})

lower <- cbind(c(1, 2, 2, 3, 3, 3), c(1, 1, 2, 1, 2, 3))
lower_names <- paste0("g.", c("a", "a.b", "b", "a.c", "b.c", "c"))

oracle_three <- function(likelihood, held, values, start) {
  best <- Inf
  for (sigma in start) {
    p <- c(t(chol(sigma + 1e-8 * diag(3)))[lower], 0)
    multiplier <- rep(0, sum(held))
    penalty <- 100
    sigma_of <- function(p) {
      root <- matrix(0, 3, 3)
      root[lower] <- p[1:6]
      tcrossprod(root)
    }
    missed <- function(p) {
      (sigma_of(p)[lower][held] - values[held]) / pmax(abs(values[held]), 0.05)
    }
    for (k in 1:25) {
      p <- minimum(p, function(p) {
        v <- missed(p)
        likelihood(sigma_of(p), exp(p[7])) + sum(multiplier * v) + penalty / 2 * sum(v^2)
      })$par
      if (max(abs(missed(p))) < 1e-8) break
      multiplier <- multiplier + penalty * missed(p)
      penalty <- min(2 * penalty, 1e4)
    }
    if (max(abs(missed(p))) > 1e-6) next
    best <- min(best, likelihood(sigma_of(p), exp(p[7])) + sum(multiplier * missed(p)))
  }
  best
}

test_that("three coefficients: patterns of held values", {
  times <- c(-2, -1, 0, 1, 2, 3) / 2
  Z <- cbind(1, times, times^2)
  n <- 24L
  patterns <- list(c(2), c(3, 6), c(1, 2, 4), c(2, 4, 5), c(3, 2, 4, 6), c(1, 3, 6), c(1, 2, 3),
    c(5), c(4, 6), c(4, 5))
  for (k in seq_along(patterns)) {
    set.seed(100 + k)
    held <- seq_len(6) %in% patterns[[k]]
    root <- if (k %% 2) diag(c(1, 0.6, 0.3)) else cbind(c(1, 0.6, -0.4), 0, 0)
    Y <- matrix(stats::rnorm(3 * n), n) %*% t(root) %*% t(Z) +
      matrix(stats::rnorm(6 * n, sd = 0.7), n)
    near <- diag(c(1, 0.6, 0.4)) %*% crossprod(matrix(stats::rnorm(9), 3)) %*% diag(c(1, 0.6, 0.4))
    values <- near[lower]
    # From several points: which of them a search by differences ends well from is a matter of
    # rounding.
    independent <- diag(diag(near))
    starts <- list(near, independent, near + diag(3), 0.5 * (near + independent), 4 * near,
      near / 4, 0.25 * near + 0.75 * independent)
    expected <- oracle_three(balanced_reml(Y, Z), held, values, starts)
    data <- data.frame(y = c(Y), g = factor(rep(seq_len(n), 6)), a = 1, b = rep(times, each = n),
      c = rep(times^2, each = n))
    fit <- fit_quietly(y ~ 0 + a + b + c + (0 + a + b + c | g), data,
      hold = stats::setNames(values[held], lower_names[held]))
    expect_true(is.finite(expected))
    expect_within(deviance(fit), expected, 1e-4, paste("pattern", k))
    expect_equal(varcomp(fit)$estimate[1:6][held], values[held], tolerance = 1e-10)
  }
})

test_that("held values that no covariance matrix has stop before the search", {
  data <- data.frame(y = stats::rnorm(60), g = gl(20, 3), a = 1, b = 1:3, c = c(1, 4, 9))
  model <- y ~ 1 + (0 + a + b + c | g)
  expect_error(lmmfit(model, data, hold = c(g.a = 1, g.b = 1, g.a.b = 1.1)), "no covariance matrix",
    class = "henderson_error_indefinite")
  pairs <- c(g.a = 1, g.b = 1, g.c = 1, g.a.b = -0.9, g.a.c = -0.9)
  expect_error(lmmfit(model, data, hold = c(pairs[1:3], g.a.b = -0.9, g.a.c = -0.9, g.b.c = -0.9)),
    class = "henderson_error_indefinite")
  expect_error(lmmfit(model, data, start = c(g.a = 1, g.b = 1, g.a.b = 2)), "no covariance matrix")
  expect_error(lmmfit(model, data, hold = c(g.a = 1, g.a.b = 2), start = c(g.b = 1)),
    "held and the starting")
  expect_error(lmmfit(y ~ 1, transform(data, t = factor(b)), residual = ~ us(t | g),
    hold = c(residual.1 = 1, residual.2 = 1, residual.1.2 = 3)), "no covariance matrix")
})

test_that("with a covariance of 0 everything is as of two independent terms", {
  orth <- nlme::Orthodont
  model <- distance ~ age * Sex
  held <- lmmfit(update(model, . ~ . + (age | Subject)), orth, hold = c(Subject.Intercept.age = 0))
  apart <- lmmfit(update(model, . ~ . + (age || Subject)), orth)
  expect_within(deviance(held), deviance(apart), 1e-7, "-2l")
  expect_relative(varcomp(held)$estimate[-2], varcomp(apart)$estimate, 1e-5, "variances")
  expect_relative(varcomp(held)$se[-2], varcomp(apart)$se, 1e-4, "SE")
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expect_relative(as.matrix(anova(held, ddf = ddf)), as.matrix(anova(apart, ddf = ddf)), 1e-4,
      ddf, 1e-10)
  }
})

test_that("at a boundary beside a held value the rest is as if all of it were known there", {
  orth <- as.data.frame(nlme::Orthodont)
  set.seed(3)
  orth$distance <- 20 + stats::rnorm(27)[orth$Subject] * (1 + orth$age / 20) +
    stats::rnorm(nrow(orth))
  fit <- lmmfit(distance ~ age * Sex + (age | Subject), orth, hold = c(Subject.age = 0.0003))
  found <- varcomp(fit)
  expect_identical(found$status, c("free", "at boundary", "held", "free"))
  rho <- found$estimate[2] / sqrt(found$estimate[1] * found$estimate[3])
  expect_within(abs(rho), 1, 1e-12, "correlation")
  whole <- lmmfit(distance ~ age * Sex + (age | Subject), orth,
    hold = stats::setNames(found$estimate, found$parameter))
  expect_within(deviance(fit), deviance(whole), 1e-7, "-2l")
  expect_relative(vcov(fit), vcov(whole), 1e-7, "vcov")
  expect_true(all(is.finite(anova(fit, ddf = "Satterthwaite")$DenDF)))
  expect_true(all(is.finite(anova(fit, ddf = "Kenward-Roger")$DenDF)))
})
