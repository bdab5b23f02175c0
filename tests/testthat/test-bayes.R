# Posteriors against numbers that no sampler made: quadrature, the dense V form, REML; and what a
# fit answers.

skip_without_bayes()
data("sleepstudy", package = "lme4", envir = environment())
data("Dyestuff2", package = "lme4", envir = environment())
data("Penicillin", package = "lme4", envir = environment())

# Moments of exp(log density) over a grid of (log s1, log s2), by the trapezoidal rule, which is
# exact to rounding for a smooth function that vanishes at the ends.
grid_moments <- function(log_density, first, second, of) {
  grid <- expand.grid(a = first, b = second)
  value <- mapply(log_density, grid$a, grid$b)
  weight <- exp(value - max(value))
  weight <- weight / sum(weight)
  vapply(of, function(f) sum(weight * f(grid$a, grid$b)), 0)
}

# Balanced one-way: the restricted likelihood in closed form (Searle, Casella & McCulloch 1992,
# section 3.7).
one_way <- function(y, group) {
  a <- nlevels(group)
  n <- length(y) / a
  means <- tapply(y, group, mean)
  between <- n * sum((means - mean(y))^2)
  within <- sum((y - means[group])^2)
  function(v, e) {
    lambda <- e + n * v
    -(a * (n - 1) * log(e) + (a - 1) * log(lambda) + within / e + between / lambda) / 2
  }
}

test_that("a balanced one-way classification has the moments of a two-dimensional quadrature", {
  scale <- 2.5 * sqrt(mean((Dyestuff2$Yield - mean(Dyestuff2$Yield))^2))
  loglik <- one_way(Dyestuff2$Yield, Dyestuff2$Batch)
  half_t3 <- function(x) stats::dt(exp(x) / scale, 3, log = TRUE) + x
  found <- grid_moments(function(a, b) loglik(exp(2 * a), exp(2 * b)) + half_t3(a) + half_t3(b),
    seq(-14, 5, 0.05), seq(0, 3, 0.02), list(function(a, b) exp(2 * a), function(a, b) exp(2 * b),
      function(a, b) exp(4 * a), function(a, b) exp(2 * a) / (exp(2 * a) + exp(2 * b))))
  fit <- lmmfit(Yield ~ 1 + (1 | Batch), Dyestuff2, method = "Bayes", draws = 4000, seed = 4)
  table <- varcomp(fit)
  expect_true(all(abs(table$estimate - found[1:2]) < 3 * table$mcse))
  expect_relative(table$se[1], sqrt(found[3] - found[1]^2), 0.03, "sd at the boundary")
  expect_relative(vpredict(fit, icc ~ Batch / (Batch + residual))$estimate, found[4], 0.01, "icc")
  expect_lt(fit$posterior$khat, 0.7)
})

test_that("the density of the data is the integral of likelihood and prior", {
  loglik <- one_way(Dyestuff2$Yield, Dyestuff2$Batch)
  fit <- lmmfit(Yield ~ 1 + (1 | Batch), Dyestuff2, method = "Bayes", draws = 4000, seed = 4,
    prior = lmm_prior(Batch = half_normal(2), residual = half_normal(8)))
  # The constant of the restricted likelihood: at one point, by the engine.
  reml <- lmmfit(Yield ~ 1 + (1 | Batch), Dyestuff2, hold = c(Batch = 2, residual = 14))
  constant <- as.numeric(logLik(reml)) - loglik(2, 14)
  own <- function(a, b) {
    s <- exp(a)
    e <- exp(b)
    exp(loglik(s^2, e^2) + constant + 60) * 2 * dnorm(s, 0, 2) * 2 * dnorm(e, 0, 8) * s * e
  }
  grid <- expand.grid(a = seq(-14, 4, 0.02), b = seq(0, 4, 0.01))
  expected <- log(sum(own(grid$a, grid$b)) * 0.02 * 0.01) - 60
  found <- marginal_likelihood(fit)
  expect_lt(abs(found[["log_density"]] - expected), 3 * found[["mcse"]] + 1e-6)
})

