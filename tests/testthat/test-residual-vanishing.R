# Independent residuals that vanish beside random terms, where the search alone does not end: the
# likelihood along the residual variance says what there is.

# -2l of y ~ N(X b, V), by a factor of V.
dense_value <- function(y, X, V, reml) {
  U <- chol(V)
  Xs <- backsolve(U, X, transpose = TRUE)
  q <- qr(Xs, tol = 1e-14)
  r <- qr.resid(q, backsolve(U, y, transpose = TRUE))
  restricted <- if (reml) 2 * sum(log(abs(diag(qr.R(q))))) else 0
  (length(y) - reml * ncol(X)) * log(2 * pi) + 2 * sum(log(diag(U))) + sum(r^2) + restricted
}

# Subjects with three records and three coefficients, z_i of subject i. Those of a matrix of rank
# two that has z_1 - z_3 and z_2 - z_4 fit all records beside the intercept and the slope of each
# arm.
exact_records <- data.frame(
  y = c(2.707311, 4.181826, 3.810408, -1.098246, -3.182465, -5.325611, -2.817136, -3.801323,
    -5.162513, 1.059993, 0.144669, -1.071427, 7.978558, 8.200748),
  t = c(1.18, 2.22, 3.20, 1.25, 2.16, 3.10, 1.22, 2.15, 3.07, 1.04, 2.06, 3.29, 1.11, 2.27),
  arm = rep(c("B", "A", "B", "A", "B"), c(3, 3, 3, 3, 2)), id = rep(1:5, c(3, 3, 3, 3, 2))
)

test_that("a matrix that fits some combinations exactly has no bound, at a narrow end, too", {
  X <- model.matrix(~ arm * t, exact_records)
  Z <- model.matrix(~ t + I(t^2), exact_records)
  z <- vapply(1:4, function(i) {
    own <- exact_records$id == i
    solve(Z[own, ], exact_records$y[own])
  }, numeric(3L))
  B <- cbind(z[, 1L] - z[, 3L], z[, 2L] - z[, 4L])
  same <- outer(exact_records$id, exact_records$id, `==`)
  V <- Z %*% tcrossprod(B) %*% t(Z) * same
  values <- vapply(10^-(6:9), function(residual) {
    dense_value(exact_records$y, X, V + diag(residual, 14L), FALSE)
  }, 0)
  # Of 14 records, ten directions have random effects.
  expect_equal(diff(values), rep(-4 * log(10), 3L), tolerance = 1e-3)
  data <- transform(exact_records, id = factor(id))
  for (change in list(identity, function(d) transform(d, y = 1e3 * y), function(d) d[14:1, ],
    function(d) transform(d, t = 2 * t))) {
    expect_error(lmmfit(y ~ arm * t + (1 + t + I(t^2) | id), change(data), method = "ML"),
      "fit 4 combinations of the records exactly")
  }
})

# With correlations of one the effects of antedependence fit two combinations of these records.
ante_records <- data.frame(
  y = c(-3.7468532, -3.3355469, -23.7314115, -20.6589239, 12.9148082, 7.7886188, 6.0594365,
    18.4108497, 20.3120861, 20.4791162, 31.5045582),
  x = c(0.5138862, 0.7347649, 0.6004748, 0.3795514, -1.0407755, -1.1092597, -1.7523931,
    1.2116743, 0.7140008, -2.9445469, -0.2654532),
  visit = factor(c(1, 2, 4, 5, 1, 3, 4, 2, 3, 4, 5)), id = factor(rep(1:3, c(4, 3, 4))),
  w = c(4.010452, 9684.618, 8.201729e-4, 7.751213e-4, 3965.91, 2.137488e-3, 409.2222, 0.3585368,
    2.47697, 7.935674e-2, 3.344226e-4)
)

test_that("an end whose way down is seen from smaller residual variances alone has no bound", {
  model <- y ~ x + ante(visit | id)
  X <- model.matrix(~ x, ante_records)
  levels <- as.integer(ante_records$visit)
  same <- outer(ante_records$id, ante_records$id, `==`)
  start <- NULL
  values <- numeric()
  for (residual in 10^-(2:10)) {
    held <- suppressWarnings(lmmfit(model, ante_records, weights = w, start = start,
      hold = c(residual = residual)))
    V <- VarCorr(held)$id[levels, levels] * same + diag(residual / ante_records$w)
    values <- c(values, dense_value(ante_records$y, X, V, TRUE))
    start <- with(varcomp(held)[1:9, ],
      setNames(ifelse(grepl("rho", parameter), pmin(estimate, 1 - 1e-12), estimate), parameter))
  }
  expect_equal(diff(values)[6:8], rep(-2 * log(10), 3L), tolerance = 1e-4)
  for (change in list(identity, function(d) d[11:1, ], function(d) transform(d, y = 1e7 * y))) {
    expect_error(lmmfit(model, change(ante_records), weights = w),
      "fit 2 combinations of the records exactly", class = "henderson_error_unbounded")
  }
})

