# Residuals that are best where their covariance matrix is singular, beside random terms that keep V
# definite. The oracle is -2l through V, which knows no R^-1.

dense_minus2loglik <- function(y, X, V, reml = TRUE) {
  L <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(L)) return(1e10)
  fixed <- qr(backsolve(L, X, transpose = TRUE))
  z <- backsolve(L, y, transpose = TRUE)
  r <- if (reml) fixed$rank else 0
  log_c <- if (reml) 2 * sum(log(abs(diag(qr.R(fixed))))) else 0
  (length(y) - r) * log(2 * pi) + 2 * sum(log(diag(L))) + log_c + sum(qr.resid(fixed, z)^2)
}

dense_best <- function(objective, starts) {
  min(vapply(starts, function(start) {
    stats::nlminb(start, objective,
      control = list(rel.tol = 1e-14, iter.max = 500L, eval.max = 2000L))$objective
  }, 0))
}

# Lines in four environments, one plot each, the first of them precise.
precise_trial <- function(seed, n = 25L) {
  set.seed(seed)
  g <- stats::rnorm(n)
  d <- expand.grid(line = factor(seq_len(n)), env = LETTERS[1:4])
  d$y <- g[d$line] + stats::rnorm(4L * n, 0, rep(c(.05, 1, 1, 1), each = n))
  d
}

trial_best <- function(d, reml = TRUE) {
  X <- stats::model.matrix(~ env, d)
  ZZ <- tcrossprod(stats::model.matrix(~ 0 + line, d))
  dense_best(
    function(p) {
      dense_minus2loglik(d$y, X, p[1L]^2 * ZZ + diag((p[-1L]^2)[as.integer(d$env)]), reml)
    },
    list(rep(.7, 5L), c(1, .05, 1, 1, 1), c(1, 0, 1, 1, 1))
  )
}

test_that("a variance of zero in diag is found, whatever the order of the rows", {
  for (seed in c(1, 3, 13, 17, 36)) {
    d <- precise_trial(seed)
    for (reml in c(TRUE, FALSE)) {
      method <- if (reml) "REML" else "ML"
      fit <- lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env), method = method)
      found <- varcomp(fit)
      expect_identical(fit$convergence$status, "converged")
      expect_identical(found$status, c("free", "at boundary", "free", "free", "free"))
      expect_identical(found$estimate[2L], 0)
      expect_lt(abs(-2 * as.numeric(logLik(fit)) - trial_best(d, reml)), 1e-6)
    }
    shuffled <- lmmfit(y ~ env + (1 | line), d[sample(nrow(d)), ], residual = ~ diag(env))
    plain <- lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env))
    expect_equal(as.numeric(logLik(shuffled)), as.numeric(logLik(plain)), tolerance = 1e-8)
    expect_identical(varcomp(shuffled)$status, varcomp(plain)$status)
  }
})

test_that("a precise environment that has a variance keeps it", {
  d <- precise_trial(12)
  fit <- lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env))
  expect_identical(varcomp(fit)$status, rep("free", 5L))
  expect_lt(abs(-2 * as.numeric(logLik(fit)) - trial_best(d)), 1e-6)
})

test_that("the fit at the edge answers questions as one near it", {
  d <- precise_trial(1)
  fit <- lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env))
  near <- lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env), hold = c(residual.A = 1e-5))
  expect_equal(fixef(fit), fixef(near), tolerance = 1e-4)
  expect_equal(vcov(fit), vcov(near), tolerance = 1e-4)
  expect_equal(ranef(fit)$line, ranef(near)$line, tolerance = 1e-4)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expect_equal(as.data.frame(contest(fit, diag(4), ddf = ddf)),
      as.data.frame(contest(near, diag(4), ddf = ddf)), tolerance = 1e-3)
  }
  expect_equal(varcomp(fit)$se[-2L], varcomp(near)$se[-2L], tolerance = 1e-3)
  expect_equal(as.numeric(logLik(update(fit, start = c(residual.A = .1)))),
    as.numeric(logLik(fit)), tolerance = 1e-8)
})

