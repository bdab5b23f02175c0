# rstanarm's posteriors under its own prior, decov(1, 1, 1, 1). Ours have half-t priors and are
# weighted to it: of one coefficient, the standard deviation over that of the residual is
# exponential.

skip_without_bayes()
skip_on_cran()
skip_unless_slow()
skip_if_not_installed("rstanarm")

stan_draws <- function(formula, data) {
  # stan_lmer() calls stan_glmer() by name.
  suppressMessages(attachNamespace("rstanarm"))
  on.exit(detach("package:rstanarm", character.only = TRUE))
  of_stan <- function(name) getExportedValue("rstanarm", name)
  fit <- suppressWarnings(of_stan("stan_lmer")(formula, data, chains = 2, iter = 2000,
    refresh = 0, prior_intercept = of_stan("normal")(0, 1000),
    prior_aux = of_stan("cauchy")(0, 50), prior_covariance = of_stan("decov")(1, 1, 1, 1),
    adapt_delta = 0.99, seed = 1, cores = 1))
  draws <- as.data.frame(fit)
  cbind(sqrt(as.matrix(draws[grepl("^Sigma", names(draws))])), sigma = draws$sigma)
}

# Intercepts only, the terms in the order of rstanarm's columns.
weighted_draws <- function(formula, data, terms) {
  own <- lapply(stats::setNames(nm = terms), function(term) henderson::half_t(3, 0, 2))
  prior <- do.call(lmm_prior, c(own, list(residual = henderson::half_cauchy(50))))
  fit <- lmmfit(formula, data, method = "Bayes", draws = 16384, seed = 1, prior = prior)
  s <- sqrt(fit$posterior$values)
  sigma <- s[, ncol(s)]
  to_decov <- function(j) {
    stats::dexp(s[, j] / sigma, log = TRUE) - log(sigma) - stats::dt(s[, j] / 2, 3, log = TRUE)
  }
  change <- rowSums(vapply(seq_along(terms), to_decov, sigma))
  weight <- fit$posterior$weight * exp(change - max(change))
  list(values = s, weight = weight / sum(weight))
}

expect_same_as_stan <- function(formula, data, terms, columns) {
  stan <- stan_draws(formula, data)[, columns]
  own <- weighted_draws(formula, data, terms)
  mean <- colSums(own$weight * own$values)
  sd <- sqrt(colSums(own$weight * sweep(own$values, 2L, mean)^2))
  in_chains <- function(x) matrix(x, ncol = 2L)
  error <- apply(stan, 2L, function(x) posterior::mcse_mean(in_chains(x)))
  sd_error <- apply(stan, 2L, function(x) posterior::mcse_sd(in_chains(x)))
  gap <- c(abs(colMeans(stan) - mean) / error, abs(apply(stan, 2L, stats::sd) - sd) / sd_error)
  expect(all(gap < 3), sprintf("moments are up to %.1f Monte Carlo errors apart", max(gap)))
}

test_that("a variance at the boundary", {
  Dyestuff2 <- peer_data("Dyestuff2", "lme4")
  expect_same_as_stan(Yield ~ 1 + (1 | Batch), Dyestuff2, "Batch", 1:2)
})

test_that("two crossed terms", {
  Penicillin <- peer_data("Penicillin", "lme4")
  expect_same_as_stan(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin, c("plate", "sample"),
    1:3)
})
