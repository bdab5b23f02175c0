# Log-linear variances of which some go to zero. With a covariate of 0 and 1, or a polynomial
# through all positions, loglin() is diag() of these positions, which has its boundary at a variance
# of zero: -2l, errors, degrees of freedom and functions of the others are those.

records <- function(seed, exact = 1) {
  set.seed(seed)
  d <- expand.grid(g = factor(1:20), r = 1:4)
  d$at <- factor(d$r)
  d$x <- as.numeric(d$r == exact)
  d$y <- stats::rnorm(20)[d$g] + stats::rnorm(80) * (1 - d$x)
  d
}

# `apart` is the same model with a variance for each position: it tells whether one is zero.
expect_as_apart <- function(formula, d, residual, apart, method = "REML") {
  other <- lmmfit(formula, d, residual = apart, method = method)
  at_limit <- "at boundary" %in% varcomp(other)$status
  told <- character()
  fit <- withCallingHandlers(lmmfit(formula, d, residual = residual, method = method),
    henderson_warning = function(w) {
      told <<- c(told, class(w)[1L])
      invokeRestart("muffleWarning")
    })
  expect_identical(told, if (at_limit) "henderson_warning_vanishing_variances" else character())
  expect_lt(abs(fit$minus2loglik - other$minus2loglik), 1e-6)
  expect_identical(attr(logLik(fit), "df"), attr(logLik(other), "df"))
  v <- varcomp(fit)
  own <- startsWith(v$parameter, "residual")
  expect_true(all(v$status[own] == if (at_limit) "at boundary" else "free"))
  expect_identical(anyNA(v$se[own]), at_limit)
  same <- c("estimate", "se", "status")
  of_other <- startsWith(varcomp(other)$parameter, "residual")
  expect_equal(v[!own, same], varcomp(other)[!of_other, same], tolerance = 1e-5,
    ignore_attr = TRUE)
  # Degrees of freedom lose digits where variances are 1e8 apart.
  tests <- coef(summary(fit))
  expected <- coef(summary(other))
  expect_equal(tests[, 1:2], expected[, 1:2], tolerance = 1e-5)
  expect_equal(tests[, "df"], expected[, "df"], tolerance = 1e-3)
  invisible(at_limit)
}

test_that("a residual that goes to zero where a covariate is 1", {
  at_limit <- vapply(1:8, function(seed) {
    d <- records(seed)
    # The other end, and another unit.
    d$other <- 1e4 * (1 - d$x)
    c(expect_as_apart(y ~ x + (1 | g), d, ~ loglin(x), ~ diag(x)),
      expect_as_apart(y ~ x + (1 | g), d[sample(80), ], ~ loglin(x), ~ diag(x)),
      expect_as_apart(y ~ 1 + (1 | g), d, ~ loglin(x), ~ diag(x), "ML"),
      expect_as_apart(y ~ x + (1 | g), d, ~ loglin(other), ~ diag(x)))
  }, logical(4))
  # A slope that is held leaves the way of the other as it is.
  d <- records(2)
  d$z <- stats::rnorm(80)
  held <- suppressWarnings(lmmfit(y ~ x + (1 | g), d, residual = ~ loglin(x + z),
    hold = c(residual.slope.z = 0)))
  alone <- suppressWarnings(lmmfit(y ~ x + (1 | g), d, residual = ~ loglin(x)))
  expect_equal(held$minus2loglik, alone$minus2loglik, tolerance = 1e-8)
  expect_identical(varcomp(held)$status, c("free", "at boundary", "at boundary", "held"))
  d$one <- 1
  expect_error(lmmfit(y ~ x + (1 | g), d, residual = ~ loglin(x + one),
    hold = c(residual.slope.x = -1)), "is constant")
  expect_no_error(suppressWarnings(lmmfit(y ~ x + (1 | g), d, residual = ~ loglin(x + one),
    hold = c(residual.slope.one = 0))))
  # Both ends are among them.
  expect_true(any(at_limit) && !all(at_limit))
})

test_that("polynomials through all positions, and parameters by section", {
  at_limit <- vapply(1:4, function(exact) {
    expect_as_apart(y ~ 1 + (1 | g), records(5, exact), ~ loglin(r + I(r^2) + I(r^3)),
      ~ diag(at))
  }, NA)
  expect_true(any(at_limit))
  # Two sections: in the second nothing goes to zero.
  d <- records(6)
  d$half <- factor(ifelse(d$r > 2, "b", "a"))
  d$z <- d$r %% 2
  expect_warning(fit <- lmmfit(y ~ 1 + (1 | g), d, residual = list(half = ~ loglin(z))),
    class = "henderson_warning_vanishing_variances")
  other <- lmmfit(y ~ 1 + (1 | g), d, residual = ~ diag(at))
  expect_lt(abs(fit$minus2loglik - other$minus2loglik), 1e-6)
  expect_identical(varcomp(fit)$status, rep(c("free", "at boundary", "free"), c(1, 2, 2)))
})

