# With few records a likelihood of correlations, ranges or several variances often has several
# maxima. The oracle is the V form, maximised by nlminb() from many points.

few_records <- function(seed) {
  set.seed(seed)
  d <- expand.grid(visit = factor(1:4), id = factor(1:4))
  d <- d[sort(sample(16, 10)), ]
  d$arm <- factor(as.integer(d$id) %% 2)
  d$f <- factor(sample(3, nrow(d), TRUE))
  d$t <- as.integer(d$visit) + stats::runif(nrow(d), 0, 0.3)
  d$x <- rnorm(nrow(d))
  d$y <- rnorm(4)[d$id] + rnorm(nrow(d))
  d
}

v_form <- function(y, X, V) {
  L <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(L)) return(1e10)
  fixed <- qr(backsolve(L, X, transpose = TRUE))
  z <- backsolve(L, y, transpose = TRUE)
  (length(y) - ncol(X)) * log(2 * pi) + 2 * sum(log(diag(L))) +
    2 * sum(log(abs(diag(qr.R(fixed))))) + sum(qr.resid(fixed, z)^2)
}

# `v` gives V at parameters on scales without limits. The range of starts is wide.
best_v_form <- function(d, X, v, n) {
  objective <- function(p) v_form(d$y, X, v(p))
  set.seed(1)
  min(vapply(1:60, function(k) {
    stats::nlminb(rnorm(n, 0, 1.5), objective,
      control = list(rel.tol = 1e-14, iter.max = 1000L, eval.max = 2000L))$objective
  }, 0))
}

one <- function(d) matrix(1, nrow(d))
same_subject <- function(d) outer(d$id, d$id, "==")
lags <- function(x) abs(outer(as.integer(x), as.integer(x), "-"))

test_that("an autocorrelation of each arm has the better sign", {
  for (seed in c(1, 4, 23)) {
    d <- few_records(seed)
    fit <- lmmfit(y ~ 1, d, residual = ~ ar1(visit | arm / id))
    best <- best_v_form(d, one(d), function(p) {
      rho <- tanh(p[3:4])[d$arm]
      own <- exp(p[1:2])[d$arm]
      own * outer(rho, rep(1, nrow(d)))^lags(d$visit) * same_subject(d)
    }, 4L)
    expect_within(fit$minus2loglik, best, 1e-5, paste("seed", seed))
  }
})

test_that("of several residual variances the right ones are small", {
  for (seed in c(14, 22, 3)) {
    d <- few_records(seed)
    fit <- lmmfit(y ~ x, d, residual = ~ diag(f))
    best <- best_v_form(d, cbind(1, d$x), function(p) diag(exp(p)[d$f]), 3L)
    expect_within(fit$minus2loglik, best, 1e-5, paste("seed", seed))
  }
})

test_that("correlations of one and two dimensions, and a range, are found from afar", {
  d <- few_records(8)
  fit <- lmmfit(y ~ 1, d, residual = ~ ar1(visit):ar1(id))
  best <- best_v_form(d, one(d), function(p) {
    exp(p[1L]) * tanh(p[2L])^lags(d$visit) * tanh(p[3L])^lags(d$id)
  }, 3L)
  expect_within(fit$minus2loglik, best, 1e-5, "ar1:ar1")
  for (seed in c(2, 15)) {
    d <- few_records(seed)
    fit <- lmmfit(y ~ 1, d, residual = ~ csh(visit | id))
    best <- best_v_form(d, one(d), function(p) {
      rho <- -1 / 3 + 4 / 3 * stats::plogis(p[5L])
      sd <- exp(p[1:4])[d$visit]
      outer(sd, sd) * same_subject(d) * ifelse(diag(nrow(d)) == 1, 1, rho)
    }, 5L)
    expect_within(fit$minus2loglik, best, 1e-5, paste("csh", seed))
  }
  d <- few_records(9)
  fit <- lmmfit(y ~ 1 + gau(t | id), d)
  best <- best_v_form(d, one(d), function(p) {
    exp(p[1L]) * exp(-(as.matrix(stats::dist(d$t)) / exp(p[2L]))^2) * same_subject(d) +
      diag(exp(p[3L]), nrow(d))
  }, 3L)
  expect_within(fit$minus2loglik, best, 1e-4, "gau")
})

# One contrast of the data is left: the information of variance and correlation is of rank one, and
# the likelihood goes on along the direction that it does not see.
test_that("a likelihood that falls where the information is flat has no bound", {
  d <- data.frame(visit = gl(2, 1, 4), id = gl(2, 2), z = c(1, 3, 2, 3))
  for (y in list(c(1.336, -2.139, -0.294, 0.94), c(0, 1, 0, 0), c(3, 1, 4, 2))) {
    for (residual in list(~ ar1(visit | id), ~ cs(visit | id), ~ toep(visit | id))) {
      d$y <- y
      expect_error(lmmfit(y ~ z + I(z^2), d, residual = residual, method = "ML"),
        class = "henderson_error_residual_unbounded")
    }
  }
})

# One record in a cell: the residual variance is zero at the maximum, and weights of 1e8 leave the
# derivatives without digits. Two factors and specific variances make every 3 x 3 matrix.
test_that("a fit is the best there is where its derivatives are rounding", {
  for (seed in c(1, 5, 18, 36)) {
    set.seed(seed)
    d <- expand.grid(visit = factor(1:3), id = factor(1:12))
    d$w <- stats::runif(36, 0.2, 5)
    d$y <- rnorm(36)
    fit <- expect_no_warning(lmmfit(y ~ 1 + fa(visit | id, k = 2), d, weights = w))
    best <- best_v_form(d, one(d), function(p) {
      L <- matrix(0, 3L, 3L)
      L[lower.tri(L, TRUE)] <- p[1:6]
      tcrossprod(L)[d$visit, d$visit] * same_subject(d) + diag(p[7L]^2 / d$w)
    }, 7L)
    expect_within(fit$minus2loglik, best, 1e-4, paste("fa", seed))
  }
})
