# Models that fit the response exactly: by maximum likelihood V becomes singular in directions that
# the random terms leave out, and log|V| falls without end. REML accounts for the fixed effects.

few <- function(seed, n = 12L) {
  set.seed(seed)
  d <- data.frame(g = factor(rep_len(1:6, n)), h = factor(rep(1:3, length.out = n)),
    x = stats::rnorm(n), t = rep_len(rep(1:3, each = 3), n))
  d$y <- stats::rnorm(n)
  d
}

expect_exact <- function(expression) {
  expect_error(expression, "no upper bound|fit it exactly", class = "henderson_error_exact_fit")
}

test_that("fixed and random effects that span the records have no maximum likelihood", {
  d <- few(1)
  model <- y ~ poly(x, 5) + (1 | g)
  expect_no_error(lmmfit(y ~ poly(x, 4) + (1 | g), d, method = "ML"))
  d$z <- stats::rnorm(12)
  expect_exact(lmmfit(y ~ poly(x, 5) + z + (1 | g), d, method = "ML"))
  reml <- lmmfit(y ~ poly(x, 5) + z + (1 | g), d)
  expect_true(is.finite(reml$minus2loglik))
})

test_that("neither have several crossed terms, or one direction of correlated coefficients", {
  d <- few(2, 9L)
  expect_exact(lmmfit(y ~ x + I(x^2) + t + (1 | g) + (1 | h), d, method = "ML"))
  d <- few(3, 8L)
  d$id <- factor(rep(1:4, 2))
  expect_exact(lmmfit(y ~ poly(x, 4) + (1 + t | id), d, method = "ML"))
})

test_that("more fixed effects than records say what to do", {
  d <- few(4)
  error <- tryCatch(lmmfit(y ~ factor(x) + (1 | g), d), error = identity)
  expect_s3_class(error, "henderson_error_saturated")
  expect_identical(error$argument, "data")
  expect_match(conditionMessage(error), "Take terms out")
})

# A smooth of a covariate without ties spans its records beside the line.
test_that("a subset of the terms that spans the records is found, whatever stands beside it", {
  set.seed(5)
  d <- data.frame(x = stats::rnorm(30), g = gl(5, 6), h = factor(rep(1:3, 10)))
  d$y <- d$x + stats::rnorm(30)
  d$y2 <- stats::rnorm(30)
  d$visit <- factor(rep(1:2, 15))
  d$id <- gl(15, 2)
  expect_exact(lmmfit(y ~ x + spl(x) + (1 | g), d, method = "ML"))
  expect_exact(lmmfit(y ~ x + spl(x) + (1 | g) + (1 | h), d, method = "ML"))
  expect_exact(lmmfit(y ~ x + spl(x) + (1 | g), d, residual = ~ us(visit | id), method = "ML"))
  expect_exact(lmmfit(cbind(y, y2) ~ x + spl(x) + (1 | g), d, method = "ML"))
  expect_true(is.finite(logLik(lmmfit(y ~ x + spl(x) + (1 | g), d))))
  # With ties the smooth leaves room.
  d$x <- round(d$x, 1)
  expect_true(is.finite(logLik(lmmfit(y ~ x + spl(x) + (1 | g), d, method = "ML"))))
})

test_that("what the engine refuses in a refit is a condition too", {
  d <- few(6)
  fit <- lmmfit(y ~ poly(x, 4) + (1 | g), d, method = "ML")
  d$z <- stats::rnorm(12)
  wide <- lmmfit(y ~ poly(x, 5) + z + (1 | g), d)
  spec <- henderson:::fit_spec(wide)
  spec$method <- "ML"
  expect_error(henderson:::refit_spec(fit, spec, 0L), class = "henderson_error_exact_fit")
})

# A smooth whose range goes to infinity is one number for each subject: its likelihood has no bound
# where that of a random intercept has none.
test_that("a structure that comes to a random intercept has no more of a bound than that", {
  d <- data.frame(y = c(4.2, 2, 2, 4.6, 0.6, 6.6, 1, 5.3, 6, 1.9),
    arm = c("B", "B", "A", "B", "A", "B", "C", "C", "C", "C"),
    t = c(1.13, 2.13, 1.08, 1.28, 2, 2.02, 2.27, 1.08, 1.29, 2.06),
    id = factor(c(4, 4, 3, 1, 3, 1, 5, 5, 2, 2)), h = factor(c(2, 3, 2, 1, 1, 3, 3, 1, 3, 2)))
  expect_exact(lmmfit(y ~ arm * t + (1 | id) + (1 | h), d, method = "ML"))
  expect_exact(lmmfit(y ~ arm * t + matern(t | id) + (1 | h), d, method = "ML"))
  expect_exact(lmmfit(y ~ arm * t + exp(t | id) + (1 | h), d, method = "ML"))
  expect_exact(lmmfit(y ~ arm * t + gau(t | id) + (1 | h), d, method = "ML"))
  # REML accounts for the fixed effects.
  expect_no_error(suppressWarnings(lmmfit(y ~ t + exp(t | id) + (1 | h), d)))
})

