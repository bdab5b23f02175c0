# MCMCglmm's posteriors under its own priors: means within Monte Carlo errors of both, which is what
# a chain of its length can tell.

skip_without_bayes()
skip_on_cran()
skip_if_not_installed("MCMCglmm")
MCMCglmm <- getExportedValue("MCMCglmm", "MCMCglmm")
skip_if_not_installed("coda")
data("sleepstudy", package = "lme4", envir = environment())

# The share of the draws below a quantile of the chain has the errors of both samples.
expect_same_quantiles <- function(fit, their) {
  weight <- fit$posterior$weight
  ess <- sum(weight)^2 / sum(weight^2)
  gap <- vapply(c(0.05, 0.25, 0.5, 0.75, 0.95), function(p) {
    at <- apply(their, 2L, stats::quantile, p)
    below <- colSums(weight * sweep(fit$posterior$values, 2L, at, "<")) / sum(weight)
    chain_ess <- apply(their, 2L, posterior::ess_quantile, probs = p)
    max(abs(below - p) / sqrt(p * (1 - p) * (1 / ess + 1 / chain_ess)))
  }, 0)
  expect(all(gap < 3), sprintf("quantiles are up to %.1f Monte Carlo errors apart", max(gap)))
}

# Of a standard deviation of weighted draws, over its sequences.
sd_errors <- function(fit) {
  draws <- fit$posterior
  parts <- vapply(split(seq_along(draws$weight), draws$part), function(own) {
    weighted_sd(draws$values[own, ], draws$weight[own] / sum(draws$weight[own]))
  }, numeric(ncol(draws$values)))
  apply(parts, 1L, stats::sd) / sqrt(ncol(parts))
}

expect_same_chain <- function(fit, chain, columns) {
  own <- varcomp(fit)
  their <- chain[, columns]
  error <- apply(their, 2L, sd) / sqrt(coda::effectiveSize(their))
  gap <- abs(own$estimate - colMeans(their)) / sqrt(error^2 + own$mcse^2)
  expect(all(gap < 3), sprintf("means are up to %.1f Monte Carlo errors apart", max(gap)))
  sd_error <- apply(their, 2L, function(x) posterior::mcse_sd(matrix(x)))
  gap <- abs(own$se - apply(their, 2L, sd)) / sqrt(sd_error^2 + sd_errors(fit)^2)
  expect(all(gap < 3), sprintf("sds are up to %.1f Monte Carlo errors apart", max(gap)))
  expect_same_quantiles(fit, their)
}

expect_same_means <- function(fit, chain, columns) {
  expect_same_chain(fit, chain, columns)
  own <- varcomp(fit)
  expect_relative(own$median, apply(chain[, columns], 2L, median), 0.1, "medians", scale = own$se)
}

test_that("random slopes under an inverse Wishart prior", {
  set.seed(1)
  V <- diag(c(600, 40))
  chain <- MCMCglmm(Reaction ~ Days, random = ~ us(1 + Days):Subject, data = sleepstudy,
    prior = list(R = list(V = 600, nu = 4), G = list(G1 = list(V = V, nu = 4))), verbose = FALSE,
    nitt = 25000, burnin = 1000, thin = 6)
  fit <- lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", seed = 2,
    prior = lmm_prior(Subject = inverse_wishart(V, 4), residual = inverse_wishart(600, 4)))
  expect_same_means(fit, chain$VCV, c(1, 2, 4, 5))
  expect_relative(unname(fixef(fit)), unname(colMeans(chain$Sol)), 0.01, "fixed effects")
})

test_that("an animal model of blue tits with its pedigree", {
  BTdata <- peer_data("BTdata", "MCMCglmm")
  BTped <- peer_data("BTped", "MCMCglmm")
  set.seed(1)
  weak <- list(V = 1, nu = 0.2)
  chain <- MCMCglmm(tarsus ~ sex, random = ~animal, data = BTdata, pedigree = BTped,
    prior = list(R = weak, G = list(G1 = weak)), verbose = FALSE, nitt = 6000, burnin = 1000,
    thin = 2)
  ped <- pedigree(data.frame(id = BTped$animal, sire = BTped$sire, dam = BTped$dam))
  fit <- lmmfit(tarsus ~ sex + (1 | gr(animal, pedigree = ped)), BTdata, method = "Bayes", seed = 2,
    draws = 1000, prior = lmm_prior(animal = inverse_wishart(1, 0.2),
      residual = inverse_wishart(1, 0.2)))
  expect_same_means(fit, chain$VCV, 1:2)
})

