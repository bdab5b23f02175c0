# Residuals without a finite best likelihood.

set.seed(1)
d <- expand.grid(visit = factor(0:3), id = factor(1:40))
d$arm <- factor(as.integer(d$id) %% 2L)
d$y <- stats::rnorm(160) + stats::rnorm(40)[d$id]

test_that("a position that is fitted exactly is an error that names it", {
  baseline <- transform(d, y = ifelse(visit == "0", 0, y))
  for (residual in list(~ us(visit | id), ~ diag(visit | id), ~ csh(visit | id),
                        ~ ante(visit | id), ~ fa(visit | id))) {
    for (method in c("REML", "ML")) {
      expect_error(lmmfit(y ~ visit * arm, baseline, residual = residual, method = method),
        "variance of \"0\".* goes to zero", class = "henderson_error_residual_unbounded")
    }
  }
  expect_error(lmmfit(y ~ visit * arm + (1 | id), baseline, residual = ~ diag(visit)),
    "40 records", class = "henderson_error_residual_unbounded")
  for (unit in c(1e-4, 1e4)) {
    exact <- transform(d, y = unit * ifelse(visit == "3", 2 * as.integer(arm), y))
    expect_error(lmmfit(y ~ visit * arm, exact, residual = ~ us(visit | id)),
      "variance of \"3\"", class = "henderson_error_residual_unbounded")
  }
  expect_error(lmmfit(y ~ visit, baseline, residual = ~ us(visit | arm / id)), "residual.0",
    class = "henderson_error_residual_unbounded")
})

test_that("a residual that is fitted exactly as a whole is an error that says so", {
  constant <- transform(d, y = ifelse(arm == "0", 5, y))
  for (residual in list(~ ar1(visit | arm / id), ~ cs(visit | arm / id), ~ toep(visit | arm / id),
                        ~ ar1h(visit | arm / id), ~ us(visit | arm / id))) {
    expect_error(suppressWarnings(lmmfit(y ~ arm, constant, residual = residual)),
      "all 80 records of `residual.0` exactly.*one residual for all groups",
      class = "henderson_error_residual_unbounded")
  }
  between <- transform(d, y = as.integer(id) / 7)
  expect_error(lmmfit(y ~ 1 + (1 | id), between, residual = ~ ar1(visit | id)),
    "fit it exactly|fit all 160 records", class = "henderson_error")
  # A position with one record and an effect of its own has no residual, and by REML no say.
  alone <- rbind(d, transform(d[1, ], visit = "4"))
  fit <- lmmfit(y ~ visit, alone, residual = ~ cs(visit | id))
  expect_identical(fit$convergence$status, "converged")
})

test_that("positions with proportional records are an error that names both", {
  twice <- d
  twice$y[d$visit == "2"] <- d$y[d$visit == "1"]
  expect_error(lmmfit(y ~ visit, twice, residual = ~ us(visit | id)), "\"1\" and \"2\"",
    class = "henderson_error_residual_unbounded")
})

test_that("small but real variances stay, in any unit", {
  small <- transform(d, y = ifelse(visit == "0", 1e-4 * y, y))
  fit <- lmmfit(y ~ visit, small, residual = ~ us(visit | id))
  expect_identical(fit$convergence$status, "converged")
  plain <- lmmfit(y ~ visit, d, residual = ~ us(visit | id))
  expect_equal(varcomp(fit)$estimate[1L], 1e-8 * varcomp(plain)$estimate[1L], tolerance = 1e-6)
})

test_that("positions that add to a constant are an error that says so", {
  set.seed(1)
  share <- matrix(stats::rexp(40), 10)
  parts <- data.frame(
    id = gl(10, 4), part = gl(4, 1, 40), y = 100 * c(t(share / rowSums(share)))
  )
  for (residual in list(~ cs(part | id), ~ csh(part | id), ~ us(part | id))) {
    expect_error(suppressWarnings(lmmfit(y ~ part, parts, residual = residual)),
      "no upper bound", class = "henderson_error_residual_unbounded")
  }
  # Shares of which one is missing here and there, and others that only nearly add up.
  near <- transform(parts, y = y + stats::rnorm(40, 0, 0.5))
  expect_s3_class(suppressWarnings(lmmfit(y ~ part, near, residual = ~ cs(part | id))), "lmmfit")
})

