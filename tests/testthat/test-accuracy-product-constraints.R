# Values of a product of structures that are held: the optimum of the dense likelihood, which a
# search with another parametrisation finds from several starts.
minus2reml <- function(y, V) {
  root <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(root)) return(1e10)
  one <- backsolve(root, rep(1, length(y)), transpose = TRUE)
  z <- backsolve(root, y, transpose = TRUE)
  rest <- z - one * sum(one * z) / sum(one^2)
  (length(y) - 1) * log(2 * pi) + 2 * sum(log(diag(root))) + log(sum(one^2)) + sum(rest^2)
}

lowest <- function(objective, n, starts = 4L) {
  set.seed(99)
  ends <- replicate(starts, stats::nlminb(stats::rnorm(n, 0, 0.7), objective,
    control = list(iter.max = 400, eval.max = 2000))$objective)
  min(ends)
}

product_data <- function(seed) {
  set.seed(seed)
  d <- expand.grid(
    visit = gl(3, 1), f = gl(3, 1, labels = c("u", "v", "w")), g = gl(4, 1), r = 1:3
  )
  d$y <- stats::rnorm(nrow(d)) + 2 * stats::rnorm(4)[d$g] +
    2 * stats::rnorm(12)[interaction(d$g, d$f)]
  d$id <- interaction(d$g, d$r)
  d
}

lower <- function(p) {
  root <- matrix(0, 3, 3)
  root[lower.tri(root, TRUE)] <- p
  root
}
covariance_with_variance <- function(p, k, value) {
  S <- tcrossprod(lower(p))
  scale <- replace(rep(1, 3), k, sqrt(value / S[k, k]))
  S * outer(scale, scale)
}
ar1 <- function(x) tanh(x)^abs(outer(1:3, 1:3, "-"))
exchangeable <- function(x) {
  rho <- -0.5 + 1.5 * stats::plogis(x)
  diag(1 - rho, 3) + rho
}
among_groups <- function(d, S, R) {
  Z <- stats::model.matrix(~ 0 + interaction(visit, f, g), d)
  Z %*% kronecker(diag(4), kronecker(S, R)) %*% t(Z)
}
expect_optimum <- function(fit, best) {
  expect_identical(fit$convergence$status, "converged")
  expect_lt(deviance(fit) - best, 1e-5)
}

test_that("a variance of us held inside a product is a place like any other, for all data", {
  for (seed in c(1, 3, 4)) {
    d <- product_data(seed)
    fit <- lmmfit(y ~ 1 + (us(f):ar1(visit) | g), d, hold = c(g.v = 0.3))
    expect_optimum(fit, lowest(function(p) {
      S <- covariance_with_variance(p[1:6], 2, 0.3)
      minus2reml(d$y, among_groups(d, S, ar1(p[7])) + exp(p[8]) * diag(nrow(d)))
    }, 8L))
    expect_equal(varcomp(fit)$estimate[varcomp(fit)$parameter == "g.v"], 0.3)
  }
})

test_that("with other second factors, and a covariance held", {
  d <- product_data(6)
  fit <- lmmfit(y ~ 1 + (us(f):cs(visit) | g), d, hold = c(g.w = 1))
  expect_optimum(fit, lowest(function(p) {
    S <- covariance_with_variance(p[1:6], 3, 1)
    minus2reml(d$y, among_groups(d, S, exchangeable(p[7])) + exp(p[8]) * diag(nrow(d)))
  }, 8L))
  fit <- lmmfit(y ~ 1 + (us(f):ar1(visit) | g), d, hold = c(g.u.v = 0))
  expect_optimum(fit, lowest(function(p) {
    # Orthogonal first rows of Lambda.
    root <- lower(p[1:6])
    root[2, 1] <- 0
    minus2reml(d$y, among_groups(d, tcrossprod(root), ar1(p[7])) + exp(p[8]) * diag(nrow(d)))
  }, 8L))
})

test_that("in the residual", {
  d <- product_data(7)
  fit <- lmmfit(y ~ 1, d, residual = ~ us(f):ar1(visit) | id, hold = c(residual.v = 5))
  best <- lowest(function(p) {
    one <- kronecker(covariance_with_variance(p[1:6], 2, 5), ar1(p[7]))
    order <- order(d$id, d$f, d$visit)
    minus2reml(d$y[order], kronecker(diag(nlevels(d$id)), one))
  }, 7L)
  expect_optimum(fit, best)
})

test_that("factor loadings inside a product start without touching what is not theirs", {
  d <- product_data(8)
  fit <- suppressWarnings(lmmfit(y ~ 1 + (fa(f, 1):cs(visit) | g), d))
  v <- varcomp(fit)
  at <- stats::setNames(v$estimate, v$parameter)
  gamma <- at[grep("product|fa1|loading", names(at))]
  expect_length(gamma, 3L)
  S <- tcrossprod(gamma) + diag(at[grep("psi", names(at))])
  rho <- at[["g.visit.rho"]]
  V <- among_groups(d, S, diag(1 - rho, 3) + rho) + at[["residual"]] * diag(nrow(d))
  expect_equal(deviance(fit), minus2reml(d$y, V), tolerance = 1e-9)
})
