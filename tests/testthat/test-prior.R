# Priors: values and normalisation, gradients by differences, what is refused.

data("sleepstudy", package = "lme4", envir = environment())

model_of <- function(formula, data = sleepstudy, ...) {
  parts <- parse_formula(formula, data, ...)
  build_model(parts, new_frame(parts, data), "Bayes")
}

intercepts <- model_of(Reaction ~ Days + (1 | Subject))
slopes <- model_of(Reaction ~ Days + (Days | Subject))
quadratic <- model_of(Reaction ~ Days + (Days + I(Days^2) | Subject))

# The integral of a prior over its one standard deviation.
mass_of <- function(density) {
  prior <- model_prior(lmm_prior(Subject = density, residual = half_normal(1)), intercepts)
  own <- prior$blocks[[1L]]$prior
  f <- function(x) exp(log_sd_density(own, x)$value)
  stats::integrate(f, -25, 0, subdivisions = 1000L)$value +
    stats::integrate(f, 0, 25, subdivisions = 1000L)$value
}

test_that("densities of one standard deviation integrate to one", {
  priors <- list(half_t(3, 0, 2), half_t(4, 1, 0.5), half_normal(2), half_cauchy(0.3),
    exponential(2), pc(3, 0.05), log_normal(0.3, 0.6), inverse_gamma(2, 3),
    scaled_inverse_chisq(5, 1.3), inverse_wishart(2, 1.5), inverse_wishart(2, 3, alpha.V = 4))
  for (prior in priors) expect_within(mass_of(prior), 1, 1e-6, prior_text(prior))
})

test_that("densities have the values of their definitions", {
  at <- function(prior, x) prior_densities[[prior$family]]$density(prior, x)
  expect_equal(at(half_t(3, 0, 2), 1.5), log(2) + stats::dt(0.75, 3, log = TRUE) - log(2))
  expect_equal(at(half_cauchy(2), 1.5), log(2) + stats::dcauchy(1.5, 0, 2, log = TRUE))
  expect_equal(at(exponential(2), 1.5), stats::dexp(1.5, 2, log = TRUE))
  # Above u with probability alpha.
  expect_equal(stats::pexp(3, 1 / pc(3, 0.05)$scale, lower.tail = FALSE), 0.05)
  # The inverse of v has a gamma distribution.
  expect_equal(at(inverse_gamma(2, 3), 1.5),
    stats::dgamma(1 / 1.5, 2, 3, log = TRUE) - 2 * log(1.5))
  expect_equal(unclass(scaled_inverse_chisq(5, 1.3)), unclass(inverse_gamma(2.5, 3.25)))
  expect_equal(unclass(inverse_wishart(1.3, 5)), unclass(inverse_gamma(2.5, 3.25)))
  # MCMCglmm's expanded prior with V = 1, nu = 1 is half-Cauchy with scale sqrt(alpha.V).
  expect_equal(unclass(inverse_wishart(1, 1, alpha.V = 25)), unclass(half_cauchy(5)))
})

test_that("gradients of the log density are those by differences", {
  expect_gradient(model_prior(NULL, quadratic))
  expect_gradient(model_prior(lmm_prior(Subject = inverse_wishart(diag(3) + 0.3, 4.5),
    residual = inverse_gamma(2, 3)), quadratic))
  expect_gradient(model_prior(lmm_prior(Subject = inverse_wishart(diag(3), 4, alpha.V = 1:3)),
    quadratic))
  expect_gradient(model_prior(lmm_prior(shares(Subject.Intercept = 1.5, residual = 2),
    Subject.Days = log_normal(0, 1), Subject.cor = lkj(1.3)), quadratic))
  total <- shares(Subject = 2, residual = 3, total = exponential(0.2))
  expect_gradient(model_prior(lmm_prior(total), intercepts))
  expect_gradient(model_prior(lmm_prior(Subject.cor = beta_prior(2, 3), residual = pc(3)), slopes))
  ar <- model_of(Reaction ~ Days, residual = ~ ar1(Days | Subject))
  expect_gradient(model_prior(NULL, ar))
  expect_gradient(model_prior(lmm_prior(residual.rho = uniform(0, 1)), ar))
  range <- model_of(Reaction ~ Days, residual = ~ exp(Days | Subject))
  expect_gradient(model_prior(NULL, range))
})