test_that("with flat priors in the coordinates of REML the mode is REML's", {
  for (data in list(sleepstudy)) {
    reml <- lmmfit(Reaction ~ Days + (1 | Subject), data)
    # A density of 1/s of each standard deviation is flat by its logarithm.
    prior <- lmm_prior(Subject = function(s) -log(s), residual = function(s) -log(s))
    bayes <- lmmfit(Reaction ~ Days + (1 | Subject), data, method = "Bayes", prior = prior,
      draws = 100, seed = 1)
    expect_relative(exp(2 * bayes$posterior$mode$x), varcomp(reml)$estimate, 1e-5, "mode")
    expect_relative(bayes$posterior$mode$log_density, as.numeric(logLik(reml)), 1e-8, "at the mode")
  }
  own <- function(s) -log(s)
  crossed <- diameter ~ 1 + (1 | plate) + (1 | sample)
  reml <- lmmfit(crossed, Penicillin)
  bayes <- lmmfit(crossed, Penicillin, method = "Bayes", draws = 100, seed = 1,
    prior = lmm_prior(plate = own, sample = own, residual = own))
  expect_relative(exp(2 * bayes$posterior$mode$x), varcomp(reml)$estimate, 1e-5, "mode, two terms")
})

test_that("effects given a draw are those of the dense V form, some with normal priors", {
  prior <- lmm_prior(Days = normal(5, 1), Subject.cor = lkj(1))
  fit <- lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", prior = prior,
    draws = 200, seed = 3)
  theta <- fit$posterior$values[7, ]
  matrices <- design_cpp(fit_spec(fit))
  X <- as.matrix(matrices$X)
  Z <- as.matrix(matrices$Z[[1]])
  G <- diag(18) %x% matrix(theta[c(1, 2, 2, 3)], 2)
  V <- Z %*% G %*% t(Z) + diag(theta[4], 180)
  # The prior of Days joins V; of the intercept it is flat.
  Vy <- V + tcrossprod(X[, 2])
  y <- sleepstudy$Reaction - 5 * X[, 2]
  Vi <- solve(Vy)
  one <- X[, 1, drop = FALSE]
  xvx <- sum(one * (Vi %*% one))
  b0 <- sum(one * (Vi %*% y)) / xvx
  r <- y - b0
  days <- 5 + sum(X[, 2] * (Vi %*% r))
  expect_relative(fit$posterior$beta[7, ], c(b0, days), 1e-8, "means")
  loglik <- -(179 * log(2 * pi) + as.numeric(determinant(Vy)$modulus) + log(xvx) +
    sum(r * (Vi %*% r))) / 2
  prior <- log_prior(fit$posterior$prior, fit$posterior$x[7, , drop = FALSE])$value
  expect_relative(fit$posterior$log_density[7], loglik + prior, 1e-8, "density")
  P <- Vi - (Vi %*% one) %*% t(Vi %*% one) / xvx
  expect_relative(fit$posterior$beta_covariance[7, 4], 1 - sum(X[, 2] * (P %*% X[, 2])), 1e-7,
    "variance")
})

test_that("posterior means of effects are the means over the draws of the equations' solutions", {
  fit <- lmmfit(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin, method = "Bayes",
    draws = 200, seed = 3)
  weight <- fit$posterior$weight
  at <- function(i) {
    values <- fit$posterior$values[i, ]
    held <- lmmfit(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin, hold = values)
    u <- ranef(held, se = TRUE)$plate
    c(fixef(held), u[[1]], attr(u, "se")[[1]]^2)
  }
  each <- vapply(seq_along(weight), at, numeric(49))
  mean <- drop(each %*% weight)
  expect_relative(fixef(fit), mean[1], 1e-8, "fixed")
  found <- ranef(fit, se = TRUE)$plate
  expect_within(found[[1]], mean[2:25], 1e-8, "random")
  variance <- mean[26:49] + drop(each[2:25, ]^2 %*% weight) - mean[2:25]^2
  # Variances given the draws are means over draws taken by their weights.
  expect_relative(attr(found, "se")[[1]]^2, variance, 0.02, "prediction errors")
})

