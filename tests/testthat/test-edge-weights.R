# Weights over many decades beside a small residual variance: the equations lose the digits that the
# records have. -2l at given values of all parameters, against the V form written here.

v_form_at <- function(y, X, V, REML) {
  L <- chol(V)
  fixed <- qr(backsolve(L, X, transpose = TRUE))
  z <- backsolve(L, y, transpose = TRUE)
  (length(y) - REML * fixed$rank) * log(2 * pi) + 2 * sum(log(diag(L))) +
    REML * 2 * sum(log(abs(diag(qr.R(fixed))))) + sum(qr.resid(fixed, z)^2)
}

# Subjects with times of their own: many positions, few records.
own_times <- function(seed) {
  set.seed(seed)
  d <- data.frame(id = factor(rep(1:14, each = 4)), t = rep(0:3, 14) + stats::runif(56, 0, 0.5),
    w = 10^stats::runif(56, -4, 4))
  d[sample(56), ]
}

drawn_from <- function(V) drop(t(chol(V)) %*% stats::rnorm(nrow(V)))

expect_v_form <- function(fit, y, X, V, REML) {
  expect_identical(fit$convergence$status, "converged")
  expect_lt(abs(fit$minus2loglik - v_form_at(y, X, V, REML)), 1e-7)
}

test_that("-2l is exact with fields of many positions, weights over eight decades", {
  # That of matern has the nugget of 1e-10 that its help states.
  kernels <- list(exp = function(x) exp(-x),
    matern = function(x) (1 + x) * exp(-x) + 1e-10 * (x == 0))
  terms <- c(exp = "exp(t | id)", matern = "matern(t | id, nu = 1.5)")
  for (name in names(kernels)) {
    for (method in c("REML", "ML")) {
      d <- own_times(match(name, names(kernels)))
      X <- stats::model.matrix(~ t, d)
      K <- outer(d$id, d$id, "==") * kernels[[name]](as.matrix(stats::dist(d$t)) / 1.4)
      V <- 20 * K + diag(4e-9 / d$w)
      d$y <- drawn_from(V)
      model <- stats::as.formula(paste("y ~ t +", terms[[name]]))
      fit <- lmmfit(model, d, weights = w, method = method,
        hold = c(id.variance = 20, id.range = 1.4, residual = 4e-9))
      expect_v_form(fit, d$y, X, V, method == "REML")
    }
  }
})

test_that("and with related levels, whose precision has a pattern of its own", {
  set.seed(3)
  n <- 320L
  ped <- data.frame(id = 1:n, sire = c(rep(0, 20), sample(1:10, n - 20L, TRUE)),
    dam = c(rep(0, 20), sample(11:20, n - 20L, TRUE)))
  P <- pedigree(ped)
  A <- as.matrix(Amatrix(P))[as.character(1:n), as.character(1:n)]
  d <- data.frame(id = sample(n, 150L), x = stats::rnorm(150), w = 10^stats::runif(150, -4, 4))
  d$visit <- factor(rep(1:2, 75))
  V <- 2 * A[d$id, d$id] + diag(1e-8 / d$w)
  d$y <- drawn_from(V)
  X <- stats::model.matrix(~ x, d)
  fit <- lmmfit(y ~ x + (1 | gr(id, pedigree = P)), d, weights = w,
    hold = c(id = 2, residual = 1e-8))
  expect_v_form(fit, d$y, X, V, TRUE)
  fit <- lmmfit(y ~ x + us(visit | gr(id, pedigree = P)), d, weights = w,
    hold = c(`id.1` = 2, `id.1.2` = 1, `id.2` = 1, residual = 1e-8))
  at <- as.integer(d$visit)
  V <- matrix(c(2, 1, 1, 1), 2)[at, at] * A[d$id, d$id] + diag(1e-8 / d$w)
  expect_v_form(fit, d$y, X, V, TRUE)
})

# Cells of two factors, the reference cell with little weight: each coded column is nearly dependent
# on several others, though on no one of them, and columns of indicators of cells are orthogonal.
# The determinant of one code by the other is 1.
test_that("and with fixed cells of unlike weights, coded by a reference of nearly no weight", {
  for (seed in 1:4) {
    set.seed(seed)
    d <- expand.grid(r = 1:3, f = c("u", "v", "w", "z"), arm = c("A", "B", "C"))
    d$w <- 10^stats::runif(36, -4, 4)
    d$w[d$f == "u" & d$arm == "A"] <- 10^stats::runif(3, -4, -3)
    d$g <- factor(sample(5, 36, TRUE))
    d$y <- stats::rnorm(36, 0, 1 + 10 / sqrt(d$w))
    X <- stats::model.matrix(~ 0 + f:arm, d)
    variance <- c(residual.u = 500, residual.v = 4000, residual.w = 0.02, residual.z = 70)
    R <- diag(variance[match(d$f, c("u", "v", "w", "z"))] / d$w)
    G <- 3 * outer(d$g, d$g, "==")
    for (REML in c(TRUE, FALSE)) {
      method <- if (REML) "REML" else "ML"
      fit <- lmmfit(y ~ f * arm, d, residual = ~ diag(f), weights = w, method = method,
        hold = variance)
      expect_v_form(fit, d$y, X, R, REML)
      fit <- lmmfit(y ~ f * arm + (1 | g), d, residual = ~ diag(f), weights = w, method = method,
        hold = c(variance, g = 3))
      expect_v_form(fit, d$y, X, R + G, REML)
    }
  }
})

# A record that is known all but exactly says nothing of the scale of the others: units and starts
# that followed its weight took 225 iterations at 1e10, and stopped 1.7 above the best at 1e12. Best
# known: nlminb() on the V form from several starts.
test_that("one record of an enormous weight leaves the variances of the others to be found", {
  lambdas <- list(
    "y ~ x + diag(1 + x | g) + (1 | h)" = function(d, v) {
      v[1] * outer(d$g, d$g, "==") + v[2] * outer(d$g, d$g, "==") * outer(d$x, d$x) +
        v[3] * outer(d$h, d$h, "==") + diag(v[4] / d$w)
    },
    "y ~ x + (1 | g)" = function(d, v) v[1] * outer(d$g, d$g, "==") + diag(v[2] / d$w)
  )
  for (model in names(lambdas)) {
    for (heavy in c(1e6, 1e9, 1e12)) {
      set.seed(5)
      d <- data.frame(g = gl(9, 7), h = factor(sample(5, 63, TRUE)), x = stats::rnorm(63), w = 1)
      d$w[20] <- heavy
      d$y <- stats::rnorm(9)[d$g] + stats::rnorm(9, 0, 0.7)[d$g] * d$x +
        stats::rnorm(5)[d$h] + stats::rnorm(63, 0, 2)
      X <- cbind(1, d$x)
      deviance_at <- function(z) v_form_at(d$y, X, lambdas[[model]](d, exp(z)), TRUE)
      fit <- lmmfit(stats::as.formula(model), d, weights = w)
      n <- nrow(varcomp(fit))
      best <- min(vapply(c(-3, 0, 1), function(start) {
        found <- stats::nlminb(rep(start, n), deviance_at, lower = -12)
        stats::nlminb(found$par, deviance_at, lower = -12)$objective
      }, 0))
      expect_identical(fit$convergence$status, "converged")
      expect_lt(fit$minus2loglik - best, 2e-5)
      expect_lt(fit$convergence$iterations, 40L)
    }
  }
})