test_that("residual correlations of -1 and 1 of two traits beside additive effects", {
  for (sign in c(-1, 1)) {
    set.seed(if (sign < 0) 2 else 17)
    n <- 200
    ped <- data.frame(id = 1:n, sire = c(rep(0, 30), sample(1:15, n - 30, TRUE)),
      dam = c(rep(0, 30), sample(16:30, n - 30, TRUE)))
    P <- pedigree(ped)
    A <- as.matrix(Amatrix(P))[as.character(1:n), as.character(1:n)]
    U <- t(chol(A)) %*% matrix(stats::rnorm(2 * n), n) %*% chol(matrix(c(1, .5, .5, 1), 2))
    E <- matrix(stats::rnorm(2 * n), n) %*% chol(matrix(c(.5, -.45, -.45, .5), 2))
    d <- data.frame(an = 1:n, y1 = U[, 1] + E[, 1], y2 = sign * -(U[, 2] + E[, 2]))
    fit <- lmmfit(cbind(y1, y2) ~ 1 + (1 | gr(an, pedigree = P)), d)
    found <- varcomp(fit)
    expect_identical(fit$convergence$status, "converged")
    expect_identical(found$status[5L], "at boundary")
    e <- found$estimate
    expect_equal(e[5L], sign * sqrt(e[4L] * e[6L]), tolerance = 1e-10)
    V <- kronecker(matrix(e[c(1, 2, 2, 3)], 2), A) + kronecker(matrix(e[c(4, 5, 5, 6)], 2), diag(n))
    here <- dense_minus2loglik(c(d$y1, d$y2), kronecker(diag(2), matrix(1, n)), V)
    expect_lt(abs(-2 * as.numeric(logLik(fit)) - here), 1e-6)
    if (sign < 0) expect_equal(as.numeric(logLik(fit)), -616.7535, tolerance = 1e-6)
  }
})

test_that("factor analytic terms beside environments that have no error of their own", {
  for (seed in c(1, 11)) {
    set.seed(seed)
    n <- 80
    e <- 6
    M <- matrix(stats::rbinom(n * 600, 2, .4), n, dimnames = list(sprintf("L%03d", 1:n), NULL))
    G <- grm(M) + diag(.01, n)
    L <- stats::runif(e, .5, 1.5)
    S <- tcrossprod(L) + diag(stats::runif(e, .05, .4))
    U <- t(chol(G)) %*% matrix(stats::rnorm(n * e), n) %*% chol(S)
    x <- expand.grid(line = 1:n, env = 1:e)
    x$y <- U[cbind(x$line, x$env)] +
      stats::rnorm(n * e, 0, rep(stats::runif(e, .5, 1.2), each = n))
    x$line <- factor(rownames(M)[x$line])
    x$env <- factor(paste0("E", x$env))
    x <- x[stats::runif(nrow(x)) < .7, ]
    fit <- lmmfit(y ~ env + fa(env | gr(line, cov = G), k = 1), x, residual = ~ diag(env))
    v <- varcomp(fit)
    expect_identical(fit$convergence$status, "converged")
    zero <- v$term == "residual" & v$estimate == 0
    expect_true(any(zero) && all(v$status[zero] == "at boundary"))
    psi <- v$estimate[grepl("psi", v$parameter)]
    load <- v$estimate[v$term != "residual" & !grepl("psi", v$parameter)]
    V <- (tcrossprod(load) + diag(psi))[as.integer(x$env), as.integer(x$env)] *
      G[as.character(x$line), as.character(x$line)] +
      diag(v$estimate[v$term == "residual"][as.integer(x$env)])
    here <- dense_minus2loglik(x$y, stats::model.matrix(~ env, x), V)
    expect_lt(abs(-2 * as.numeric(logLik(fit)) - here), 1e-5)
  }
})

