# The curvature of posteriors that are narrow in some coordinates: closed forms.

skip_without_bayes()

# Effects of three visits in a plane, each twice, with nearly no errors beside them.
plane_data <- function(sd) {
  set.seed(7)
  data <- expand.grid(visit = factor(1:3), rep = 1:2, id = factor(1:20))
  u <- matrix(rnorm(40), 20) %*% matrix(rnorm(6), 2)
  data$y <- 2 + u[cbind(data$id, data$visit)] + rnorm(120, 0, sd)
  data
}
plane_prior <- lmm_prior(id.loadings = normal(0, 1), residual = half_normal(1))

test_that("a residual variance near zero beside loadings has its inverse gamma distribution", {
  # In the limit of no errors the plane is known: a mean, forty coordinates in the plane and its two
  # slopes are estimated from 120 records. RSS / v is chi-squared then, its density times the flat
  # one of sqrt(v): v is inverse gamma with shape (77 - 1) / 2. REML divides by 79: it integrates
  # the mean and the coordinates only.
  for (sd in c(1e-2, 1e-4)) {
    data <- plane_data(sd)
    formula <- y ~ 1 + rr(visit | id, 2)
    reml <- varcomp(lmmfit(formula, data))
    for (sampler in c("importance", "hmc")) {
      fit <- lmmfit(formula, data, method = "Bayes", prior = plane_prior, draws = 2000, seed = 1,
        sampler = sampler)
      own <- varcomp(fit)
      own <- own[own$parameter == "residual", ]
      rss <- 79 * reml$estimate[reml$parameter == "residual"]
      expect_lt(abs(own$estimate - rss / 74), 5 * own$mcse + 1e-3 * own$estimate)
      expect_within(own$se / own$estimate, sqrt(2 / 72), 0.08, "spread")
      if (sampler == "importance") expect_lt(fit$posterior$khat, 0.7)
      if (sampler == "hmc") expect_lt(max(varcomp(fit)$rhat), 1.05)
    }
  }
})

test_that("curvature is exact at any scale of a coordinate", {
  # A normal density of one coordinate, and a quartic of the other: its differences are exact only
  # where a step is small.
  for (scale in c(1, 1e-3, 1e-6, 1e-9)) {
    found <- curvature_at(c(0.5 * scale, 0), function(x) {
      cbind(-x[, 1L] / scale^2 - (x[, 1L] / scale)^3 / scale, -x[, 2L])
    })
    expect_within(found[1L, 1L] * scale^2, 1 + 3 * 0.5^2, 2e-3, "narrow")
    expect_within(found[2L, 2L], 1, 1e-6, "wide")
  }
})

test_that("chains begin where there is a density", {
  at <- function(y) list(y = y, value = ifelse(abs(y[, 1L]) < 0.01, -y[, 1L]^2, -Inf), slope = -y)
  state <- inner_state(at, cbind(c(0.005, 3, -2), 1))
  expect_true(all(is.finite(state$value)))
  expect_identical(state$y[1L, ], c(0.005, 1))
  expect_identical(state$y[2L, ], c(3, 1) / 512)
})
