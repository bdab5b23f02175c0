# Bounds that are active where the best matrix is singular, far from the default start, or together.
# The oracle is the V form at the active bounds, its other variances by nlminb() from several
# points.

slopes_data <- function(seed, sd_error) {
  set.seed(seed)
  d <- data.frame(t = rep(0:4, 8), id = gl(8, 5))
  u <- matrix(rnorm(16), 8) %*% chol(matrix(c(4000, -1000, -1000, 280), 2L))
  d$y <- u[d$id, 1L] + u[d$id, 2L] * d$t + rnorm(40, sd = sd_error)
  d
}

dense_value <- function(y, V) {
  L <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(L)) return(1e10)
  x <- backsolve(L, rep(1, length(y)), transpose = TRUE)
  z <- backsolve(L, y, transpose = TRUE)
  information <- sum(x^2)
  (length(y) - 1) * log(2 * pi) + 2 * sum(log(diag(L))) + log(information) + sum(z^2) -
    sum(x * z)^2 / information
}

# The best -2l of random slopes with that covariance, singular or not.
best_with_covariance <- function(d, covariance, largest = Inf) {
  Z <- cbind(1, d$t)
  same <- outer(d$id, d$id, "==")
  objective <- function(p) {
    first <- exp(p[1L])
    sigma <- matrix(c(first, covariance, covariance, covariance^2 / first + p[2L]^2), 2L)
    dense_value(d$y, (Z %*% sigma %*% t(Z)) * same + diag(exp(p[3L]), nrow(d)))
  }
  upper <- c(log(largest), Inf, Inf)
  min(vapply(c(-1, 0, 1), function(shift) {
    size <- log(abs(covariance)) + shift
    stats::nlminb(c(min(size, upper[1L]), exp(size / 2) / 10, log(stats::var(d$y)) - 2), objective,
      upper = upper, control = list(rel.tol = 1e-14, iter.max = 500L, eval.max = 1000L))$objective
  }, 0))
}

test_that("a bound of a covariance is kept where the matrix is singular, or far from the start", {
  for (seed in c(3, 5, 6, 10, 12)) {
    d <- slopes_data(seed, 50)
    free <- lmmfit(y ~ 1 + (1 + t | id), d)
    covariance <- free$parameters$estimate[2L]
    expect_identical(varcomp(free)$status[2L], "at boundary")
    for (times in c(1.5, 0.5, -3, 1000)) {
      bound <- times * covariance
      bounds <- if (abs(bound) < abs(covariance)) sort(c(0, bound)) else
        if (bound < 0) c(-Inf, bound) else c(bound, Inf)
      fit <- lmmfit(y ~ 1 + (1 + t | id), d, bounds = list(id.Intercept.t = bounds))
      expect_true(has_converged(fit))
      expect_identical(varcomp(fit)$status[2L], "at bound")
      expect_within(fit$minus2loglik, best_with_covariance(d, bound), 1e-6, "V form")
    }
  }
})

test_that("a fit at a bound and a singular matrix answers like one with the value held", {
  d <- slopes_data(12, 50)
  fit <- lmmfit(y ~ 1 + (1 + t | id), d, bounds = list(id.Intercept.t = c(-Inf, -2400)))
  held <- lmmfit(y ~ 1 + (1 + t | id), d, hold = c(id.Intercept.t = -2400))
  # Where a search ends is less sharp than -2l.
  expect_equal(varcomp(fit)$se, varcomp(held)$se, tolerance = 1e-5)
  expect_equal(summary(fit)$fixed, summary(held)$fixed, tolerance = 1e-5)
  expect_equal(vpredict(fit, ~ id.t / residual), vpredict(held, ~ id.t / residual),
    tolerance = 1e-5)
  interval <- confint(fit, "id.Intercept.t", method = "profile")
  expect_equal(interval[[2L]], -2400)
  expect_equal(
    lmmfit(y ~ 1 + (1 + t | id), d, hold = c(id.Intercept.t = interval[[1L]]))$minus2loglik -
      fit$minus2loglik, stats::qchisq(0.95, 1), tolerance = 1e-3)
})

test_that("a covariance may be bounded away from zero where its term has no variance", {
  set.seed(6)
  d <- data.frame(t = rep(0:4, 8), id = gl(8, 5))
  d$y <- rnorm(40)
  expect_identical(lmmfit(y ~ 1 + (1 + t | id), d)$parameters$estimate[1:3], c(0, 0, 0))
  for (bounds in list(c(0.5, Inf), c(100, Inf), c(-Inf, -1))) {
    fit <- lmmfit(y ~ 1 + (1 + t | id), d, bounds = list(id.Intercept.t = bounds))
    expect_true(has_converged(fit))
    expect_within(fit$minus2loglik, best_with_covariance(d, bounds[is.finite(bounds)]), 1e-6,
      "V form")
  }
})

