# The samplers against each other, and calibration: parameters drawn from the prior are ranked
# uniformly in posteriors of data drawn from them.

skip_without_bayes()
data("sleepstudy", package = "lme4", envir = environment())
data("Penicillin", package = "lme4", envir = environment())

expect_same_posterior <- function(one, two) {
  a <- subset(varcomp(one), status == "free")
  b <- subset(varcomp(two), status == "free")
  gap <- abs(a$estimate - b$estimate) / sqrt(a$mcse^2 + b$mcse^2)
  expect(all(gap < 3), sprintf("means are up to %.1f Monte Carlo errors apart", max(gap)))
  expect_relative(spreads(one), spreads(two), 0.12, "standard deviations of logarithms")
  expect_relative(fixef(one), fixef(two), 0.02, "fixed effects")
}

# Of the logarithms of variances: those of variances with few levels have tails that no number of
# draws of a test settles.
spreads <- function(fit) {
  free <- fit$parameters$kind == "variance" & fit$parameters$status == "free"
  weighted_sd(log(fit$posterior$values[, free]), fit$posterior$weight)
}

test_that("Gibbs sampling has the posterior of importance sampling", {
  crossed <- diameter ~ 1 + (1 | plate) + (1 | sample)
  fit <- function(...) lmmfit(crossed, Penicillin, method = "Bayes", draws = 2000, seed = 12, ...)
  expect_same_posterior(fit(), fit(sampler = "gibbs"))
  prior <- lmm_prior(Subject = inverse_wishart(diag(c(600, 40)), 3), Days = normal(8, 2),
    residual = inverse_gamma(2, 1000))
  slopes <- function(...) {
    lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", prior = prior,
      draws = 2000, seed = 12, ...)
  }
  expect_same_posterior(slopes(), slopes(sampler = "gibbs"))
})

test_that("the search for the mode begins inside where REML is at a correlation of one", {
  set.seed(2)
  data <- data.frame(g = gl(6, 4), x = rep(c(-1, 0, 1, 2), 6))
  data$y <- rnorm(6)[data$g] * (1 + 0.8 * data$x) + rnorm(24, 0, 0.3)
  v <- varcomp(lmmfit(y ~ x + (x | g), data))$estimate
  expect_equal(v[2], sqrt(v[1] * v[3]))
  fit <- function(...) {
    lmmfit(y ~ x + (x | g), data, method = "Bayes", draws = 2000, seed = 1,
      prior = lmm_prior(g = inverse_wishart(diag(2), 4)), ...)
  }
  expect_same_posterior(fit(), fit(sampler = "gibbs"))
})

test_that("an animal model with a pedigree has one posterior by all samplers", {
  set.seed(8)
  ped <- pedigree(data.frame(id = 1:60, sire = c(rep(NA, 20), sample(1:10, 40, TRUE)),
    dam = c(rep(NA, 20), sample(11:20, 40, TRUE))))
  data <- data.frame(animal = factor(rep(1:60, 2)))
  a <- drop(t(chol(as.matrix(Amatrix(ped)))) %*% rnorm(60))
  data$y <- 10 + a[data$animal] + rnorm(120)
  fit <- function(...) {
    lmmfit(y ~ 1 + (1 | gr(animal, pedigree = ped)), data, method = "Bayes", draws = 2000,
      seed = 3, ...)
  }
  one <- fit()
  expect_same_posterior(one, fit(sampler = "gibbs"))
  expect_same_posterior(one, fit(sampler = "hmc"))
  expect_true(all(reliability(one)$reliability < 1))
})

test_that("draws go on until they are enough, and more draws are those of fewer and new ones", {
  fit <- function(draws, ...) {
    lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", draws = draws,
      seed = 4, ...)
  }
  some <- fit(1024)
  reached <- fit(c(ess = 1500, mc_error = 0.02))
  n <- length(reached$posterior$weight)
  expect_true(n %in% c(2048L, 4096L))
  expect_equal(reached$posterior$x[1:1024, ], some$posterior$x)
  expect_equal(reached$posterior$x, fit(n)$posterior$x)
  expect_gte(1 / sum(reached$posterior$weight^2), 1500)
  table <- varcomp(reached)
  expect_true(all(table$mcse <= 0.02 * table$se))
  expect_warning(fit(c(mc_error = 1e-4, most = 1500)), "1500 draws",
    class = "henderson_warning_draws_target")
})

