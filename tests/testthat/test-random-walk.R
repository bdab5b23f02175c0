# Processes whose likelihood has its supremum at a random walk: the variance goes to infinity, the
# correlation to 1, and the fixed effects take up where each subject begins. Of n increments with
# variance s^2 that is n log(2 pi s^2) + n for -2l, s^2 their mean square: with D of differences
# of 8 equal steps log|DD'| = log 8 for each subject, which log|X'X| takes back.

walks <- function(seed, n = 5L) {
  set.seed(seed)
  d <- expand.grid(t = 1:8, g = factor(seq_len(n)))
  d$y <- as.vector(replicate(n, cumsum(stats::rnorm(8))))
  d
}

# list(s2, minus2loglik) at the limit.
at_walk <- function(d) {
  steps <- unlist(tapply(d$y, d$g, diff))
  s2 <- mean(steps^2)
  list(s2 = s2, minus2loglik = length(steps) * (log(2 * pi * s2) + 1))
}

expect_walk <- function(fit, minus2loglik, tolerance = 1e-6) {
  expect_lt(abs(fit$minus2loglik - minus2loglik), tolerance)
  v <- varcomp(fit)
  own <- v[grepl("[.]", v$parameter), ]
  expect_identical(own$status, c("not identified", "at boundary"))
  expect_true(all(is.na(own$se)) && is.na(own$estimate[1L]))
  expect_identical(fit$convergence$status, "converged")
}

test_that("a residual process ends at the random walk that is its limit", {
  for (seed in c(2, 4, 7)) {
    d <- walks(seed)
    limit <- at_walk(d)
    for (residual in list(~ ar1(t | g), ~ exp(t | g))) {
      expect_warning(fit <- lmmfit(y ~ g, d, residual = residual),
        as.character(signif(limit$s2, 4)), fixed = TRUE, class = "henderson_warning_random_walk")
      expect_walk(fit, limit$minus2loglik)
      shuffled <- suppressWarnings(lmmfit(y ~ g, d[sample(nrow(d)), ], residual = residual))
      expect_walk(shuffled, limit$minus2loglik)
    }
  }
})

test_that("the unit of time is no matter", {
  d <- walks(2)
  for (unit in c(1e-6, 86400)) {
    d$time <- unit * d$t
    expect_warning(fit <- lmmfit(y ~ g, d, residual = ~ exp(time | g)),
      as.character(signif(at_walk(d)$s2 / unit, 4)), fixed = TRUE,
      class = "henderson_warning_random_walk")
    expect_walk(fit, at_walk(d)$minus2loglik)
  }
})

test_that("a slope keeps its error, that of the mean step, and the beginnings have none", {
  d <- walks(2)
  fit <- suppressWarnings(lmmfit(y ~ g + t, d, residual = ~ ar1(t | g)))
  steps <- unlist(tapply(d$y, d$g, diff))
  expect_equal(fixef(fit)[["t"]], mean(steps), tolerance = 1e-5)
  expect_equal(fit$fixed$se[6L], stats::sd(steps) / sqrt(length(steps)), tolerance = 1e-5)
  expect_true(all(is.na(fit$fixed$se[-6L])))
})

test_that("a random process ends there too, with and without residuals beside it", {
  for (seed in c(4, 7)) {
    d <- walks(seed)
    for (random in list(y ~ g + ar1(t | g), y ~ g + exp(t | g))) {
      # Nothing is left to the residuals: their variance is at its boundary.
      expect_walk(suppressWarnings(lmmfit(random, d)), at_walk(d)$minus2loglik)
    }
  }
  d <- walks(2)
  fit <- suppressWarnings(lmmfit(y ~ g + ar1(t | g), d))
  # Increments of a walk and independent residuals: covariances of differences, by optim().
  D <- kronecker(diag(5), diff(diag(8)))
  steps <- D %*% d$y
  value <- function(p) {
    V <- exp(p[1]) * diag(35) + exp(p[2]) * tcrossprod(D)
    35 * log(2 * pi) + as.numeric(determinant(V)$modulus) + sum(steps * solve(V, steps))
  }
  best <- stats::optim(c(0, -2), value, control = list(reltol = 1e-14, maxit = 2000))
  expect_walk(fit, best$value)
  expect_equal(utils::tail(varcomp(fit)$estimate, 1), exp(best$par[2]), tolerance = 1e-3)
})