test_that("several bounds are active together, and those that are not are left", {
  d <- slopes_data(12, 50)
  fit <- lmmfit(y ~ 1 + (1 + t | id), d,
    bounds = list(id.Intercept = c(0, 3000), id.Intercept.t = c(-300, Inf)))
  expect_true(has_converged(fit))
  expect_identical(varcomp(fit)$status[1:3], c("free", "at bound", "free"))
  expect_within(fit$minus2loglik, best_with_covariance(d, -300, 3000), 1e-6, "V form")
  corner <- lmmfit(y ~ 1 + (1 + t | id), d,
    bounds = list(id.Intercept = c(0, 3000), id.t = c(0, 200)))
  expect_identical(varcomp(corner)$status[1:3], c("at bound", "at boundary", "at bound"))
  expect_equal(varcomp(corner)$estimate[1:3], c(3000, -sqrt(3000 * 200), 200), tolerance = 1e-8)
})

test_that("a bounded correlation of a Toeplitz residual is kept", {
  for (seed in 1:3) {
    set.seed(seed)
    d <- expand.grid(v = factor(1:4), id = factor(1:12))
    d$y <- rnorm(12)[d$id] + stats::arima.sim(list(ar = 0.7), 48) / 2
    free <- lmmfit(y ~ 1, d, residual = ~ toep(v | id))
    bound <- free$parameters$estimate[3L] - 0.3
    fit <- lmmfit(y ~ 1, d, residual = ~ toep(v | id), bounds = list(residual.rho2 = c(-1, bound)))
    expect_identical(varcomp(fit)$status[3L], "at bound")
    same <- outer(d$id, d$id, "==")
    at <- as.integer(d$v)
    objective <- function(p) {
      sigma <- stats::toeplitz(c(1, tanh(p[2L]), bound, tanh(p[3L])))
      dense_value(d$y, exp(p[1L]) * sigma[at, at] * same)
    }
    best <- min(vapply(list(c(0, 0, 0), c(0, 0.3, 0.3), c(0, 0.5, -0.3)), function(start) {
      stats::nlminb(start, objective, control = list(rel.tol = 1e-14))$objective
    }, 0))
    expect_within(fit$minus2loglik, best, 1e-6, "V form")
  }
})

test_that("what is not identified is said beside bounds too", {
  d <- slopes_data(1, 50)
  d$twin <- d$id
  expect_error(lmmfit(y ~ 1 + (1 | id) + (1 | twin), d, bounds = list(id = c(0, 10))),
    class = "henderson_error_not_identified")
})

test_that("bounds between which there is no matrix are refused by name", {
  d <- data.frame(nlme::Orthodont)
  d$visit <- factor(d$age)
  d$id <- factor(as.character(d$Subject))
  variances <- paste0("residual.", c(8, 10, 12, 14))
  covariances <- paste0("residual.", c("8.10", "8.12", "8.14", "10.12", "10.14", "12.14"))
  every <- function(names, bound) stats::setNames(rep(list(bound), length(names)), names)
  refused <- list(
    list(~ us(visit | id), list(residual.8 = c(0, 1), residual.10 = c(0, 1),
      residual.8.10 = c(-6, -5))),
    list(~ us(visit | id), c(every(variances, c(0, 10)), every(covariances, c(-Inf, -4)))),
    list(~ cs(visit | id), list(residual.rho = c(-0.9, -0.5))),
    list(~ toep(visit | id), list(residual.rho1 = c(-0.99, -0.9), residual.rho2 = c(-0.99, -0.9)))
  )
  for (case in refused) {
    error <- expect_error(
      lmmfit(distance ~ visit, d, residual = case[[1L]], bounds = case[[2L]]),
      "no positive definite covariance matrix", class = "henderson_error_bounds")
    expect_setequal(error$value, names(case[[2L]]))
  }
  expect_error(
    lmmfit(distance ~ age + us(1 + age | id), d,
      bounds = list(id.Intercept = c(0, 1), id.age = c(0, 1), id.Intercept.age = c(-6, -5))),
    "no positive definite", class = "henderson_error_bounds")
  # Negative covariances that variances can have are found.
  fit <- lmmfit(distance ~ visit, d, residual = ~ us(visit | id), bounds = every(covariances,
    c(-Inf, -3)))
  expect_identical(fit$convergence$status, "converged")
  expect_true(all(fit$parameters$estimate[match(covariances, fit$parameters$name)] <= -3 + 1e-9))
})