# With few records the fixed effects fit one combination of the two visits exactly, and its variance
# goes to zero with 1 - rho. -2l at that combination, here by the dense matrix, goes with it.
test_that("a correlation that goes to 1 without end is an error, also by ar1, ar1h and ante", {
  d <- data.frame(y = c(-5.5, -6.6, 3.3), x = c(0.7, -1.5, 0.5), visit = factor(c(1, 2, 2)),
    id = factor(c(1, 1, 2)))
  slope <- (d$y[1L] - d$y[2L]) / (d$x[1L] - d$x[2L])
  dense <- function(gap) {
    V <- diag(20, 3L)
    V[1L, 2L] <- V[2L, 1L] <- 20 * (1 - gap)
    r <- d$y - slope * d$x
    r <- r - mean(r)
    as.numeric(determinant(V)$modulus) + sum(r * solve(V, r))
  }
  expect_lt(dense(1e-12), dense(1e-9) - 6)
  for (residual in c(~ ar1(visit | id), ~ cs(visit | id))) {
    expect_error(lmmfit(y ~ x, d, residual = residual, method = "ML"), "no upper bound",
      class = "henderson_error_residual_unbounded")
  }
  d <- data.frame(y = c(-0.3, -3.5, -4.4, -3.9, 2.2, 2.3), x = c(0.6, 0, -0.4, -0.1, 0.6, -1),
    visit = gl(2L, 1L, 6L), id = gl(3L, 2L))
  for (residual in c(~ ar1h(visit | id), ~ csh(visit | id), ~ ante(visit | id))) {
    for (method in c("REML", "ML")) {
      expect_error(lmmfit(y ~ x, d, residual = residual, method = method), "no upper bound",
        class = "henderson_error_residual_unbounded")
    }
  }
})

# The random effects leave one contrast of the singular residual to the fixed ones, which fit it.
test_that("a range without end is an error, wherever the origin of a slope is", {
  # In the last of them the search stalls before the ridge has fallen so far that it is sure.
  for (seed in c(2, 3, 5, 16)) {
    set.seed(seed)
    few <- data.frame(t = c(1, 2, 1, 2, 1, 2, 1), id = factor(c(1, 1, 2, 2, 3, 3, 4)),
      g = factor(c(1, 2, 1, 1, 2, 1, 2)), x = stats::rnorm(7))
    few$y <- stats::rnorm(7, sd = 2)
    for (origin in c(0, 1e5)) {
      few$z <- few$x + origin
      expect_error(lmmfit(y ~ t + (1 + z | g), few, residual = ~ exp(t | id), method = "ML"),
        class = "henderson_error_residual_unbounded")
    }
    # Two positions are correlated alike by each: the nugget of smooth ones gives no bound.
    for (residual in list(~ gau(t | id), ~ matern(t | id, nu = 2.5))) {
      expect_error(lmmfit(y ~ t + (1 + x | g), few, residual = residual, method = "ML"),
        class = "henderson_error_residual_unbounded")
    }
  }
})

test_that("falls of log(10) are told from those before a bound", {
  ridges <- 10^-(6:13)
  for (directions in 1:2) {
    expect_true(is_steady(-diff(directions * log(ridges))))
    expect_true(is_steady(-diff(directions * log(ridges)) + c(0, 0, 0, 0, -0.03, 0.02, -0.1)))
    for (bound in 10^-(8:13)) expect_false(is_steady(-diff(directions * log(ridges + bound))))
  }
})

test_that("correlations of one beside a relationship of low rank are an error", {
  for (seed in c(1, 3, 5)) {
    set.seed(seed)
    few <- expand.grid(visit = factor(1:4), id = factor(1:6))
    K <- tcrossprod(matrix(stats::rnorm(12), 6)) / 2
    dimnames(K) <- list(1:6, 1:6)
    few$y <- stats::rnorm(24)
    few$f <- factor(sample(letters[1:3], 24, TRUE))
    for (residual in list(~ ante(visit | id), ~ us(visit | id), ~ toeph(visit | id))) {
      expect_error(lmmfit(y ~ 1 + diag(f | gr(id, cov = K)), few, residual = residual,
        method = "ML"), class = "henderson_error_residual_unbounded")
    }
  }
})

