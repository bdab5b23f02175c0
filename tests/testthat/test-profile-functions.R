# Profile intervals of functions of variances, against dense likelihoods maximised by hand.

# -2l of REML at V = s2 [(1 - c) I + c M], with s2 at its maximum: a closed form in c.
share_profile <- function(y, X, M) {
  n <- length(y)
  df <- n - ncol(X)
  function(c) {
    V <- (1 - c) * diag(n) + c * M
    root <- chol(V)
    Xr <- backsolve(root, X, transpose = TRUE)
    yr <- backsolve(root, y, transpose = TRUE)
    rss <- sum(qr.resid(qr(Xr), yr)^2)
    df * (log(2 * pi * rss / df) + 1) + 2 * sum(log(diag(root))) +
      as.numeric(determinant(crossprod(Xr))$modulus)
  }
}

# Where it has risen by the quantile.
share_limits <- function(profile, estimate, level = 0.95) {
  low <- profile(estimate)
  gap <- function(c) profile(c) - low - qchisq(level, 1)
  c(if (gap(0) < 0) 0 else uniroot(gap, c(0, estimate), tol = 1e-9)$root,
    uniroot(gap, c(estimate, 1 - 1e-9), tol = 1e-9)$root)
}

test_that("an intraclass correlation has the limits of its dense profile", {
  data <- as.data.frame(nlme::Orthodont)
  fit <- lmmfit(distance ~ age + (1 | Subject), data)
  share <- r ~ Subject / (Subject + residual)
  Z <- model.matrix(~ 0 + factor(Subject), data)
  exact <- share_profile(data$distance, cbind(1, data$age), tcrossprod(Z))
  expect_equal(exact(vpredict(fit, share)$estimate), deviance(fit), tolerance = 1e-9)
  found <- confint(fit, method = "profile", functions = share)
  expect_identical(rownames(found), "r")
  expect_equal(unname(found[1, ]), share_limits(exact, vpredict(fit, share)$estimate),
    tolerance = 1e-5)
  points <- profile(fit, functions = share)
  rise <- vapply(points$value, exact, 0) - deviance(fit)
  expect_equal(points$zeta^2, rise, tolerance = 1e-5)
  # The same constraint by proportional variances.
  tied <- update(fit, tie = list(c(Subject = found[[2]] / (1 - found[[2]]), residual = 1)))
  expect_within(deviance(tied) - deviance(fit), qchisq(0.95, 1), 1e-3, "tied")
})

test_that("a heritability has the limits of its dense profile, 0 included", {
  set.seed(3)
  n <- 120L
  sire <- dam <- rep(NA_integer_, n)
  for (i in 21:n) {
    sire[i] <- 2L * sample((i - 1L) %/% 2L, 1L)
    dam[i] <- 2L * sample((i - 1L) %/% 2L, 1L) - 1L
  }
  ped <- pedigree(data.frame(id = seq_len(n), sire, dam), "id", "sire", "dam")
  A <- as.matrix(Amatrix(ped))[as.character(seq_len(n)), as.character(seq_len(n))]
  data <- data.frame(animal = seq_len(n), f = factor(rep(1:3, n / 3)))
  for (h2 in c(0.6, 0.1)) {
    data$y <- drop(t(chol(A)) %*% rnorm(n)) * sqrt(h2) + rnorm(n) * sqrt(1 - h2)
    fit <- lmmfit(y ~ f + (1 | gr(animal, pedigree = ped)), data)
    exact <- share_profile(data$y, model.matrix(~f, data), A)
    share <- h2 ~ animal / (animal + residual)
    estimate <- vpredict(fit, share)$estimate
    limits <- share_limits(exact, estimate)
    found <- confint(fit, method = "profile", functions = share)
    expect_equal(unname(found[1, ]), limits, tolerance = 1e-5)
  }
  expect_identical(unname(found[[1]]), 0)
})