walk_records <- data.frame(
  y = c(1.940559, 9.238688, 0.239247, -1.572304, -1.798685, 10.914373),
  f = c("v", "w", "u", "v", "v", "w"), arm = c("A", "A", "B", "B", "B", "A"),
  t = c(1, 4, 2, 3, 4, 6), id = c(2, 2, 1, 1, 1, 2), h = c(2, 1, 1, 2, 1, 3),
  w = c(3.951924, 0.482500, 4.744343, 2.995115, 1.560171, 3.012504)
)

# Differences of records 4 and 5, and of 2 and 6, are all that is left of fixed effects. A smooth
# process of long range is a random slope: s^2 d^2 is the variance of a difference over d, here of
# one over 1 and one over 2, and log|K'VK| + log|X'X| = log(s^2) + log(4 s^2). The greatest
# smoothness is 25.
test_that("a smooth process whose range goes to infinity ends at its limit, the random slope", {
  data <- transform(walk_records, id = factor(id), h = factor(h),
    cell = interaction(f, arm, drop = TRUE))
  for (unit in c(1, 1e3)) {
    data$y <- unit * walk_records$y
    slope <- mean(c(data$y[4L] - data$y[5L], (data$y[2L] - data$y[6L]) / 2)^2)
    limit <- 2 * log(2 * pi) + log(slope) + log(4 * slope) + 2
    for (weights in list(walk_records$w, sqrt(walk_records$w))) {
      data$w <- weights
      fit <- lmmfit(y ~ 0 + cell + matern(t | id) + (1 | h), data, weights = w)
      expect_identical(fit$convergence$status, "converged")
      expect_lt(abs(fit$minus2loglik - limit), 1e-4)
      expect_lt(varcomp(fit)$estimate[5L], 1e-4 * slope)
    }
  }
})

slope_records <- data.frame(
  y = c(0.07628617, 1.926486, 0.1623910, 1.688472, 0.6857666, 0.6874591),
  f = c("u", "u", "v", "v", "v", "v"),
  x = c(-0.8658070, 0.1907097, -0.1556511, 0.8744089, -0.8155683, 0.9142368),
  t = c(1.04, 5.07, 4.08, 3.06, 6.02, 2.18), h = c(5, 5, 3, 2, 3, 3),
  w = c(2.2514202, 2.8675290, 4.8192969, 0.9386356, 4.7806213, 4.5634104)
)

# The variance of `gau` has a share of 1e-10 that its positions do not share (see `?covstruct`).
test_that("a variance that goes to zero beside a nearly singular process ends at the maximum", {
  set.seed(4)
  noise <- 1 + 0.05 * rnorm(6L)
  for (change in list(identity, function(d) transform(d, y = 1e-6 * y),
    function(d) transform(d, t = 2 * t), function(d) transform(d, y = noise * y))) {
    data <- transform(change(slope_records), h = factor(h), id = factor("s"))
    fit <- lmmfit(y ~ x * f + gau(t | id) + (1 | h), data, weights = w)
    expect_identical(fit$convergence$status, "converged")
    X <- model.matrix(~ x * f, data)
    distance <- as.matrix(dist(data$t))
    same <- outer(data$h, data$h, `==`)
    value <- function(log_values) {
      v <- exp(log_values)
      V <- v[1L] * v[2L]^2 * (exp(-(distance / v[2L])^2) + diag(1e-10, 6L)) + v[3L] * same +
        diag(v[4L] / data$w)
      tryCatch(dense_value(data$y, X, V, TRUE), error = function(e) 1e10)
    }
    found <- varcomp(fit)$estimate
    at <- log(c(found[1L] / found[2L]^2, found[-1L]))
    expect_equal(value(at), fit$minus2loglik, tolerance = 1e-6)
    # Where rounding is 1e-6 of the share.
    for (shift in list(0, c(0, -0.5, 0, -3), c(0.3, 0.5, -0.5, 3))) {
      begun <- optim(at + shift, value, control = list(maxit = 4000L, reltol = 1e-13))
      expect_gt(begun$value, fit$minus2loglik - 2e-4)
    }
  }
})

# In units of the response a coefficient without a scale of its own had that of y as its unit.
test_that("random terms beside residuals with a unit for each position do not know that of y", {
  set.seed(11)
  d <- expand.grid(visit = factor(1:2), id = factor(1:20))
  d$g <- factor(sample(5L, 40L, TRUE))
  d$f <- factor(sample(c("u", "v", "w"), 40L, TRUE))
  d$y <- rnorm(5L)[d$g] + rnorm(20L)[d$id] + c(1, 3)[d$visit] * rnorm(40L)
  models <- list(y ~ rr(f | g, k = 1), y ~ fa(f | g, k = 1), y ~ cs(f | g), y ~ ar1(f | g))
  for (model in models) {
    for (residual in list(~ us(visit | id), ~ diag(visit))) {
      fit <- lmmfit(model, d, residual = residual)
      for (unit in c(1e-7, 1e5)) {
        other <- lmmfit(model, transform(d, y = unit * y), residual = residual)
        expect_identical(other$convergence$status, "converged")
        expect_identical(other$convergence$iterations, fit$convergence$iterations)
        expect_equal(other$minus2loglik, fit$minus2loglik + 2 * 39 * log(unit), tolerance = 1e-9)
      }
    }
  }
})