test_that("chains go on until they are enough", {
  rail <- function(draws, ...) {
    lmmfit(travel ~ 1 + (1 | Rail), nlme::Rail, method = "Bayes", draws = draws, seed = 2, ...)
  }
  for (sampler in c("hmc", "gibbs")) {
    fit <- rail(c(ess = 1200), sampler = sampler)
    expect_true(all(varcomp(fit)$ess >= 1200 & varcomp(fit)$ess_tail >= 1200))
    n <- length(fit$posterior$weight)
    expect_equal(fit$posterior$values, rail(n, sampler = sampler)$posterior$values)
  }
})

test_that("chains on any number of workers and threads have the same draws", {
  skip_if_not_installed("future.apply")
  skip_on_cran()
  fit <- function(sampler, threads = 1) {
    lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", draws = 120,
      chains = 3, prior = lmm_prior(Subject = inverse_wishart(diag(c(600, 40)), 3),
        residual = inverse_gamma(2, 1000), Days = normal(8, 2)),
      seed = 6, sampler = sampler, control = lmm_control(threads = threads))$posterior
  }
  kept <- c("values", "log_density", "beta", "beta_covariance")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old))
  for (sampler in c("hmc", "gibbs")) {
    on_workers <- suppressWarnings(fit(sampler))
    future::plan(future::sequential)
    for (threads in 1:2) {
      here <- suppressWarnings(fit(sampler, threads))
      expect_identical(here[kept], on_workers[kept])
    }
    future::plan(future::multisession, workers = 2)
  }
  # What a function of the user calls is not on the workers.
  assign("prior_rate", 0.05, envir = globalenv())
  own <- eval(quote(function(s) -prior_rate * s), globalenv())
  exponential <- suppressWarnings(lmmfit(Reaction ~ Days + (1 | Subject), sleepstudy,
    method = "Bayes", draws = 100, chains = 2, seed = 6, sampler = "hmc",
    prior = lmm_prior(Subject = own)))
  rm("prior_rate", envir = globalenv())
  expect_identical(exponential$posterior$sampler, "hmc")
})

test_that("a target of draws is a number by name", {
  fails <- function(draws, class) {
    expect_error(lmmfit(travel ~ 1 + (1 | Rail), nlme::Rail, method = "Bayes", draws = draws),
      "draws", class = class)
  }
  fails(c(size = 1000), "henderson_error_draws_target")
  fails(c(most = 1000), "henderson_error_draws_target")
  fails(c(ess = -1), "henderson_error_argument")
  fails(c(mc_error = NA), "henderson_error_argument")
  fails(c(ess = 1000, most = 10), "henderson_error_argument")
  fails("enough", "henderson_error_argument")
})

# Metropolis over (s1, s2, r, s), of which `density` is the log density, from `start` with steps of
# this covariance.
dense_chain <- function(density, start, covariance, n) {
  root <- chol(covariance * 2.38^2 / length(start))
  at <- start
  value <- density(at)
  chain <- matrix(0, n, length(start))
  for (k in seq_len(n)) {
    new <- at + drop(rnorm(length(at)) %*% root)
    proposed <- density(new)
    if (log(runif(1)) < proposed - value) {
      at <- new
      value <- proposed
    }
    chain[k, ] <- at
  }
  chain
}