test_that("what goes along with the slopes has no value, and what stays has that of the limit", {
  d <- records(7)
  fit <- suppressWarnings(lmmfit(y ~ x + (1 | g), d, residual = ~ loglin(x)))
  other <- lmmfit(y ~ x + (1 | g), d, residual = ~ diag(x))
  found <- vpredict(fit, ~ residual.variance, ~ residual.variance * exp(-residual.slope.x / 4),
    ~ g / (g + residual.variance * exp(-residual.slope.x / 4)))
  expect_true(all(is.na(found[1L, ])))
  expect_equal(found[-1L, ], vpredict(other, ~ residual.0, ~ g / (g + residual.0)),
    tolerance = 1e-5, ignore_attr = TRUE)
  new <- d[c(1, 41), ]
  expect_equal(predict(fit, new, interval = "prediction")[2L, ],
    predict(other, new, interval = "prediction")[2L, ], tolerance = 1e-5)
  expect_true(all(is.na(varcomp(fit, "observed")$se[2:3])))
  expect_equal(varcomp(fit, "observed")$se[1L], varcomp(other, "observed")$se[1L],
    tolerance = 1e-5)
})

test_that("variances far apart that have a maximum are free", {
  set.seed(8)
  d <- expand.grid(g = factor(1:20), r = 1:4)
  d$x <- as.numeric(d$r == 1)
  d$y <- stats::rnorm(20)[d$g] + stats::rnorm(80) * ifelse(d$x == 1, 1e-3, 1)
  d$z <- stats::rnorm(80)
  fit <- expect_no_warning(lmmfit(y ~ x + z + (1 | g), d, residual = ~ loglin(z)))
  expect_true(all(varcomp(fit)$status == "free"))
  # The fixed effects take up the exact records: no maximum at all.
  d$y <- ifelse(d$x == 1, d$z, d$z + stats::rnorm(80))
  expect_error(lmmfit(y ~ z, d, residual = ~ loglin(x)), "no upper bound")
})

test_that("a random term with log-linear variances, and its limit", {
  set.seed(6)
  d <- expand.grid(g = factor(1:30), r = 1:4, rep = 1:2)
  effects <- matrix(stats::rnorm(120), 30) %*% diag(exp(c(-0.5, -0.15, 0.15, 0.5)))
  d$y <- effects[cbind(d$g, d$r)] + stats::rnorm(240)
  fit <- lmmfit(y ~ r + loglin(r | g), d)
  cells <- outer(paste(d$g, d$r), paste(d$g, d$r), "==")
  dense <- function(p) {
    V <- cells * p[1L] * exp(p[2L] * (d$r - mean(d$r))) + diag(p[3L], 240)
    oracle_minus2loglik(list(X = model.matrix(~ r, d), V = V, y = d$y))
  }
  estimate <- varcomp(fit)$estimate
  expect_equal(dense(estimate), fit$minus2loglik, tolerance = 1e-10)
  best <- stats::nlminb(estimate, dense, lower = c(0.01, -5, 0.01))
  expect_lt(fit$minus2loglik - best$objective, 1e-6)
  expect_equal(predict(fit, d[1:5, ]), fitted(fit)[1:5], ignore_attr = TRUE)
  d$double <- 2 * d$r
  d$one <- 1
  expect_error(lmmfit(y ~ r + loglin(r + double | g), d), "depends on the others")
  expect_error(lmmfit(y ~ r + loglin(r + one | g), d), "is constant")
  d$b <- as.numeric(d$r == 1)
  d$fb <- factor(d$b)
  set.seed(1)
  d$y <- ifelse(d$b == 1, 0, stats::rnorm(30)[d$g]) + stats::rnorm(240)
  other <- lmmfit(y ~ r + diag(fb | g), d)
  expect_identical(varcomp(other)$status[2L], "at boundary")
  expect_warning(fit <- lmmfit(y ~ r + loglin(b | g), d),
    class = "henderson_warning_vanishing_variances")
  expect_lt(abs(fit$minus2loglik - other$minus2loglik), 1e-6)
  expect_equal(varcomp(fit)$se[3L], varcomp(other)$se[3L], tolerance = 1e-5)
})