test_that("the same seed gives the same draws on any number of threads, and leaves the session's", {
  set.seed(11)
  before <- .Random.seed
  draw <- function(threads, ...) {
    lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", draws = 400, seed = 9,
      control = lmm_control(threads = threads), ...)$posterior[c("values", "weight")]
  }
  expect_identical(draw(1), draw(2))
  expect_identical(.Random.seed, before)
})

test_that("importance sampling and Hamiltonian chains agree", {
  formula <- Reaction ~ Days + (Days | Subject)
  one <- lmmfit(formula, sleepstudy, method = "Bayes", draws = 2000, seed = 5)
  two <- lmmfit(formula, sleepstudy, method = "Bayes", draws = 2000, seed = 5, sampler = "hmc")
  a <- varcomp(one)
  b <- varcomp(two)
  expect_true(all(abs(a$estimate - b$estimate) < 3 * sqrt(a$mcse^2 + b$mcse^2)))
  expect_true(all(b$rhat < 1.03))
  expect_relative(a$se, b$se, 0.1, "sd")
})

test_that("arguments of Bayes are checked, and refused beside other methods", {
  fails <- function(pattern, class, ...) {
    expect_error(lmmfit(Yield ~ 1 + (1 | Batch), Dyestuff2, ...), pattern,
      class = paste0("henderson_error_", class))
  }
  fails("prior", "bayes_argument", prior = lmm_prior())
  fails("seed", "bayes_argument", method = "ML", seed = 1)
  fails("draws", "argument", method = "Bayes", draws = 0)
  fails("draws", "argument", method = "Bayes", draws = "many")
  fails("seed", "argument", method = "Bayes", seed = 1.5)
  fails("seed", "argument", method = "Bayes", seed = "a")
  fails("sampler", "argument", method = "Bayes", sampler = "nuts")
  fails("chains", "argument", method = "Bayes", sampler = "hmc", chains = 1)
  fails("chains", "bayes_argument", method = "Bayes", sampler = "importance", chains = 4)
  fails("Batch", "prior_name", method = "Bayes", prior = lmm_prior(Bach = half_t(3)))
  fails("REML", "bayes_argument", method = "REML", prior = lmm_prior(Batch = half_t(3)))
  fails("lmm_prior", "argument", method = "Bayes", prior = half_t(3))
  fails("lmm_prior", "argument", method = "Bayes", prior = "half_t")
  for (wrong in list("two", 2.5, NA, c(2, 3), -1, list(2))) {
    fails("chains", "argument", method = "Bayes", sampler = "hmc", chains = wrong)
  }
  fails("at most 10 of 200 draws", "argument", method = "Bayes", draws = 200, chains = 11)
  for (wrong in list(NA, c(100, 200), TRUE, -1, list(200), Inf)) {
    fails("draws", "argument", method = "Bayes", draws = wrong)
  }
  for (wrong in list(NA, c(1, 2), TRUE, list(1), Inf)) {
    fails("seed", "argument", method = "Bayes", seed = wrong)
  }
})

test_that("means and variances of effects are those over the draws, one by one", {
  fit <- lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", draws = 300,
    seed = 6, prior = lmm_prior(Days = normal(8, 3)))
  moments <- function_moments(fit, sparse_identity(38L))
  weight <- fit$posterior$weight
  mean <- weighted_mean(moments$mean, weight)
  expect_equal(unname(fixef(fit)), mean[1:2], tolerance = 1e-10)
  expect_equal(as.vector(fit$random[[1L]]$effects), mean[-(1:2)], tolerance = 1e-10)
  centred <- sweep(moments$mean, 2L, mean)
  between <- vapply(1:18, function(l) {
    own <- centred[, 2L * l + 1:2]
    as.vector(t(own) %*% (weight * own))
  }, numeric(4))
  expect_equal(fit$posterior$between[[1L]], between, tolerance = 1e-8)
})

test_that("prints keep to the width of the terminal", {
  fit <- lmmfit(Yield ~ 1 + (1 | Batch), Dyestuff2, method = "Bayes", draws = 200, seed = 1)
  old <- options(width = 60)
  on.exit(options(old))
  expect_true(all(nchar(utils::capture.output(print_sampler(fit$posterior))) <= 60))
})
