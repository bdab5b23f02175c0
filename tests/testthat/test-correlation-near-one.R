# Records of a subject that differ by far less than subjects do: items of many grams, weighed to 0.1
# mg. A correlation within 1e-8 of 1 has no digits left in rho, but the contrasts of a subject have
# all of theirs: the oracles are likelihoods of means and contrasts.

# -2l by REML of a random intercept, maximised: the means and the orthonormal contrasts of each
# subject are independent, whatever the balance.
intercept_best <- function(y, X, id) {
  rows <- split(seq_along(y), id)
  size <- lengths(rows)
  turned <- lapply(rows, function(at) {
    n <- length(at)
    H <- if (n > 1L) stats::contr.helmert(n) else matrix(0, 1L, 0L)
    t(cbind(rep(1 / sqrt(n), n), sweep(H, 2L, sqrt(colSums(H^2)), `/`)))
  })
  # Centred, so that the contrasts do not see the mean.
  y <- y - y[1L]
  z <- unlist(Map(function(Q, at) Q %*% y[at], turned, rows))
  W <- do.call(rbind, Map(function(Q, at) Q %*% X[at, , drop = FALSE], turned, rows))
  first <- unlist(lapply(size, function(n) c(n, integer(n - 1L))))
  objective <- function(p) {
    v <- exp(p[1L]) + first * exp(p[2L])
    fixed <- qr(W / sqrt(v))
    (length(y) - fixed$rank) * log(2 * pi) + sum(log(v)) +
      2 * sum(log(abs(diag(qr.R(fixed))))) + sum(qr.resid(fixed, z / sqrt(v))^2)
  }
  start <- log(c(stats::var(z[first == 0]), stats::var(z[first > 0])))
  tried <- lapply(list(start, start - 1, start + c(-4, 0)), stats::nlminb, objective,
    control = list(rel.tol = 1e-15, eval.max = 2000L, iter.max = 1000L))
  min(vapply(tried, `[[`, 0, "objective"))
}

# Complete subjects with a mean for each visit: -2l by REML is that of the covariance matrix S of
# the visits, here through a root of Sigma^-1, (A, D) with A Sigma A' = D.
complete_minus2loglik <- function(A, D, Y) {
  q <- ncol(Y)
  t <- nrow(Y)
  E <- A %*% (Y - rowMeans(Y))
  t * (q - 1) * log(2 * pi) + t * log(q) + (q - 1) * sum(log(D)) + sum(E^2 / D)
}

us_best <- function(Y) {
  R <- qr.R(qr(t(Y - rowMeans(Y)))) / sqrt(ncol(Y) - 1)
  A <- backsolve(R, diag(nrow(Y)), transpose = TRUE)
  complete_minus2loglik(A, rep(1, nrow(Y)), Y) +
    2 * (ncol(Y) - 1) * sum(log(abs(diag(R))))
}

# Toeplitz by partial autocorrelations (Durbin and Levinson), the variance in closed form.
toep_best <- function(Y) {
  t <- nrow(Y)
  predict <- function(x) {
    A <- diag(t)
    D <- rep(1, t)
    phi <- numeric()
    for (k in seq_along(x)) {
      phi <- c(phi - tanh(x[k]) * rev(phi), tanh(x[k]))
      A[k + 1L, k:1] <- -phi
      D[k + 1L] <- D[k] / cosh(x[k])^2
    }
    list(A = A, D = D)
  }
  objective <- function(x) {
    at <- predict(x)
    s <- sum((at$A %*% (Y - rowMeans(Y)))^2 / at$D) / (t * (ncol(Y) - 1))
    complete_minus2loglik(at$A, s * at$D, Y)
  }
  tried <- lapply(list(c(9, rep(.5, t - 2L)), c(11, rep(.5, t - 2L)), c(10, rep(0, t - 2L))),
    stats::nlminb, objective, control = list(rel.tol = 1e-15, eval.max = 5000L, iter.max = 2000L))
  min(vapply(tried, `[[`, 0, "objective"))
}

weighed <- function(seed, sd, t = 4L, q = 40L) {
  set.seed(seed)
  d <- expand.grid(vis = factor(seq_len(t)), id = factor(seq_len(q)))
  d$y <- stats::rnorm(q, 20, 10)[d$id] + stats::rnorm(t * q, 0, sd)
  d
}

m2l <- function(fit) -2 * as.numeric(logLik(fit))

expect_reached <- function(fit, best, tolerance = 1e-4) {
  testthat::expect_identical(fit$convergence$status, "converged")
  testthat::expect_lt(abs(m2l(fit) - best), tolerance)
  testthat::expect_true(all(varcomp(fit)$status == "free"))
}

test_that("compound symmetry is the random intercept it is, balanced or not, in any order", {
  for (sd in c(1e-2, 1e-3)) {
    d <- weighed(5, sd)
    best <- intercept_best(d$y, stats::model.matrix(~ vis, d), d$id)
    fit <- lmmfit(y ~ vis, d, residual = ~ cs(1 | id))
    expect_reached(fit, best)
    expect_lt(abs(m2l(lmmfit(y ~ vis + (1 | id), d)) - best), 1e-3)
    set.seed(6)
    shuffled <- lmmfit(y ~ vis, d[sample(nrow(d)), ], residual = ~ cs(vis | id))
    expect_lt(abs(m2l(shuffled) - m2l(fit)), 1e-4)
  }
  # Weighed to a ten-thousandth of a gram: rounding is felt in the third digit of -2l, no more.
  d <- weighed(5, 1e-4)
  fit <- suppressWarnings(lmmfit(y ~ vis, d, residual = ~ cs(1 | id)))
  expect_lt(abs(m2l(fit) - intercept_best(d$y, stats::model.matrix(~ vis, d), d$id)), 0.02)
  d <- weighed(7, 1e-3)[-c(3, 10, 11, 12, 40, 77, 78, 159), ]
  best <- intercept_best(d$y, stats::model.matrix(~ vis, d), d$id)
  expect_reached(lmmfit(y ~ vis, d, residual = ~ cs(vis | id)), best)
})