# -2l through V, for Z Sigma Z' of subjects and a residual variance.
dense_deviance <- function(y, X, Z, id, sigma, residual, reml) {
  V <- (Z %*% sigma %*% t(Z)) * outer(id, id, "==") + diag(residual, length(y))
  L <- chol(V)
  fixed <- qr(backsolve(L, X, transpose = TRUE), tol = 1e-14)
  z <- backsolve(L, y, transpose = TRUE)
  (length(y) - reml * ncol(X)) * log(2 * pi) + 2 * sum(log(diag(L))) +
    sum(qr.resid(fixed, z)^2) + reml * 2 * sum(log(abs(diag(qr.R(fixed)))))
}

# With two records a subject, Sigma of rank two can leave out one combination of those of one
# subject, which the fixed effects fit: log V falls by log(10) with each tenth of the residual
# variance, all else staying where it is.
test_that("a singular Sigma that has to be chosen may leave the likelihood without bound", {
  for (seed in c(1, 3, 4, 6, 9, 11)) {
    set.seed(seed)
    d <- data.frame(id = gl(6, 2), t = rep(c(1, 3), 6) + stats::runif(12, 0, 1.5),
      x = stats::rnorm(12))
    d$y <- stats::rnorm(6)[d$id] * d$t + stats::rnorm(12)
    Z <- stats::model.matrix(~ t + I(t^2), d)
    kernel <- crossprod(Z[1:2, ], c(1, -0.6))
    left <- 100 * qr.Q(qr(kernel), complete = TRUE)[, -1L]
    values <- vapply(10^-(3:6), function(residual) {
      dense_deviance(d$y, cbind(1, d$x), Z, d$id, tcrossprod(left), residual, FALSE)
    }, 0)
    expect_gt(min(-diff(values)), 2.25)
    expect_exact(suppressWarnings(lmmfit(y ~ x + (1 + t + I(t^2) | id), d, method = "ML")))
    # REML has fewer such directions, and a maximum here.
    reml <- lmmfit(y ~ x + (1 + t + I(t^2) | id), d)
    expect_identical(reml$convergence$status, "converged")
  }
})

# The ratio of two standard deviations of ante can be such that a combination of the records of
# three subjects that is free of X and of y has no variance, with a correlation of -1.
test_that("so may that of ante by REML", {
  d <- data.frame(y = c(1, 1, 4, 0, 2, 5, 3, -1, 6, -2),
    x = c(0.534415, -0.793622, 0.060671, 0.020904, 1.013815, 0.674715, 2.507918, 1.204993,
      0.780576, -0.53501),
    visit = factor(c(3, 1, 1, 4, 4, 1, 3, 2, 2, 2)), id = factor(c(1, 1, 2, 2, 1, 3, 2, 2, 3, 1)))
  expect_exact(suppressWarnings(lmmfit(y ~ x + ante(visit | id), d)))
  # Sigma of rank 3: the first two visits are proportional, s1 (1, r), and r solves y'c(r) = 0.
  X <- cbind(1, d$x)
  Z <- stats::model.matrix(~ 0 + visit, d)
  sigma_of <- function(r) {
    L <- rbind(c(1, 0, 0), c(r, 0, 0), c(0.9 * r, 1, 0), c(0.5, 0.5, 1))
    tcrossprod(L)
  }
  left_over <- function(r) {
    combinations <- vapply(levels(d$id), function(s) {
      own <- d$id == s
      ifelse(own & d$visit == "2", 1, ifelse(own & d$visit == "1", -r, 0))
    }, numeric(10))
    free <- combinations %*% qr.Q(qr(crossprod(combinations, X)), complete = TRUE)[, 3L]
    sum(free * d$y) / sqrt(sum(free^2))
  }
  grid <- seq(-20, 20, 0.1)
  at <- which(diff(sign(vapply(grid, left_over, 0))) != 0)[1L]
  r <- stats::uniroot(left_over, grid[at + 0:1], tol = 1e-14)$root
  values <- vapply(10^-(3:7), function(residual) {
    dense_deviance(d$y, X, Z, d$id, sigma_of(r), residual, TRUE)
  }, 0)
  expect_gt(min(-diff(values)[-1L]), 2.25)
})
