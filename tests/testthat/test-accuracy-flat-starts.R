# Starts where the likelihood is flat: the optimum is that of nlme::gls(), which starts elsewhere.
flat_data <- function(seed) {
  set.seed(seed)
  d <- data.frame(id = gl(20, 5), x = rep(1:5, 20), z = stats::rnorm(100))
  d$y <- 5 + unlist(by(d, d$id, function(b) {
    t(chol(exp(-as.matrix(stats::dist(b[c("x", "z")]))^2 / 4) + diag(1e-6, 5))) %*% stats::rnorm(5)
  }))
  d
}

# -2l of a residual with this correlation of two records of one subject, by REML of one mean.
lowest_by_subject <- function(d, correlation, lower, upper) {
  objective <- function(x) {
    R <- diag(nrow(d))
    for (own in split(seq_len(nrow(d)), d$id)) R[own, own] <- correlation(d[own, ], x)
    root <- chol(R)
    one <- backsolve(root, rep(1, nrow(d)), transpose = TRUE)
    z <- backsolve(root, d$y, transpose = TRUE)
    ss <- sum((z - one * sum(one * z) / sum(one^2))^2)
    df <- nrow(d) - 1
    df * (log(2 * pi) + log(ss / df) + 1) + 2 * sum(log(diag(root))) + log(sum(one^2))
  }
  at <- seq(lower, upper, length.out = 60)
  start <- at[which.min(vapply(at, objective, 0))]
  step <- at[2] - at[1]
  stats::optimize(objective, start + c(-step, step), tol = 1e-9)$objective
}

test_that("gau over positions of many subjects leaves the flat place", {
  gaussian <- function(own, x) {
    exp(-as.matrix(stats::dist(own[c("x", "z")]))^2 / exp(2 * x)) + diag(1e-10, nrow(own))
  }
  for (seed in 2:4) {
    d <- flat_data(seed)
    fit <- lmmfit(y ~ 1, d, residual = ~ gau(x + z | id))
    expect_identical(fit$convergence$status, "converged")
    expect_lt(deviance(fit) - lowest_by_subject(d, gaussian, -2, 2), 1e-4)
  }
})

test_that("gau beside noise finds a narrow place far from the start, and is no error", {
  gaussian <- function(own, x) {
    exp(-as.matrix(stats::dist(own[c("x", "z")]))^2 / exp(2 * x)) + diag(1e-10, nrow(own))
  }
  for (seed in c(3, 6)) {
    set.seed(seed)
    d <- data.frame(id = gl(60, 5), x = rep(1:5, 60), z = stats::rnorm(300), y = stats::rnorm(300))
    fit <- lmmfit(y ~ 1, d, residual = ~ gau(x + z | id))
    expect_identical(fit$convergence$status, "converged")
    expect_lt(deviance(fit) - lowest_by_subject(d, gaussian, -4, 1), 1e-4)
  }
})

test_that("exp and matern over such positions end at the same place from another start", {
  d <- flat_data(5)
  for (residual in list(~ exp(x + z | id), ~ matern(x + z | id, nu = 1.5))) {
    fit <- lmmfit(y ~ 1, d, residual = residual)
    again <- lmmfit(y ~ 1, d, residual = residual, start = c(residual.range = 2))
    expect_lt(abs(deviance(fit) - deviance(again)), 1e-6)
  }
})

test_that("ar1 where no two records are neighbours", {
  for (case in list(c(1, 3, 2, 4), c(1, 5, 1, 5))) {
    set.seed(5)
    d <- data.frame(id = gl(20, 2), t = case[1:2])
    d$t[d$id %in% 11:20] <- case[3:4]
    d$y <- 2 * stats::rnorm(20)[d$id] + stats::rnorm(40, 0, 0.5)
    fit <- lmmfit(y ~ 1, d, residual = ~ ar1(t | id))
    best <- lowest_by_subject(d, function(own, x) {
      tanh(x)^abs(outer(own$t, own$t, "-"))
    }, 0.05, 5)
    expect_lt(deviance(fit) - best, 1e-6)
  }
})