test_that("random slopes over a genomic relationship are those of a dense sampler", {
  skip_on_cran()
  set.seed(9)
  markers <- matrix(rbinom(40 * 200, 2, 0.4), 40)
  G <- tcrossprod(scale(markers)) / 200 + diag(0.05, 40)
  dimnames(G) <- list(paste0("g", 1:40), paste0("g", 1:40))
  data <- data.frame(id = rep(rownames(G), each = 4), x = rep(c(-1.5, -0.5, 0.5, 1.5), 40))
  u <- t(chol(G)) %*% matrix(rnorm(80), 40) %*% chol(matrix(c(1, -0.7, -0.7, 0.8), 2))
  own <- match(data$id, rownames(G))
  data$y <- 2 + data$x + u[own, 1] + u[own, 2] * data$x + rnorm(160, 0, 0.8)
  prior <- lmm_prior(id = half_t(3, 0, 2), id.cor = lkj(2), residual = half_t(3, 0, 2))
  fit <- lmmfit(y ~ x + (1 + x | gr(id, cov = G)), data, method = "Bayes", prior = prior, seed = 5,
    draws = 2000)
  K <- G[own, own]
  X <- cbind(1, data$x)
  density <- function(at) {
    s <- at[c(1, 2, 4)]
    if (any(s <= 0) || abs(at[3]) >= 1) return(-Inf)
    V <- K * (s[1]^2 + at[3] * s[1] * s[2] * outer(data$x, data$x, `+`) +
      s[2]^2 * outer(data$x, data$x)) + diag(s[3]^2, nrow(data))
    R <- chol(V)
    half <- backsolve(R, cbind(X, data$y), transpose = TRUE)
    A <- qr(half[, 1:2])
    loglik <- -sum(log(diag(R))) - sum(log(abs(diag(qr.R(A))))) -
      sum(qr.resid(A, half[, 3])^2) / 2
    loglik + sum(dt(s / 2, 3, log = TRUE)) + log(1 - at[3]^2)
  }
  of_values <- function(v) {
    cbind(sqrt(v[, 1]), sqrt(v[, 3]), v[, 2] / sqrt(v[, 1] * v[, 3]), sqrt(v[, 4]))
  }
  mine <- of_values(fit$posterior$values)
  moments <- stats::cov.wt(mine, fit$posterior$weight)
  chain <- dense_chain(density, moments$center, moments$cov, 6000)
  error <- apply(chain, 2, function(x) posterior::mcse_mean(matrix(x, ncol = 1)))
  own_error <- mean_errors_of(mine, fit$posterior)
  expect_lt(max(abs(colMeans(chain) - moments$center) / sqrt(error^2 + own_error^2)), 3)
  expect_relative(sqrt(diag(moments$cov)), apply(chain, 2, sd), 0.15, "standard deviations")
  expect_lt(moments$center[3] + 2 * sqrt(moments$cov[3, 3]), 0)
})

test_that("products have the priors of their first factor", {
  set.seed(5)
  data <- expand.grid(a = factor(1:2), visit = factor(1:3), id = factor(1:15))
  data$y <- rnorm(15)[data$id] + c(1, 2)[data$a] * rnorm(90)
  fit <- function(residual, ...) {
    lmmfit(y ~ a, data, residual = residual, method = "Bayes", draws = 1000, seed = 5, ...)
  }
  product <- ~ us(a):ar1(visit) | id
  one <- fit(product)
  expect_identical(names(one$posterior$prior$blocks[[1L]]$cor), c("family", "eta"))
  expect_same_posterior(one, fit(product, sampler = "hmc"))
  expect_error(fit(product, sampler = "gibbs"), "structure", class = "henderson_error_gibbs")
  # Without correlation in time it is unstructured over pairs that are subjects of their own.
  data$pair <- interaction(data$id, data$visit)
  held <- fit(product, hold = c(residual.visit.rho = 0))
  plain <- fit(~ us(a | pair))
  expect_same_posterior(held, plain)
})

test_that("Gibbs sampling says what it has no conditional for", {
  fails <- function(pattern, formula, ...) {
    expect_error(lmmfit(formula, sleepstudy, method = "Bayes", sampler = "gibbs", ...), pattern,
      class = "henderson_error_gibbs")
  }
  fails("inverse_wishart", Reaction ~ Days + (Days | Subject))
  fails("structure", Reaction ~ Days, residual = ~ ar1(Days | Subject))
  # A correlation that is held leaves a structure all the same.
  fails("structure", Reaction ~ Days + ar1(factor(Days) | Subject), hold = c(Subject.rho = 0.5))
  fails("tied", Reaction ~ Days + (Days || Subject), tie = list(c("Subject.Intercept", "residual")))
  fails("bounds", Reaction ~ Days + (1 | Subject), bounds = list(Subject = c(0, 5000)))
  fails("importance sampling or .*hmc", Reaction ~ Days, residual = ~ ar1(Days | Subject))
  fails("half_normal", Reaction ~ Days + (1 | Subject), prior = lmm_prior(Subject = half_normal(1)))
  fails("shares", Reaction ~ Days + (1 | Subject),
    prior = lmm_prior(shares(Subject = 1, residual = 1)))
})