# Eight subjects of six visits. There are contrasts C of rank two, [I, W], for which C e is zero for
# all subjects beside effects of f, g and h: seven times two rows and one of the last, who has five
# visits, less seven for the effects, are as many equations as W has values.
fitted_records <- data.frame(
  y = c(1.506399, 2.418095, 0.6812566, 1.405877, -1.941022, 1.143293, -0.2371401, 1.417701,
    1.865829, 2.601355, 0.3017495, -0.439964, 2.297811, 1.980407, -0.9742518, -2.056225, -0.8493411,
    -0.7477379, 3.169072, 2.114008, 1.119139, 5.518799, 3.404313, 3.960889, 2.082394, 1.501859,
    2.185843, 2.440874, 1.999348, 5.343277, 0.325232, 0.07567168, 3.35799, 1.513322, 0.9831335,
    2.902757, -0.08614494, 0.3809104, 0.04072523, -2.493207, -0.01213666, -0.8008024, 1.477392,
    3.285466, 5.950585, 4.885211, 3.956916),
  f = factor(strsplit("32213213222121322131132222211121331332321132113", "")[[1L]]),
  g = factor(strsplit("11122221221221222221222212122212121221121122211", "")[[1L]]),
  h = factor(strsplit("44322333311331321113244312243433421341134444141", "")[[1L]]),
  visit = factor(rep(1:6, 8L)[1:47]), id = factor(rep(1:8, each = 6L)[1:47])
)

test_that("contrasts of a residual that are fitted exactly are no best value, for any order", {
  X <- model.matrix(~ 0 + f, fitted_records)
  Z <- cbind(model.matrix(~ 0 + g, fitted_records), model.matrix(~ 0 + h, fitted_records))
  same <- outer(fitted_records$id, fitted_records$id, `==`)
  visit <- as.integer(fitted_records$visit)
  contrasts <- function(W) {
    C <- cbind(diag(2L), matrix(W, 2L))
    rows <- kronecker(diag(8L), C)
    last <- (C[2L, 6L] * C[1L, ] - C[1L, 6L] * C[2L, ]) / sqrt(sum(C[, 6L]^2))
    rbind(rows[1:14, ], c(numeric(42L), last))[, 1:47]
  }
  misfit <- function(W) {
    C <- contrasts(W)
    sum(qr.resid(qr(C %*% cbind(X, Z)), C %*% fitted_records$y)^2)
  }
  W <- stats::nlminb(c(1.59, 0.89, -0.27, -0.16, -1.13, -0.05, -0.42, -0.51), misfit,
    control = list(rel.tol = 1e-15, x.tol = 1e-14, eval.max = 3000L, iter.max = 2000L))
  expect_lt(W$objective, 1e-18)
  C <- cbind(diag(2L), matrix(W$par, 2L))
  S <- diag(6L) - t(C) %*% solve(tcrossprod(C), C)
  values <- vapply(10^-(6:9), function(ridge) {
    V <- S[visit, visit] * same + tcrossprod(Z) + diag(ridge, 47L)
    U <- chol(V)
    q <- qr(backsolve(U, X, transpose = TRUE))
    2 * sum(log(diag(U))) + 2 * sum(log(abs(diag(qr.R(q))))) +
      sum(qr.resid(q, backsolve(U, fitted_records$y, transpose = TRUE))^2)
  }, 0)
  expect_equal(diff(values), rep(-8 * log(10), 3L), tolerance = 1e-3)
  set.seed(1)
  ends <- vapply(1:8, function(k) {
    tryCatch(
      suppressWarnings(lmmfit(y ~ 0 + f + (1 | g) + (1 | h), fitted_records[sample(47L), ],
        residual = ~ us(visit | id)))$convergence$status,
      henderson_error_residual_unbounded = function(e) "no upper bound"
    )
  }, "")
  # Where rounding hides the way from one of them, it is not called an end.
  expect_true(all(ends %in% c("no upper bound", "no_ascent")))
  expect_gte(sum(ends == "no upper bound"), 5L)
})