test_that("signed coordinates have the same mass, and gradients by differences", {
  prior <- model_prior(NULL, quadratic)
  prior$blocks[[1L]]$signed <- c(TRUE, FALSE, TRUE)
  prior$blocks[[1L]]$unit <- c(20, 1, 0.5)
  expect_gradient(prior)
  expect_identical(turning_sets(prior), list(1L, 3L))
  for (own in list(half_t(3, 0, 2), half_normal(2), exponential(3))) {
    mass <- stats::integrate(function(x) exp(signed_density(own, x, 1.7)$value), 0, Inf)$value
    expect_within(mass, 1, 1e-6, prior_text(own))
  }
})

test_that("a function of the user is a prior", {
  own <- function(s) stats::dexp(s, 2, log = TRUE)
  x <- matrix(c(-1, 0, 0.4, 1, 2, 0.3), 3)
  found <- log_prior(model_prior(lmm_prior(Subject = own, residual = own), intercepts), x)
  known <- log_prior(model_prior(lmm_prior(Subject = exponential(2), residual = exponential(2)),
    intercepts), x)
  expect_equal(found$value, known$value)
  expect_within(found$gradient, known$gradient, 1e-6, "gradient")
})

test_that("the correlations of two coefficients under LKJ(1) are uniform, of inverse Wishart too", {
  for (prior in list(lkj(1), beta_prior(1, 1))) {
    own <- model_prior(lmm_prior(Subject.cor = prior), slopes)
    z <- seq(-3, 3, 0.5)
    expect_equal(correlation_density(own$blocks[[1L]], cbind(z))$value, log(0.5) + log_sech2(z))
  }
  # nu = t + 1: the marginal of the correlation is uniform.
  own <- model_prior(lmm_prior(Subject = inverse_wishart(diag(2), 3)), slopes)$blocks[[1L]]
  marginal <- function(z) {
    inner <- function(a) {
      stats::integrate(function(b) exp(wishart_density(own, cbind(a, b, z))$value), -8, 12)$value
    }
    stats::integrate(function(a) vapply(a, inner, 0), -8, 12)$value
  }
  uniform <- exp(log_sech2(0.8) - log_sech2(0.1))
  expect_within(marginal(0.8) / marginal(0.1), uniform, 1e-5, "uniform")
})

test_that("coordinates and values are inverse to each other", {
  prior <- model_prior(NULL, quadratic)
  start <- list(value = numeric(7), lead = 1:7, ratio = rep(1, 7))
  x <- rbind(c(0.2, -0.4, 1, 0.3, -0.2, 0.1, 2))
  values <- values_at(prior, x, start)
  L <- matrix(0, 3, 3)
  Sigma <- matrix(values[c(1, 2, 4, 2, 3, 5, 4, 5, 6)], 3)
  expect_equal(sqrt(diag(Sigma)), exp(x[1:3]))
  # det R is the product of 1 - p^2
  expect_equal(det(stats::cov2cor(Sigma)), prod(1 - tanh(x[4:6])^2))
  expect_equal(matrix_coordinates(prior$blocks[[1L]], values[1:6], most = 1), x[1:6])
})

test_that("default priors follow the units of the response and of the covariates", {
  scales <- function(model) {
    unlist(use.names = FALSE, lapply(model_prior(NULL, model)$blocks, function(block) {
      priors <- if (block$type == "matrix") block$prior else list(block$prior)
      lapply(priors, `[[`, "scale")
    }))
  }
  base <- scales(slopes)
  other <- transform(sleepstudy, Reaction = Reaction / 1000, Days = Days * 24)
  expect_equal(scales(model_of(Reaction ~ Days + (Days | Subject), other)),
    base * c(1, 1 / 24, 1) / 1000)
  e <- residuals(lm(Reaction ~ Days, sleepstudy))
  expect_equal(base[c(1, 3)], rep(2.5 * sqrt(mean(e^2)), 2))
})

