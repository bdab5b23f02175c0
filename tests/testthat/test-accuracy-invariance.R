# The answers do not depend on the order of the rows or the names of the levels, and follow the
# units of the response and of the covariates.

invariance_models <- function() {
  peer_models()[c(
    "sleepstudy line", "Orthodont line", "Oats split plot", "Machines by worker", "Penicillin",
    "cake line"
  )]
}

for (name in names(invariance_models())) {
  test_that(paste("order of rows:", name), {
    skip_if_not_installed("lme4")
    model <- invariance_models()[[name]]
    set.seed(5)
    shuffled <- model$data[sample(nrow(model$data)), ]
    one <- our_answers(fit_ours(model$formula, model$data))
    two <- our_answers(fit_ours(model$formula, shuffled))
    expect_relative(two$minus2loglik, one$minus2loglik, 1e-9, "-2l")
    expect_relative(
      two$variances, one$variances, 1e-6, "variances",
      scale = 1e-2 * max(abs(one$variances))
    )
    expect_relative(two$fixef, one$fixef, 1e-7, "BLUE", scale = one$se)
    expect_relative(two$ranef[names(one$ranef)], one$ranef, 1e-6, "BLUP", max(abs(one$ranef)))
  })

  test_that(paste("unit of the response:", name), {
    skip_if_not_installed("lme4")
    model <- invariance_models()[[name]]
    response <- all.vars(model$formula)[1L]
    one <- fit_ours(model$formula, model$data)
    for (unit in c(1e-8, 1e-3, 1e3, 1e8)) {
      data <- model$data
      data[[response]] <- data[[response]] * unit
      two <- fit_ours(model$formula, data)
      df <- nobs(one) - one$rank
      expect_within(
        two$minus2loglik - 2 * df * log(unit), one$minus2loglik, 1e-6, paste("-2l, unit", unit)
      )
      expect_relative(
        our_variances(two) / unit^2, our_variances(one), 1e-6, paste("variances, unit", unit),
        scale = 1e-2 * max(abs(our_variances(one)))
      )
      expect_relative(fixef(two) / unit, fixef(one), 1e-7, paste("BLUE, unit", unit),
        scale = our_answers(one)$se
      )
    }
  })

  test_that(paste("names and order of the levels:", name), {
    skip_if_not_installed("lme4")
    model <- invariance_models()[[name]]
    group <- names(Filter(is.factor, model$data[all.vars(model$formula)]))
    group <- intersect(group, c("Subject", "Block", "Worker", "plate", "replicate"))[1L]
    data <- model$data
    data[[group]] <- factor(data[[group]], rev(levels(data[[group]])))
    levels(data[[group]]) <- paste0("level", seq_len(nlevels(data[[group]])))
    one <- fit_ours(model$formula, model$data)
    two <- fit_ours(model$formula, data)
    expect_relative(two$minus2loglik, one$minus2loglik, 1e-9, "-2l")
    expect_relative(fixef(two), fixef(one), 1e-7, "BLUE", scale = our_answers(one)$se)
    expect_relative(fitted(two), fitted(one), 1e-6, "fitted values")
  })
}

test_that("unit and origin of a covariate with a random slope", {
  skip_if_not_installed("lme4")
  model <- peer_models()[["sleepstudy line"]]
  one <- fit_ours(model$formula, model$data)
  reference <- our_variances(one)
  for (unit in c(1e-6, 1, 1e6)) {
    for (origin in c(0, 1e3)) {
      data <- model$data
      data$Days <- unit * (data$Days + origin)
      what <- sprintf("unit %g, origin %g", unit, origin)
      two <- fit_ours(model$formula, data)
      expect_within(two$minus2loglik - 2 * log(unit), one$minus2loglik, 1e-5, paste(what, "-2l"))
      v <- our_variances(two)
      # Intercept at Days = 0 from the line in shifted units.
      slope <- v[["Subject.Days"]] * unit^2
      covariance <- v[["Subject.Intercept.Days"]] * unit
      intercept <- v[["Subject.Intercept"]] + 2 * origin * covariance + origin^2 * slope
      expect_relative(slope, reference[["Subject.Days"]], 1e-4, paste(what, "slope variance"))
      expect_relative(
        intercept, reference[["Subject.Intercept"]], 1e-4, paste(what, "intercept variance")
      )
      expect_relative(v[["residual"]], reference[["residual"]], 1e-5, paste(what, "residual"))
      expect_relative(fitted(two), fitted(one), 1e-6, paste(what, "fitted"))
    }
  }
})

test_that("equal weights of any size", {
  skip_if_not_installed("lme4")
  model <- peer_models()[["sleepstudy line"]]
  one <- fit_ours(model$formula, model$data)
  for (weight in c(1e-6, 7, 1e6)) {
    weights <- rep(weight, nrow(model$data))
    two <- do.call(fit_ours, list(model$formula, model$data, weights = weights))
    # sigma^2 / w with w constant is a change of the name of sigma^2.
    expect_relative(two$minus2loglik, one$minus2loglik, 1e-9, "-2l")
    # The search ends where 1e-10 of -2l is left to gain: 1e-5 standard errors from the optimum.
    expect_within(
      our_variances(two) / c(1, 1, 1, weight), our_variances(one), 2e-5 * one$parameters$se,
      "variances"
    )
  }
})

test_that("only the ratios of weights count, but for the unit of the residual variance", {
  set.seed(1)
  d <- expand.grid(v = factor(1:4), g = gl(20, 1))
  d$y <- rnorm(20)[d$g] + rnorm(80) * as.integer(d$v)
  d$x <- rnorm(80)
  d$w <- runif(80, 0.5, 2)
  for (residual in c(~iid, ~ ar1(v | g), ~ us(v | g))) {
    fits <- lapply(10^c(0, 8, -8, 30), function(unit) {
      lmmfit(y ~ v + (x | g), d, weights = unit * w, residual = residual)
    })
    for (fit in fits[-1L]) {
      expect_equal(fit$minus2loglik, fits[[1L]]$minus2loglik, tolerance = 1e-9)
      expect_lt(abs(fit$convergence$iterations - fits[[1L]]$convergence$iterations), 3)
      expect_equal(varcomp(fit)$estimate[1:3], varcomp(fits[[1L]])$estimate[1:3], tolerance = 1e-4)
    }
  }
})