# Rows of a field that all go the same way, as columns do not differ: the walk is that of the rows.
test_that("so does a process in a product", {
  set.seed(1)
  d <- expand.grid(row = 1:8, col = 1:7)
  d$plot <- factor(seq_len(nrow(d)))
  d$gen <- factor(sample(14, nrow(d), TRUE))
  d$y <- stats::rnorm(nrow(d)) + 0.2 * d$row
  fits <- list(
    suppressWarnings(lmmfit(y ~ 1 + ar1(row):ar1(col), d)),
    suppressWarnings(lmmfit(y ~ 1 + (1 | plot), d, residual = ~ ar1(row):ar1(col))),
    # With all columns alike that is a walk of the means of rows.
    suppressWarnings(lmmfit(y ~ 1 + ar1(row | 1), d))
  )
  # Beside a correlation of one the residuals keep their ridge, short of the limit.
  expect_lt(abs(fits[[1L]]$minus2loglik - fits[[3L]]$minus2loglik), 1e-5)
  expect_lt(abs(fits[[2L]]$minus2loglik - fits[[3L]]$minus2loglik), 1e-3)
  for (fit in fits) {
    v <- varcomp(fit)
    walk <- !v$parameter %in% c("residual", "plot")
    expect_identical(unique(v$status[walk]), c("not identified", "at boundary"))
    expect_equal(v$estimate[!walk], varcomp(fits[[3L]])$estimate[3L], tolerance = 1e-3)
  }
})

test_that("a process with a variance of its own is none", {
  set.seed(3)
  d <- walks(2)
  fits <- list(
    lmmfit(y ~ g, walks(1), residual = ~ ar1(t | g)),
    lmmfit(y ~ 1, d, residual = ~ ar1(t | g)),
    lmmfit(y ~ g, d, residual = ~ ar1(t | g), method = "ML"),
    lmmfit(y ~ 1 + ar1(t | g), d),
    suppressWarnings(lmmfit(y ~ 1 + (1 + t || g), d)),
    suppressWarnings(lmmfit(y ~ 1 + (1 | g), d, residual = ~ diag(t)))
  )
  for (fit in fits) {
    v <- varcomp(fit)
    expect_false("not identified" %in% v$status)
  }
  held <- lmmfit(y ~ g, d, residual = ~ ar1(t | g), hold = c(residual.rho = 0.99))
  expect_identical(varcomp(held)$status, c("free", "held"))
})

test_that("tests of what has an error go on, others are NA", {
  d <- walks(2)
  d$x <- stats::rnorm(40)
  fit <- suppressWarnings(lmmfit(y ~ g + x, d, residual = ~ ar1(t | g)))
  # In differences x has the error of a regression without intercept.
  steps <- unlist(tapply(d$y, d$g, diff))
  by_steps <- summary(stats::lm(steps ~ 0 + unlist(tapply(d$x, d$g, diff))))$coefficients
  table <- suppressWarnings(as.data.frame(anova(fit)))
  expect_true(is.na(table["g", "F value"]))
  found <- as.data.frame(suppressWarnings(contest(fit, c(0, 0, 0, 0, 0, 1))))
  expect_equal(unlist(found[1L, c("estimate", "se")]), by_steps[1:2], tolerance = 1e-5,
    ignore_attr = TRUE)
  expect_equal(table["x", "F value"], by_steps[3L]^2, tolerance = 1e-4)
  expect_true(all(is.finite(cooks.distance(fit))))
  expect_error(suppressWarnings(anova(fit, ddf = "CR2")), "has none|have none",
    class = "henderson_error_robust")
  expect_true(is.na(drop1(fit)["g", "F value"]))
})