test_that("intervals follow functions of one parameter", {
  fit <- lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
  plain <- confint(fit, c("Block", "residual"), method = "profile")
  found <- confint(fit, c("Block", "residual"), method = "profile",
    functions = list(log ~ log(Block), sd ~ sqrt(residual), minus ~ -residual))
  expect_equal(found[1:2, ], plain)
  expect_equal(found["log", ], log(plain["Block", ]), tolerance = 1e-4)
  expect_equal(found["sd", ], sqrt(plain["residual", ]), tolerance = 1e-5)
  expect_equal(unname(found["minus", ]), -rev(unname(plain["residual", ])), tolerance = 1e-5)
  repeated <- lmmfit(distance ~ age, nlme::Orthodont, residual = ~ ar1(age | Subject))
  rho <- confint(repeated, "residual.rho", method = "profile")
  squared <- confint(repeated, method = "profile", functions = ~ residual.rho^2)
  expect_equal(unname(squared[1, ]), unname(rho[1, ]^2), tolerance = 1e-4)
})

test_that("with several terms the others are at their maximum", {
  data <- as.data.frame(nlme::Oats)
  fit <- lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), data)
  share <- ~ `Block:Variety` / (Block + `Block:Variety` + residual)
  found <- confint(fit, method = "profile", functions = share, level = 0.9)
  Z <- list(model.matrix(~ 0 + Block, data), model.matrix(~ 0 + Block:Variety, data))
  X <- model.matrix(~ Variety * nitro, data)
  for (c in found) {
    best <- optimize(function(block) {
      M <- (block * tcrossprod(Z[[1]]) + c * tcrossprod(Z[[2]])) / (block + c)
      share_profile(data$yield, X, M)(block + c)
    }, c(0, 1 - c), tol = 1e-9)
    expect_within(best$objective - deviance(fit), qchisq(0.9, 1), 1e-4, "rise")
  }
})

test_that("a correlation may end at 1, and follows the dense profile there", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  r <- r ~ Subject.Intercept.age / sqrt(Subject.Intercept * Subject.age)
  points <- profile(fit, functions = r)
  found <- confint(fit, method = "profile", functions = r)
  expect_identical(found[[2]], 1)
  spec <- fit_spec(fit)
  at <- points[which.min(abs(points$value - 0.6)), ]
  dense <- optim(log(c(1, 0.015, 1.9)), function(x) {
    v <- exp(x)
    likelihood_cpp(spec, c(v[1], at$value * sqrt(v[1] * v[2]), v[2:3]))$minus2loglik
  }, control = list(maxit = 5000, reltol = 1e-13))
  expect_within(dense$value - deviance(fit), at$zeta^2, 1e-4, "rise")
})

test_that("an estimate at zero has an interval from zero; the rest are errors", {
  set.seed(2)
  data <- data.frame(y = rnorm(24), g = gl(6, 4), x = rep(1:4, 6))
  data$y <- data$y - 0.5 * ave(data$y, data$g)
  fit <- lmmfit(y ~ x + (1 | g), data)
  share <- r ~ g / (g + residual)
  exact <- share_profile(data$y, cbind(1, data$x), tcrossprod(model.matrix(~ 0 + g, data)))
  found <- confint(fit, method = "profile", functions = share)
  expect_identical(found[[1]], 0)
  expect_equal(exact(found[[2]]) - exact(0), qchisq(0.95, 1), tolerance = 1e-4)
  expect_error(confint(fit, method = "profile", functions = ~ g / resid),
    class = "henderson_error_parameter_name")
  bounded <- lmmfit(y ~ x + (1 | g), data, bounds = list(g = c(0, 2)))
  expect_error(confint(bounded, method = "profile", functions = share),
    class = "henderson_error_profile")
  held <- lmmfit(y ~ x + (1 | g), data, hold = c(g = 1))
  expect_equal(unname(confint(held, method = "profile", functions = ~ sqrt(residual))[1, ]),
    unname(sqrt(confint(held, "residual", method = "profile")[1, ])), tolerance = 1e-5)
})
