# Covariance matrices that are nearly singular: densities of the coordinates of a frame, and
# posteriors in closed form.

data("sleepstudy", package = "lme4", envir = environment())

prior_of <- function(formula, ...) {
  parts <- parse_formula(formula, sleepstudy)
  model_prior(lmm_prior(...), build_model(parts, new_frame(parts, sleepstudy), "Bayes"))
}

test_that("a density of the matrix is the same with a frame and without", {
  slopes <- Reaction ~ Days + (Days | Subject)
  quadratic <- Reaction ~ Days + (Days + I(Days^2) | Subject)
  priors <- list(
    prior_of(slopes),
    prior_of(slopes, Subject = half_normal(2), Subject.cor = beta_prior(2, 3)),
    prior_of(quadratic, Subject.Days = log_normal(0, 1), Subject.cor = lkj(1.3)),
    prior_of(quadratic, Subject = inverse_wishart(diag(3) + 0.3, 4.5)),
    prior_of(quadratic, Subject = inverse_wishart(diag(1:3), 4, alpha.V = 3:1))
  )
  set.seed(2)
  for (prior in priors) {
    block <- prior$blocks[[1L]]
    framed <- prior
    A <- matrix(rnorm(block$t^2), block$t)
    framed$blocks[[1L]]$frame <- t(chol(tcrossprod(A[, -1L]) + 1e-3 * diag(block$t)))
    expect_gradient(framed)
    expect_false(any(even_deviations(framed$blocks[[1L]])))
    # By the matrix: that by the coordinates over the determinant of its entries by them.
    by_matrix <- function(prior, x) {
      slopes <- complex_slopes(x, function(x) block_values(prior$blocks[[1L]], x))
      own <- seq_len(block$size)
      log_prior(prior, cbind(x, 0.3))$value - log(abs(det(matrix(slopes[, own, ], length(own)))))
    }
    for (k in 1:4) {
      x <- rbind(rnorm(block$size, 0, 0.5))
      values <- drop(block_values(framed$blocks[[1L]], x))
      expect_equal(matrix_coordinates(framed$blocks[[1L]], values, most = 1), drop(x))
      plain <- rbind(matrix_coordinates(block, values, most = 1))
      expect_within(by_matrix(framed, x), by_matrix(prior, plain), 1e-7, "density")
    }
  }
})

# Three visits of twenty subjects, one nearly given by the two others.
nearly_given <- function(sd) {
  set.seed(9)
  L <- matrix(rnorm(6), 3)
  data <- data.frame(id = gl(20, 3), visit = factor(rep(1:3, 20)))
  data$y <- as.vector(L %*% matrix(rnorm(40), 2)) + rnorm(60, 0, sd)
  data
}

test_that("residuals that are nearly singular have their inverse Wishart distribution", {
  skip_without_bayes()
  # Under a mean for each visit with a flat prior and an inverse Wishart prior, scale matrix nu V,
  # the posterior is inverse Wishart with scale matrix nu V + SS and nu + 19 degrees of freedom.
  for (sd in c(1e-1, 1e-3, 1e-5)) {
    data <- nearly_given(sd)
    Y <- matrix(data$y, 20, byrow = TRUE)
    V <- sd^2 * diag(3)
    scale <- 4 * V + crossprod(scale(Y, scale = FALSE))
    df <- 4 + 19
    upper <- upper.tri(scale, diag = TRUE)
    mean <- (scale / (df - 4))[upper]
    d <- diag(scale)
    variance <- (((df - 2) * scale^2 + (df - 4) * outer(d, d)) /
      ((df - 3) * (df - 4)^2 * (df - 6)))[upper]
    # The variance of what the others leave of the third is inverse gamma.
    left <- 1 / solve(scale)[3L, 3L] / (df - 2)
    for (sampler in c("importance", "hmc", "gibbs")) {
      fit <- lmmfit(y ~ 0 + visit, data, residual = ~ us(visit | id), method = "Bayes",
        draws = 4000, prior = lmm_prior(residual = inverse_wishart(V, 4)), seed = 1,
        sampler = sampler)
      own <- varcomp(fit)
      expect_lt(max(abs(own$estimate - mean) / own$mcse), 4)
      expect_within(own$se / sqrt(variance), rep(1, 6), 0.12, paste("spread,", sampler))
      given <- apply(fit$posterior$values, 1L, function(v) {
        sigma <- matrix(v[c(1, 2, 4, 2, 3, 5, 4, 5, 6)], 3)
        exp(as.numeric(determinant(sigma)$modulus - determinant(sigma[1:2, 1:2])$modulus))
      })
      expect_within(sum(given * fit$posterior$weight) / left, 1, 0.05, paste("given,", sampler))
      if (sampler == "importance") expect_lt(fit$posterior$khat, 0.7)
      if (sampler != "importance") expect_lt(max(own$rhat), 1.03)
    }
  }
})

test_that("importance sampling and chains agree under half-t and LKJ priors", {
  skip_without_bayes()
  for (sd in c(1e-2, 1e-4)) {
    data <- nearly_given(sd)
    fit <- function(sampler) {
      lmmfit(y ~ 1, data, residual = ~ us(visit | id), method = "Bayes", draws = 4000, seed = 1,
        sampler = sampler)
    }
    weighted <- fit(NULL)
    expect_identical(weighted$posterior$sampler, "importance")
    chains <- fit("hmc")
    expect_lt(max(varcomp(chains)$rhat), 1.03)
    expect_gt(min(varcomp(chains)$ess), 1000)
    own <- varcomp(weighted)
    other <- varcomp(chains)
    expect_lt(max(abs(own$estimate - other$estimate) / sqrt(own$mcse^2 + other$mcse^2)), 4)
    expect_within(own$se / other$se, rep(1, 6), 0.1, "spread")
  }
})

test_that("a matrix of which the data tell no direction keeps its coordinates", {
  skip_without_bayes()
  set.seed(3)
  data <- data.frame(g = gl(5, 6), x = rep(1:6, 5))
  u <- rnorm(5)
  data$y <- u[data$g] + u[data$g] * data$x / 3 + rnorm(30)
  fit <- lmmfit(y ~ x + (x | g), data, method = "Bayes", draws = 1000, seed = 1)
  expect_null(fit$posterior$prior$blocks[[1L]]$frame)
  expect_lt(fit$posterior$khat, 0.7)
})
