# The samplers against each other, and calibration: parameters drawn from the prior are ranked
# uniformly in posteriors of data drawn from them.

skip_without_bayes()
data("sleepstudy", package = "lme4", envir = environment())
data("Penicillin", package = "lme4", envir = environment())

expect_same_posterior <- function(one, two) {
  a <- varcomp(one)
  b <- varcomp(two)
  gap <- abs(a$estimate - b$estimate) / sqrt(a$mcse^2 + b$mcse^2)
  expect(all(gap < 4), sprintf("means are up to %.1f Monte Carlo errors apart", max(gap)))
  expect_relative(spreads(one), spreads(two), 0.12, "standard deviations of logarithms")
  expect_relative(fixef(one), fixef(two), 0.02, "fixed effects")
}

# Of the logarithms of variances: those of variances with few levels have tails that no number of
# draws of a test settles.
spreads <- function(fit) {
  weighted_sd(log(fit$posterior$values[, fit$parameters$kind == "variance"]), fit$posterior$weight)
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

test_that("Gibbs sampling says what it has no conditional for", {
  fails <- function(pattern, formula, ...) {
    expect_error(lmmfit(formula, sleepstudy, method = "Bayes", sampler = "gibbs", ...), pattern,
      class = "henderson_error_gibbs")
  }
  fails("inverse_wishart", Reaction ~ Days + (Days | Subject))
  fails("structure", Reaction ~ Days, residual = ~ ar1(Days | Subject))
  fails("half_normal", Reaction ~ Days + (1 | Subject), prior = lmm_prior(Subject = half_normal(1)))
  fails("shares", Reaction ~ Days + (1 | Subject),
    prior = lmm_prior(shares(Subject = 1, residual = 1)))
})

test_that("more than twelve parameters are sampled by chains", {
  growth <- nlme::Orthodont
  fit <- lmmfit(distance ~ age * Sex, growth, residual = ~ us(age | Sex / Subject),
    method = "Bayes", draws = 600, seed = 1)
  expect_identical(fit$posterior$sampler, "hmc")
  expect_true(all(varcomp(fit)$rhat < 1.1))
  expect_output(print(summary(fit)), "Hamiltonian.*R-hat")
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