test_that("us, toep and heterogeneous variances reach the closed forms", {
  for (sd in c(1e-2, 1e-3)) {
    d <- weighed(1, sd)
    Y <- matrix(d$y, 4L)
    us <- lmmfit(y ~ vis, d, residual = ~ us(vis | id))
    expect_reached(us, us_best(Y))
    toep <- lmmfit(y ~ vis, d, residual = ~ toep(vis | id))
    expect_reached(toep, toep_best(Y))
    csh <- lmmfit(y ~ vis, d, residual = ~ csh(vis | id))
    cs <- lmmfit(y ~ vis, d, residual = ~ cs(vis | id))
    expect_identical(csh$convergence$status, "converged")
    expect_lt(m2l(us), m2l(csh) + 1e-4)
    expect_lt(m2l(csh), m2l(cs) + 1e-4)
  }
})

test_that("units that differ by up to ten thousand between visits change nothing", {
  unit <- 10^c(0, -2, 2, 1)
  d <- weighed(1, 1e-2)
  us <- suppressWarnings(
    lmmfit(y ~ vis, transform(d, y = y * unit[vis]), residual = ~ us(vis | id)))
  expect_lt(abs(m2l(us) - us_best(matrix(d$y, 4L)) - 2 * 39 * sum(log(unit))), 1e-3)
})

test_that("chains reach what a random walk of small steps leaves", {
  set.seed(2)
  d <- expand.grid(t = 1:5, id = factor(1:30))
  walk <- stats::ave(stats::rnorm(150, 0, 1e-3), d$id, FUN = cumsum)
  d$y <- stats::rnorm(30, 20, 10)[d$id] + walk
  Y <- matrix(d$y, 5L)
  E <- Y - rowMeans(Y)
  # a = exp(-x): what the chain leaves is 1 - exp(-2 x).
  chain <- function(x) {
    A <- diag(5)
    A[cbind(2:5, 1:4)] <- -exp(-x)
    D <- c(1, rep(-expm1(-2 * x), 4))
    # e2 - a e1 = (e2 - e1) + (1 - a) e1
    U <- rbind(E[1L, ], diff(E) - expm1(-x) * E[-5L, ])
    s <- sum(U^2 / D) / (5 * 29)
    5 * 29 * log(2 * pi) + 5 * log(30) + 29 * sum(log(s * D)) + 5 * 29
  }
  best <- stats::optimize(function(l) chain(exp(l)), c(-24, -12), tol = 1e-10)$objective
  expect_reached(lmmfit(y ~ factor(t), d, residual = ~ ar1(t | id)), best)
  expect_reached(lmmfit(y ~ factor(t), d, residual = ~ exp(t | id)), best)
  ante <- lmmfit(y ~ factor(t), d, residual = ~ ante(t | id))
  expect_identical(ante$convergence$status, "converged")
  expect_lt(m2l(ante), best + 1e-4)
})

test_that("random structures whose coefficients differ by little beside a small residual", {
  set.seed(4)
  d <- expand.grid(rep = 1:3, vis = factor(1:3), id = factor(1:30))
  d$y <- stats::rnorm(30, 20, 10)[d$id] + stats::rnorm(90, 0, 1e-3)[interaction(d$vis, d$id)] +
    stats::rnorm(270, 0, 1e-3)
  two <- lmmfit(y ~ vis + (1 | id) + (1 | id:vis), d)
  cs <- suppressWarnings(lmmfit(y ~ vis + cs(vis | id), d))
  # Means of the cells, of the subjects, and what is left: balanced, so in closed form.
  cell <- tapply(d$y, list(d$vis, d$id), mean)
  within <- sum((d$y - ave(d$y, d$id, d$vis))^2) / (270 - 90)
  C <- cell - rowMeans(cell)
  between <- 9 * sum(colMeans(C)^2) / 29
  middle <- 3 * sum(sweep(C, 2L, colMeans(C))^2) / 58
  best <- (270 - 3) * (log(2 * pi) + 1) + 180 * log(within) + 58 * log(middle) +
    29 * log(between) + 3 * log(90)
  expect_lt(abs(m2l(cs) - best), 1e-3)
  expect_lt(abs(m2l(two) - best), 1e-3)
  us <- suppressWarnings(lmmfit(y ~ vis + us(vis | id), d))
  expect_lt(m2l(us), best + 1e-4)
})

test_that("without fixed effects the covariance of a whole structure is the mean of products", {
  set.seed(3)
  data <- data.frame(id = gl(20, 3), visit = factor(rep(1:3, 20)))
  for (spread in c(0.05, 1e-4, 1)) {
    Y <- 2 + spread * matrix(rnorm(60), 20)
    data$y <- as.vector(t(Y))
    fit <- lmmfit(y ~ 0, data, residual = ~ us(visit | id))
    expect_equal(varcomp(fit)$estimate, crossprod(Y)[upper.tri(diag(3), TRUE)] / 20,
      tolerance = 1e-7)
  }
  expect_equal(nobs(lmmfit(y ~ 0, data, residual = ~ cs(visit | id))), 60)
})