test_that("a variance at the boundary under the expanded prior", {
  Dyestuff2 <- peer_data("Dyestuff2", "lme4")
  set.seed(1)
  chain <- MCMCglmm(Yield ~ 1, random = ~Batch, data = Dyestuff2, verbose = FALSE,
    prior = list(R = list(V = 10, nu = 4),
      G = list(G1 = list(V = 1, nu = 3, alpha.mu = 0, alpha.V = 4))),
    nitt = 41000, burnin = 1000, thin = 5)
  fit <- lmmfit(Yield ~ 1 + (1 | Batch), Dyestuff2, method = "Bayes", seed = 2,
    prior = lmm_prior(Batch = inverse_wishart(1, 3, alpha.V = 4),
      residual = inverse_wishart(10, 4)))
  expect_same_chain(fit, chain$VCV, 1:2)
})

test_that("random slopes under an expanded prior with correlations", {
  sleepstudy <- peer_data("sleepstudy", "lme4")
  V <- matrix(c(600, 60, 60, 40), 2) / 10
  set.seed(1)
  chain <- MCMCglmm(Reaction ~ Days, random = ~ us(1 + Days):Subject, data = sleepstudy,
    prior = list(R = list(V = 600, nu = 4),
      G = list(G1 = list(V = V, nu = 3, alpha.mu = c(2, 3), alpha.V = diag(2) * 4))),
    verbose = FALSE, nitt = 22000, burnin = 2000, thin = 4)
  prior <- lmm_prior(Subject = inverse_wishart(V, 3, alpha.mu = c(2, 3), alpha.V = 4),
    residual = inverse_wishart(600, 4))
  fit <- lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", seed = 2,
    draws = 8000, prior = prior)
  expect_identical(fit$posterior$sampler, "gibbs")
  expect_output(print(fit), "prior of Subject has no density in closed form")
  expect_same_chain(fit, chain$VCV, c(1, 2, 4, 5))
})

test_that("two crossed terms", {
  Penicillin <- peer_data("Penicillin", "lme4")
  set.seed(1)
  own <- list(V = 1, nu = 4)
  chain <- MCMCglmm(diameter ~ 1, random = ~ plate + sample, data = Penicillin, verbose = FALSE,
    prior = list(R = own, G = list(G1 = own, G2 = own)), nitt = 11000, burnin = 1000, thin = 4)
  wishart <- inverse_wishart(1, 4)
  fit <- lmmfit(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin, method = "Bayes", seed = 2,
    prior = lmm_prior(plate = wishart, sample = wishart, residual = wishart))
  expect_same_chain(fit, chain$VCV, 1:3)
})

test_that("repeated measures with missing visits, an unstructured residual", {
  fev <- peer_data("fev_data", "mmrm")
  set.seed(1)
  V <- 40 * diag(4)
  chain <- MCMCglmm(FEV1 ~ AVISIT * ARMCD, rcov = ~ us(AVISIT):USUBJID, data = fev,
    prior = list(R = list(V = V, nu = 6)), verbose = FALSE, nitt = 40500, burnin = 500, thin = 2)
  fit <- lmmfit(FEV1 ~ AVISIT * ARMCD, fev[!is.na(fev$FEV1), ], residual = ~ us(AVISIT | USUBJID),
    method = "Bayes", seed = 2, draws = 16384, prior = lmm_prior(residual = inverse_wishart(V, 6)))
  expect_same_chain(fit, chain$VCV, which(upper.tri(V, diag = TRUE)))
})

test_that("two traits of blue tits with their pedigree", {
  skip_unless_slow()
  BTdata <- peer_data("BTdata", "MCMCglmm")
  BTped <- peer_data("BTped", "MCMCglmm")
  set.seed(1)
  V <- diag(2) / 2
  chain <- MCMCglmm(cbind(tarsus, back) ~ trait - 1 + trait:sex, random = ~ us(trait):animal,
    rcov = ~ us(trait):units, data = BTdata, pedigree = BTped, family = rep("gaussian", 2),
    prior = list(R = list(V = V, nu = 4), G = list(G1 = list(V = V, nu = 4))), verbose = FALSE,
    nitt = 22000, burnin = 1000, thin = 5)
  ped <- pedigree(data.frame(id = BTped$animal, sire = BTped$sire, dam = BTped$dam))
  fit <- lmmfit(cbind(tarsus, back) ~ sex + (1 | gr(animal, pedigree = ped)), BTdata,
    method = "Bayes", seed = 2, draws = 2000,
    prior = lmm_prior(animal = inverse_wishart(V, 4), residual = inverse_wishart(V, 4)))
  expect_same_chain(fit, chain$VCV, c(1, 3, 4, 5, 7, 8))
})