test_that("us of visits beside a term with a level for each record", {
  set.seed(8)
  d <- expand.grid(visit = factor(1:3), id = factor(1:40))
  S <- tcrossprod(c(1, .8, .5))
  d$y <- as.vector(t(matrix(stats::rnorm(40), 40) %*% t(c(1, .8, .5)))) +
    stats::rnorm(40)[d$id] * 0 + .6 * stats::rnorm(120) + as.integer(d$visit)
  d$plot <- factor(seq_len(120))
  fit <- lmmfit(y ~ visit + (1 | plot), d, residual = ~ us(visit | id),
    control = lmm_control(identify = "report"))
  expect_identical(fit$convergence$status, "converged")
  whole <- lmmfit(y ~ visit, d, residual = ~ us(visit | id))
  # The two are one model, with one more variance than it can tell.
  expect_lt(abs(as.numeric(logLik(fit)) - as.numeric(logLik(whole))), 1e-5)
  expect_identical(varcomp(fit)$status[1L], "not identified")
})

test_that("no upper bound is said where it is true", {
  set.seed(1)
  p <- matrix(stats::rexp(40), 10)
  d <- data.frame(id = gl(10, 4), part = gl(4, 1, 40), y = 100 * c(t(p / rowSums(p))))
  for (residual in list(~ cs(part | id), ~ csh(part | id), ~ toep(part | id), ~ us(part | id))) {
    expect_error(lmmfit(y ~ part, d, residual = residual), "no upper bound",
      class = "henderson_error_residual_unbounded")
  }
})

# Random intercepts with a share of 1e-12 of residual variance: the closed form of balanced data.
test_that("correlations a hair below one have an upper bound", {
  for (seed in 1:2) {
    set.seed(seed)
    d <- expand.grid(id = factor(1:15), k = factor(1:3))
    d$y <- 50 * stats::rnorm(15)[d$id] + 50e-6 * stats::rnorm(45)
    d <- d[sample(45), ]
    within <- sum((d$y - stats::ave(d$y, d$id))^2) / 30
    between <- 3 * stats::var(tapply(d$y, d$id, mean))
    closed <- 44 * (log(2 * pi) + 1) + 30 * log(within) + 14 * log(between) + log(45)
    cs <- lmmfit(y ~ 1, d, residual = ~ cs(k | id))
    expect_within(cs$minus2loglik, closed, 1e-6, "cs against its closed form")
    expect_lt(lmmfit(y ~ 1, d, residual = ~ toep(k | id))$minus2loglik, closed)
  }
})

# Positions of all subjects together are far nearer than those of one: their matrix is singular but
# for the nugget, and says nothing of what rounding does.
test_that("smooth residuals over many positions end at the best of their maxima", {
  set.seed(39)
  d <- data.frame(id = factor(rep(1:12, each = 6)), t = sort(stats::runif(72, 0, 30)))
  d$t <- sample(d$t)
  same <- outer(d$id, d$id, "==")
  distance <- as.matrix(stats::dist(d$t))
  smooth <- list(
    gau = function(r) exp(-(distance / r)^2),
    matern = function(r) {
      x <- sqrt(5) * distance / r
      (1 + x + x^2 / 3) * exp(-x)
    }
  )
  minus2loglik <- function(correlation, variance, range) {
    V <- variance * (correlation(range) * same + diag(1e-10, 72))
    L <- chol(V)
    z <- backsolve(L, cbind(1, d$y), transpose = TRUE)
    x <- qr(z[, 1L])
    71 * log(2 * pi) + 2 * sum(log(diag(L))) + log(sum(z[, 1L]^2)) + sum(qr.resid(x, z[, 2L])^2)
  }
  residuals <- list(gau = ~ gau(t | id), matern = ~ matern(t | id, nu = 2.5))
  for (name in names(smooth)) {
    R <- smooth[[name]](stats::runif(1, 1, 2)) * same
    for (k in 1:2) {
      d$y <- as.vector(t(chol(R + diag(1e-6, 72))) %*% stats::rnorm(72))
      fit <- lmmfit(y ~ 1, d, residual = residuals[[name]])
      expect_identical(fit$convergence$status, "converged")
      best <- stats::nlminb(c(0, 0), function(p) {
        minus2loglik(smooth[[name]], exp(p[1L]), exp(p[2L]))
      })$objective
      expect_lt(fit$minus2loglik, best + 1e-4)
    }
  }
  fit <- lmmfit(y ~ 1, d, residual = ~ gau(t | id))
  expect_equal(diag(as.matrix(residual_matrix(fit)))[1L] / varcomp(fit)$estimate[1L], 1 + 1e-10,
    tolerance = 1e-14, ignore_attr = TRUE)
})

