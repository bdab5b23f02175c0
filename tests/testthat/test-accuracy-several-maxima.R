# Random terms whose likelihood has several maxima, or one that a search does not see from a
# variance of zero: the V form at the best of several starts of nlminb().

# sigma: a covariance matrix of the coefficients for p, of which the last is the log residual sd.
lowest_dense <- function(y, X, group, at, sigma, starts, reml = TRUE) {
  same <- outer(group, group, "==")
  objective <- function(p) {
    V <- sigma(p[-length(p)])[at, at] * same + diag(exp(2 * p[length(p)]), length(y))
    root <- tryCatch(chol(V), error = function(e) NULL)
    if (is.null(root)) return(1e10)
    fixed <- qr(backsolve(root, X, transpose = TRUE))
    z <- backsolve(root, y, transpose = TRUE)
    (length(y) - reml * ncol(X)) * log(2 * pi) + 2 * sum(log(diag(root))) +
      sum(qr.resid(fixed, z)^2) + if (reml) 2 * sum(log(abs(diag(qr.R(fixed))))) else 0
  }
  control <- list(rel.tol = 1e-13, iter.max = 500L, eval.max = 2000L)
  min(vapply(starts, function(p) stats::nlminb(p, objective, control = control)$objective, 0))
}

expect_best <- function(fit, best) {
  expect_true(has_converged(fit))
  expect_no_higher(fit$minus2loglik, best, 1e-4, "-2l")
}

lag <- abs(outer(1:3, 1:3, "-"))

# Groups of six with three coefficients, whose covariances are negative.
negative_data <- function(seed) {
  set.seed(seed)
  d <- data.frame(g = gl(60, 6), f = factor(rep(c("a", "b", "c"), 120)))
  correlation <- matrix(-0.45, 3, 3)
  diag(correlation) <- 1
  u <- matrix(stats::rnorm(180), 60) %*% chol(correlation) * 0.25
  d$y <- stats::rnorm(360) + u[cbind(as.integer(d$g), as.integer(d$f))]
  d$y <- d$y - 0.1 * stats::ave(d$y, d$g, d$f)
  d
}

test_that("whether a variance is zero is asked at other correlations than that of the start", {
  one <- function(correlation) function(p) exp(2 * p[1]) * correlation(tanh(p[2]))
  own <- list(
    list(
      seed = 1, term = y ~ 1 + cs(f | g), sigma = one(function(x) {
        rho <- -0.5 + 0.75 * (x + 1)
        (1 - rho) * diag(3) + rho
      })
    ),
    list(seed = 4, term = y ~ 1 + ar1(f | g), sigma = one(function(rho) rho^lag)),
    list(seed = 4, term = y ~ 1 + toep(f | g), sigma = one(function(rho) rho^lag)),
    list(seed = 6, term = y ~ 1 + csh(f | g), sigma = function(p) {
      rho <- -0.5 + 0.75 * (tanh(p[4]) + 1)
      outer(exp(p[1:3]), exp(p[1:3])) * ((1 - rho) * diag(3) + rho)
    })
  )
  for (case in own) {
    d <- negative_data(case$seed)
    n_sd <- if (case$seed == 6) 3L else 1L
    starts <- lapply(c(-2, -1, 0, 1), function(x) c(rep(-2, n_sd), x, 0))
    best <- lowest_dense(d$y, matrix(1, 360), d$g, as.integer(d$f), case$sigma, starts)
    expect_best(lmmfit(case$term, d), best)
  }
})

test_that("the likelihood of loadings has several maxima", {
  for (seed in c(4, 5, 10, 11, 39)) {
    set.seed(seed)
    d <- data.frame(g = factor(sample(8, 33, TRUE)), visit = factor(sample(5, 33, TRUE)))
    lambda <- 3 * stats::rnorm(5)
    d$y <- stats::rnorm(8)[d$g] * lambda[d$visit] + 2 * stats::rnorm(33)
    axes <- lapply(1:5, function(k) c(replace(rep(0.2, 5), k, 2), 0))
    random <- lapply(1:10, function(k) c(2 * stats::rnorm(5), 0))
    best <- lowest_dense(d$y, matrix(1, 33), d$g, as.integer(d$visit), tcrossprod,
      c(axes, random), reml = FALSE)
    expect_best(lmmfit(y ~ 1 + rr(visit | g, k = 1), d, method = "ML"), best)
  }
})

# A record for each coefficient of a subject, but for a few: the term may take all that is left.
test_that("a term that takes the place of the residuals is not the only maximum", {
  for (seed in c(2, 5, 6)) {
    set.seed(seed)
    n <- 80 + sample(80, 1)
    d <- data.frame(visit = factor(sample(4, n, TRUE)), id = factor(sample(20, n, TRUE)))
    d <- d[!duplicated(d), ]
    d$x <- stats::rnorm(nrow(d))
    d$y <- stats::rnorm(nrow(d)) + 0.3 * d$x
    d$y <- d$y - stats::ave(d$y, d$id) * stats::runif(1)
    X <- cbind(1, d$x)
    at <- as.integer(d$visit)
    lag <- abs(outer(1:4, 1:4, "-"))
    starts <- unlist(lapply(c(-1, 0, 1, 2), function(r) {
      lapply(list(rep(-1, 4), c(-3, -3, 0, -1), c(0, -2, -3, -1)), function(sd) c(sd, r, -0.3))
    }), recursive = FALSE)
    ar1h <- function(p) outer(exp(p[1:4]), exp(p[1:4])) * tanh(p[5])^lag
    expect_best(lmmfit(y ~ x + ar1h(visit | id), d), lowest_dense(d$y, X, d$id, at, ar1h, starts))
    gau <- function(p) exp(2 * p[1]) * (exp(-(lag / exp(p[2]))^2) + 1e-10 * diag(4))
    d$t <- at
    starts <- list(c(-1, 0, 0), c(-1, 3, 0), c(0, -1, -2))
    expect_best(lmmfit(y ~ x + gau(t | id), d), lowest_dense(d$y, X, d$id, at, gau, starts))
  }
})
