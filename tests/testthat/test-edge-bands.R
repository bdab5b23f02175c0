# Correlations of a band are best where the matrix of all positions becomes singular: with one lag
# and t positions at rho = 1 / (2 cos(pi / (t + 1))). Compared with the V form at its own optimum.

v_form <- function(y, X, V) {
  L <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(L)) return(1e10)
  fixed <- qr(backsolve(L, X, transpose = TRUE))
  z <- backsolve(L, y, transpose = TRUE)
  (length(y) - fixed$rank) * log(2 * pi) + 2 * sum(log(diag(L))) +
    2 * sum(log(abs(diag(qr.R(fixed))))) + sum(qr.resid(fixed, z)^2)
}

band <- function(rho, t) {
  R <- diag(t)
  for (lag in seq_along(rho)) R[abs(row(R) - col(R)) == lag] <- rho[lag]
  R
}

trials_of <- function(seed, t = 4L) {
  set.seed(seed)
  d <- expand.grid(visit = factor(seq_len(t)), g = factor(1:12), twice = 1:2)
  level <- stats::rnorm(12, 0, 1.3)
  d$y <- level[d$g] + stats::rnorm(nrow(d), 0, 0.8)
  d[sample(nrow(d)), ]
}

expect_band_limit <- function(fit, name, limit) {
  parameters <- varcomp(fit)
  at <- parameters[parameters$parameter == name, ]
  expect_equal(at$estimate, limit, tolerance = 1e-8)
  expect_identical(as.character(at$status), "at boundary")
  expect_identical(fit$convergence$status, "converged")
}

test_that("a random term of two bands ends at its largest correlation", {
  for (t in c(4L, 5L)) {
    d <- trials_of(1, t)
    limit <- 1 / (2 * cos(pi / (t + 1)))
    fit <- lmmfit(y ~ 1 + toep(visit | g, bands = 2), d)
    expect_band_limit(fit, "g.rho1", limit)
    at <- as.integer(d$visit)
    same <- outer(d$g, d$g, "==")
    own <- stats::nlminb(c(0, 0), function(p) {
      v_form(d$y, matrix(1, nrow(d)),
        exp(p[1]) * band(limit, t)[at, at] * same + exp(p[2]) * diag(nrow(d)))
    })
    expect_lt(abs(fit$minus2loglik - own$objective), 1e-6)
  }
})

test_that("a residual of two bands ends there beside a term that keeps V definite", {
  for (seed in c(4, 23)) {
    set.seed(seed)
    d <- expand.grid(visit = factor(1:4), g = factor(1:8))
    e <- t(chol(band(-0.6, 4))) %*% matrix(stats::rnorm(32), 4)
    d$block <- factor(sample(8, 32, TRUE))
    d$y <- as.vector(e) + 0.3 * stats::rnorm(8)[d$block]
    fit <- lmmfit(y ~ 1 + (1 | block), d, residual = ~ toep(visit | g, bands = 2))
    expect_band_limit(fit, "residual.rho1", -1 / (2 * cos(pi / 5)))
  }
})

test_that("a term of three bands reaches the maximum of the V form", {
  d <- trials_of(2)
  fit <- lmmfit(y ~ 1 + toep(visit | g, bands = 3), d)
  at <- as.integer(d$visit)
  same <- outer(d$g, d$g, "==")
  own <- min(vapply(list(c(0, 0, 0, 0), c(0, .6, .1, 0), c(0, .9, .5, 0)), function(start) {
    search <- function(start) {
      stats::optim(start, function(p) {
        R <- band(p[2:3], 4)
        if (min(eigen(R, TRUE, TRUE)$values) < 0) return(1e10)
        v_form(d$y, matrix(1, nrow(d)), exp(p[1]) * R[at, at] * same + exp(p[4]) * diag(nrow(d)))
      }, control = list(maxit = 2000, reltol = 1e-12))
    }
    search(search(start)$par)$value
  }, 0))
  expect_identical(fit$convergence$status, "converged")
  expect_lt(fit$minus2loglik, own + 1e-5)
})

test_that("a held correlation of a band is kept, and one beyond the limit refused", {
  d <- trials_of(1)
  fit <- lmmfit(y ~ 1 + toep(visit | g, bands = 2), d, hold = c(g.rho1 = 0.3))
  expect_equal(varcomp(fit)$estimate[2L], 0.3)
  expect_error(lmmfit(y ~ 1 + toep(visit | g, bands = 2), d, hold = c(g.rho1 = 0.7)),
    class = "henderson_error")
})