# Lines with one plot in each of some environments, fa(1) of the environments over G, a residual
# variance for each: nearly all data sets end with several variances near zero. Beside V at the
# estimates, which holds also where the best point is not found.
test_that("-2l of residual variances near zero beside related lines has all of its digits", {
  for (seed in c(1, 14, 19, 22)) {
    set.seed(seed)
    M <- matrix(stats::rbinom(40 * 300, 2, 0.4), 40, dimnames = list(sprintf("L%03d", 1:40), NULL))
    G <- grm(M) + diag(0.01, 40)
    S <- tcrossprod(stats::runif(5, 0.5, 1.5)) + diag(stats::runif(5, 0.05, 0.4))
    U <- t(chol(G)) %*% matrix(stats::rnorm(200), 40) %*% chol(S)
    d <- expand.grid(line = 1:40, env = 1:5)
    d$y <- U[cbind(d$line, d$env)] +
      stats::rnorm(200, 0, rep(stats::runif(5, 0.5, 1.2), each = 40))
    d$line <- factor(rownames(M)[d$line])
    d$env <- factor(d$env)
    d <- d[sample(200, 140), ]
    fit <- lmmfit(y ~ env + fa(env | gr(line, cov = G), k = 1), d, residual = ~ diag(env))
    expect_identical(fit$convergence$status, "converged")
    found <- stats::setNames(varcomp(fit)$estimate, varcomp(fit)$parameter)
    at <- as.integer(d$env)
    loadings <- found[paste0("line.", 1:5, ".fa1")]
    sigma <- tcrossprod(loadings) + diag(found[paste0("line.", 1:5, ".psi")])
    V <- sigma[at, at] * G[as.character(d$line), as.character(d$line)] +
      diag(found[paste0("residual.", 1:5)][at])
    dense <- dense_minus2loglik(d$y, stats::model.matrix(~ env, d), V)
    expect_lt(abs(-2 * as.numeric(logLik(fit)) - dense), 1e-6)
  }
})

test_that("-2l is that of the V form where subjects have positions of their own", {
  # Over all 72 times the correlations are singular but for rounding, within a subject they are not:
  # there is no edge. The nugget of 1e-10 is the one that the help states.
  kernels <- list(gau = function(x) exp(-x^2),
    matern = function(x) (1 + x + x^2 / 3) * exp(-x))
  structures <- list(gau = ~ gau(t | id), matern = ~ matern(t | id, nu = 2.5))
  for (seed in c(4, 13, 18)) {
    for (name in names(kernels)) {
      set.seed(seed)
      d <- data.frame(id = factor(rep(1:12, each = 6)), t = sample(sort(stats::runif(72, 0, 30))))
      same <- outer(d$id, d$id, "==")
      distance <- as.matrix(stats::dist(d$t))
      correlations <- function(range) {
        kernels[[name]](distance / range) * same + diag(1e-10, 72)
      }
      d$y <- drop(t(chol(correlations(stats::runif(1, 1, 8)))) %*% stats::rnorm(72))
      fit <- lmmfit(y ~ 1, d, residual = structures[[name]])
      expect_identical(fit$convergence$status, "converged")
      p <- fit$parameters$estimate
      here <- dense_minus2loglik(d$y, matrix(1, 72), p[1L] * correlations(p[2L]))
      expect_lt(abs(fit$minus2loglik - here), 1e-7)
    }
  }
})