test_that("what cannot be a prior is an error that says why", {
  fails <- function(prior, class, pattern, model = slopes) {
    expect_error(model_prior(prior, model), pattern, class = paste0("henderson_error_", class))
  }
  fails(lmm_prior(Subjct = half_t(3)), "prior_name", "Subject.Days")
  fails(lmm_prior(Subject.Intercept.Days = half_t(3)), "prior_name", "Subject.cor")
  fails(lmm_prior(Subject.cor = half_t(3)), "prior", "lkj")
  fails(lmm_prior(residual = lkj(2)), "prior", "standard deviation")
  fails(lmm_prior(Days = half_t(3)), "prior", "normal")
  fails(lmm_prior(Subject = inverse_wishart(diag(3), 4)), "prior", "2 x 2")
  fails(lmm_prior(shares(Subject.Intercept = 1, nobody = 1)), "prior_name", "nobody")
  fails(lmm_prior(shares(Subject.Intercept = 1, Subject.Intercept.Days = 1)), "prior_name", "cor")
  fails(lmm_prior(Subject.cor = uniform(-3, 3)), "prior", "everywhere between -3 and 3")
  fails(list(Subject = half_t(3)), "argument", "lmm_prior")
  expect_error(half_t(3, 0, -1), "scale", class = "henderson_error_argument")
  expect_error(half_normal(-1), "scale", class = "henderson_error_argument")
  expect_error(half_t(0), "df", class = "henderson_error_argument")
  expect_error(inverse_gamma(-1, 1), "shape", class = "henderson_error_argument")
  expect_error(lkj(0), "eta", class = "henderson_error_argument")
  expect_error(uniform(1, 0), "above", class = "henderson_error_argument")
  expect_error(normal(0, 0), "sd", class = "henderson_error_argument")
  expect_error(inverse_wishart(diag(3), 2), "too small", class = "henderson_error_prior")
  expect_error(inverse_wishart(matrix(1, 2, 2), 3), "definite", class = "henderson_error_argument")
  expect_error(inverse_wishart(diag(2), 3, alpha.V = c(1, -1)), "alpha.V")
  expect_error(inverse_wishart(diag(2), 3, alpha.V = diag(3)), "alpha.V")
  expect_error(inverse_wishart(diag(2), 3, alpha.V = matrix(1, 2, 2)), "alpha.V")
  expect_error(inverse_wishart(diag(2), 3, alpha.mu = 1:3, alpha.V = 1), "alpha.mu")
  expect_error(inverse_wishart(1, 3, alpha.mu = 1, alpha.V = 1), "alpha.mu")
  expect_error(inverse_wishart(diag(2), 3, alpha.mu = 1), "alpha.V")
  expect_error(lmm_prior(half_t(3)), "no name", class = "henderson_error_prior")
  expect_error(lmm_prior(a = half_t(3), a = half_t(3)), "two priors")
  expect_error(lmm_prior(a = "half_t"), "half_t", class = "henderson_error_prior")
  expect_error(lmm_prior(a = shares(x = 1, y = 1)), "without a name")
})

test_that("improper posteriors are refused with the reason", {
  fails <- function(prior, model, pattern) {
    expect_error(model_prior(prior, model), pattern, class = "henderson_error_prior_improper")
  }
  two <- droplevels(subset(sleepstudy, Subject %in% c("308", "309")))
  three <- droplevels(subset(sleepstudy, Subject %in% c("308", "309", "310")))
  fails(lmm_prior(Subject = flat()), model_of(Reaction ~ Days + (1 | Subject), two), "contrast")
  expect_s3_class(
    model_prior(lmm_prior(Subject = flat()), model_of(Reaction ~ Days + (1 | Subject), three)),
    "model_prior"
  )
  fails(lmm_prior(Subject = flat()), model_of(Reaction ~ Days + (Days | Subject), two), "contrast")
  fails(lmm_prior(Subject = inverse_gamma(0, 0)), intercepts, "near a variance of zero")
  fails(lmm_prior(Subject = inverse_wishart(1, 0)), intercepts, "near a variance of zero")
  fails(lmm_prior(shares(Subject = 1, residual = 1, total = flat())), intercepts, "total")
  # Of the residual both have a posterior.
  for (prior in list(flat(), inverse_gamma(0, 0))) {
    expect_s3_class(model_prior(lmm_prior(residual = prior), intercepts), "model_prior")
  }
})