test_that("Gibbs sampling has unstructured residuals, with visits that are missing, and sections", {
  growth <- nlme::Orthodont[-c(3, 10, 11, 40, 101), ]
  prior <- lmm_prior(residual = inverse_wishart(diag(4) * 4, 6))
  fit <- function(residual, ...) {
    lmmfit(distance ~ age, growth, residual = residual, method = "Bayes", draws = 2000, seed = 4,
      ...)
  }
  visits <- ~ us(age | Subject)
  expect_same_posterior(fit(visits, prior = prior), fit(visits, prior = prior, sampler = "gibbs"))
  by_age <- ~ diag(age | Subject)
  expect_same_posterior(fit(by_age), fit(by_age, sampler = "gibbs"))
})

test_that("Gibbs sampling has the posterior of the expanded prior, and of one variance of many", {
  prior <- lmm_prior(Subject = inverse_wishart(diag(c(600, 40)), 2, alpha.V = 2),
    residual = inverse_gamma(2, 1000))
  fit <- function(formula, ...) {
    lmmfit(formula, sleepstudy, method = "Bayes", draws = 3000, seed = 5, ...)
  }
  slopes <- Reaction ~ Days + (Days | Subject)
  expect_same_posterior(fit(slopes, prior = prior), fit(slopes, prior = prior, sampler = "gibbs"))
  same <- Reaction ~ Days + id(factor(Days) | Subject) + (1 | Subject)
  expect_same_posterior(fit(same, hold = c(residual = 300)),
    fit(same, hold = c(residual = 300), sampler = "gibbs"))
})

test_that("a prior without a density needs Gibbs sampling, and says so", {
  dense <- inverse_wishart(matrix(c(600, 50, 50, 40), 2), 3, alpha.V = 2)
  fit <- function(...) {
    lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", draws = 200, seed = 1,
      ...)
  }
  conjugate <- lmm_prior(Subject = dense, residual = half_t(3))
  own <- suppressWarnings(fit(prior = conjugate))
  expect_identical(own$posterior$sampler, "gibbs")
  expect_true(all(is.na(own$posterior$log_prior)))
  for (sampler in c("importance", "hmc")) {
    expect_error(fit(prior = conjugate, sampler = sampler), "no density",
      class = "henderson_error_prior")
  }
  expect_error(fit(prior = lmm_prior(Subject = dense, residual = pc(50))), "residual",
    class = "henderson_error_gibbs")
})

test_that("above sixty parameters Gibbs sampling is the rung where it can be, in words", {
  set.seed(3)
  data <- expand.grid(visit = factor(1:11), id = factor(1:30))
  data$y <- rnorm(330) + rnorm(30)[data$id]
  fit <- function(...) {
    suppressWarnings(lmmfit(y ~ 1, data, residual = ~ us(visit | id), method = "Bayes",
      draws = 100, seed = 1, ...))
  }
  by_gibbs <- fit(prior = lmm_prior(residual = inverse_wishart(diag(11), 13)))
  expect_identical(by_gibbs$posterior$sampler, "gibbs")
  expect_output(print(by_gibbs), "Gibbs sampling; seed 1\nChains, as there are more than 60")
  rung <- first_rung(list(prior = model_prior(NULL, fit_model(by_gibbs)),
    parameters = by_gibbs$parameters, spec = fit_model(by_gibbs)$spec,
    start = list(lead = 1:66)))
  expect_identical(rung[[1L]], "hmc")
  expect_match(rung[[2L]], "more than 60 parameters, and Gibbs .* of residual: it needs")
})