# csh() and ar1h() with a correlation of zero are diag().
test_that("variances end at zero beside a correlation that is held, too", {
  for (seed in c(1, 2, 4)) {
    set.seed(seed)
    d <- expand.grid(line = factor(1:20), env = factor(1:4))
    d$y <- 2 * stats::rnorm(20)[d$line] + stats::rnorm(80) * c(1, 1.5, 2, 0)[d$env]
    d <- d[sample(80), ]
    diagonal <- lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env | line))
    for (residual in list(~ csh(env | line), ~ ar1h(env | line))) {
      fit <- lmmfit(y ~ env + (1 | line), d, residual = residual, hold = c(residual.rho = 0))
      expect_identical(fit$convergence$status, "converged")
      expect_within(fit$minus2loglik, diagonal$minus2loglik, 1e-6, "its diagonal")
      expect_identical(varcomp(fit)["5", "status"], "at boundary")
      expect_identical(varcomp(fit)["5", "estimate"], 0)
    }
  }
})

# Two subjects have visits 2 and 3, whose combination the intercept and the slope fit exactly: with
# a correlation of -1 V is singular, K'VK is not. A search that ends 3e-10 before it has not said
# where it is, and -2l lost its digits to the limit of a large ridge.
test_that("a correlation that ends before one is brought to it", {
  d <- data.frame(
    y = c(1.29741, 0.399611, 1.30677, 0.507742, -0.0266894, 0.362365, 0.279143, -0.502853,
      -0.429325, -0.128642, -0.392109, -0.691931, -0.486443, 2.38501, 1.23434, 0.520575, -0.0377874,
      -1.77078, -1.34077, 2.71172, 1.34103, -1.96251, -1.00187, -0.0765882),
    x = c(-0.34227, -0.10132, 0.82765, 1.3112, 1.7037, -0.57592, -0.25901, 1.924, -1.1417, 0.78479,
      -1.1512, 0.23796, 0.79869, -0.32914, 0.77245, 0.95574, 0.4671, -1.4846, -1.0062, 0.33306,
      0.50349, -1.8286, 0.51974, -0.84096),
    visit = c(1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 3, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 3),
    id = rep(1:11, c(2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 3)),
    g = c(4, 4, 4, 3, 1, 3, 4, 3, 4, 1, 2, 4, 4, 2, 2, 1, 1, 4, 4, 4, 3, 2, 3, 3)
  )
  same <- outer(d$id, d$id, `==`)
  at_gap <- function(z, gap) {
    C <- diag(3L)
    C[1L, 2L] <- C[2L, 1L] <- z[4L]
    C[2L, 3L] <- C[3L, 2L] <- gap - 1
    C[1L, 3L] <- C[3L, 1L] <- z[4L] * (gap - 1)
    sd <- sqrt(z[1:3])
    dense_minus2loglik(d$y, cbind(1, d$x), (outer(sd, sd) * C)[d$visit, d$visit] * same)
  }
  best <- vapply(10^-(10:12), function(gap) {
    stats::nlminb(c(2.6, 0.8, 0.11, 0.96), at_gap, gap = gap,
      control = list(rel.tol = 1e-14))$objective
  }, 0)
  expect_lt(max(abs(best - 40.3037032)), 5e-7)
  set.seed(1)
  for (order in list(1:24, 24:1, sample(24))) {
    for (model in list(y ~ x, y ~ x + (1 | g))) {
      data <- transform(d[order, ], visit = factor(visit))
      fit <- lmmfit(model, data, residual = ~ ante(visit | id))
      expect_identical(fit$convergence$status, "converged")
      expect_within(fit$minus2loglik, best[3L], 1e-6, "the dense limit")
      expect_identical(utils::tail(varcomp(fit)$status, 1L), "at boundary")
    }
  }
})
