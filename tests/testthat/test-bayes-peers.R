# MCMCglmm's posteriors under its own priors: means within Monte Carlo errors of both, which is what
# a chain of its length can tell.

skip_without_bayes()
skip_on_cran()
skip_if_not_installed("MCMCglmm")
MCMCglmm <- getExportedValue("MCMCglmm", "MCMCglmm")
skip_if_not_installed("coda")
data("sleepstudy", package = "lme4", envir = environment())

expect_same_means <- function(fit, chain, columns) {
  own <- varcomp(fit)
  their <- chain[, columns]
  error <- apply(their, 2L, sd) / sqrt(coda::effectiveSize(their))
  gap <- abs(own$estimate - colMeans(their)) / sqrt(error^2 + own$mcse^2)
  expect(all(gap < 4), sprintf("means are up to %.1f Monte Carlo errors apart", max(gap)))
  expect_relative(own$median, apply(their, 2L, median), 0.1, "medians", scale = own$se)
  expect_relative(own$se, apply(their, 2L, sd), 0.15, "standard deviations")
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