test_that("chains cross zero in every standard deviation that may be near it", {
  set.seed(11)
  data <- as.data.frame(replicate(6, sample(factor(1:8), 80, TRUE), simplify = FALSE),
    col.names = letters[1:6])
  data$y <- rnorm(80)
  fit <- function(sampler) {
    lmmfit(y ~ 1 + (1 | a) + (1 | b) + (1 | c) + (1 | d) + (1 | e) + (1 | f), data,
      method = "Bayes", draws = 2000, seed = 3, sampler = sampler)
  }
  n_signed <- function(fit) length(turning_sets(fit$posterior$prior))
  by_chains <- fit("hmc")
  weighted <- fit("importance")
  expect_identical(c(n_signed(weighted), n_signed(by_chains)), c(4L, 6L))
  a <- varcomp(weighted)
  b <- varcomp(by_chains)
  expect_true(all(b$rhat < 1.02 & b$ess > 400))
  expect_lt(max(abs(a$estimate - b$estimate) / sqrt(a$mcse^2 + b$mcse^2)), 3)
})

test_that("weights that few draws have hand over to chains, or are told", {
  # The prior pulls the variances to zero, the data do not: a crooked ridge, with a k-hat below 0.7.
  fit <- function(...) {
    lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", draws = 1000, seed = 1,
      prior = lmm_prior(Subject = inverse_wishart(diag(2), 3)), ...)
  }
  expect_output(print(suppressWarnings(fit())), "Chains, as importance sampling")
  expect_warning(weighted <- fit(sampler = "importance"), class = "henderson_warning_khat")
  expect_output(print(weighted), "DO NOT TRUST")
})

test_that("more than twelve parameters are sampled by chains", {
  growth <- nlme::Orthodont
  fit <- lmmfit(distance ~ age * Sex, growth, residual = ~ us(age | Sex / Subject),
    method = "Bayes", draws = 600, seed = 1)
  expect_identical(fit$posterior$sampler, "hmc")
  expect_true(all(varcomp(fit)$rhat < 1.1))
  expect_output(print(summary(fit)), "Hamiltonian.*more than 12 parameters.*R-hat")
})

# The rank of the truth among draws, as a probability.
rank_of <- function(truth, values, weight) {
  sum(weight[values < truth]) + stats::runif(1) * sum(weight[values == truth])
}

test_that("posteriors of data from the prior are calibrated", {
  set.seed(21)
  data <- data.frame(g = gl(8, 4), x = rep(1:4, 8))
  prior <- lmm_prior(g = half_normal(1), residual = half_normal(1), beta = normal(0, 2))
  ranks <- vapply(1:60, function(k) {
    truth <- c(abs(rnorm(2)), rnorm(1, 0, 2))
    data$y <- rnorm(1, 0, 2) + truth[3] * data$x + rnorm(8, 0, truth[1])[data$g] +
      rnorm(32, 0, truth[2])
    fit <- lmmfit(y ~ x + (1 | g), data, method = "Bayes", prior = prior, draws = 256, seed = k)
    weight <- fit$posterior$weight
    moments <- fixed_function_moments(fit, matrix(c(0, 1), 1))
    c(rank_of(truth[1]^2, fit$posterior$values[, 1], weight),
      rank_of(truth[2]^2, fit$posterior$values[, 2], weight),
      1 - mixture_above(moments$mean[, 1], moments$variance[, 1], weight, truth[3]))
  }, numeric(3))
  for (k in 1:3) expect_gt(suppressWarnings(ks.test(ranks[k, ], "punif"))$p.value, 0.001)
})

test_that("subjects that lack the same visits are found among any number of visits", {
  # The second lacks the first of 60 visits, the third that and the last.
  cells <- rbind(cbind(1, 1:60), cbind(2, 2:60), cbind(3, 2:59), cbind(4, 2:60))
  found <- subjects_lacking(cells, 4L, 60L)
  expect_identical(lapply(found, `[[`, "subjects"), list(c(2L, 4L), 3L))
  expect_identical(lapply(found, function(own) which(own$gone)), list(1L, c(1L, 60L)))
})
