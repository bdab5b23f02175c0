# Intervals where a parameter is at the end of its space, or where some parameters have none.

# -2l of REML at these values of the parameters.
at_values <- function(fit, values) {
  likelihood_cpp(fit_spec(fit), as.double(values))$minus2loglik
}

# The rise where the likelihood is maximised over x by hand: values(x) gives all parameters.
dense_rise <- function(fit, start, values) {
  best <- stats::optim(start, function(x) at_values(fit, values(x)),
    control = list(maxit = 5000, reltol = 1e-13))
  best$value - deviance(fit)
}

trend <- function() {
  set.seed(8)
  data <- expand.grid(year = 2001:2012, site = factor(1:10))
  data$y <- 0.3 * (data$year - 2001) + rnorm(12)[data$year - 2000] + rnorm(10)[data$site] +
    rnorm(120)
  data$residual <- rnorm(120)
  data
}

test_that("a fixed effect and a variance of the same name keep their own intervals", {
  skip_if_not_installed("lme4")
  data <- trend()
  fit <- lmmfit(y ~ year + (1 | year) + (1 | site), data, method = "ML")
  peer <- lme4::lmer(y ~ year + (1 | year) + (1 | site), data, REML = FALSE)
  expected <- suppressWarnings(suppressMessages(confint(peer, quiet = TRUE)))
  variances <- confint(fit, "variance", method = "profile")
  expect_relative(variances["year", ], expected[".sig01", ]^2, 2e-3, "variance of years")
  both <- confint(fit, method = "profile")
  expect_identical(rownames(both), c("(Intercept)", "year", "year", "site", "residual"))
  expect_relative(both[2L, ], expected["year", ], 1e-3, "slope")
  expect_equal(both[3:5, ], variances)
  expect_equal(confint(fit, "year", method = "profile"), both[2:3, ])
  expect_equal(confint(fit, "fixed", method = "profile"), both[1:2, ])
  curves <- profile(fit, "year")
  expect_setequal(curves$effect, c("fixed", "variance"))
  expect_true(all(curves$value[curves$effect == "variance"] >= 0))

  wald <- confint(fit, c("year", "site"))
  expect_identical(rownames(wald), c("year", "year", "site"))
  expect_equal(wald[2:3, ], confint(fit, "variance")[1:2, ])
  boot <- confint(fit, method = "boot", nsim = 20, seed = 1)
  expect_lt(boot[2L, 2L], 0.6)
  expect_gt(boot[3L, 2L], 0.6)
  fixed <- confint(fit, "fixed", method = "boot", nsim = 20, seed = 1)
  expect_equal(boot["year", ], fixed["year", ])

  named <- lmmfit(y ~ residual + site:year + (1 | site), data)
  other <- lmmfit(y ~ x + site:year + (1 | site), transform(data, x = residual))
  expect_equal(confint(named, "variance", method = "profile"),
    confint(other, "variance", method = "profile"))
})

test_that("every row that has a profile is given, the others are NA with their reason", {
  data <- transform(as.data.frame(nlme::Oats), twice = 2 * nitro)
  held <- lmmfit(yield ~ nitro + (1 | Block), data, hold = c(Block = 200))
  found <- confint(held, method = "profile")
  expect_identical(unname(is.na(found[, 1L])), c(FALSE, FALSE, TRUE, FALSE))
  expect_match(attr(found, "reasons"), "held")
  expect_output(print(found), "NA: .*Block.* is held")
  expect_equal(unclass(found)["residual", ], confint(held, "residual", method = "profile")[1, ])
  expect_true(all(is.na(confint(held, "Block", method = "profile"))))
  expect_error(profile(held, "Block"), class = "henderson_error_profile")
  expect_setequal(profile(held)$parameter, c("(Intercept)", "nitro", "residual"))

  dropped <- lmmfit(yield ~ nitro + twice + (1 | Block), data)
  found <- confint(dropped, method = "profile")
  expect_identical(rownames(found)[is.na(found[, 1L])], "twice")
  expect_match(attr(found, "reasons"), "dropped")
  plain <- confint(lmmfit(yield ~ nitro + (1 | Block), data), method = "profile")
  expect_equal(unclass(found)[-3L, ], plain, tolerance = 1e-4, ignore_attr = TRUE)

  bounded <- lmmfit(yield ~ nitro + (1 | Block), data, bounds = list(Block = c(0, 100)))
  expect_identical(varcomp(bounded)$status[1L], "at bound")
  found <- confint(bounded, method = "profile")
  expect_equal(found[["Block", 2L]], 100, tolerance = 1e-8)
  expect_true(all(is.finite(found)))
})

test_that("covariances at the boundary have the limits of the dense profile", {
  data <- transform(mtcars, cyl = factor(cyl))
  fit <- lmmfit(mpg ~ wt + (1 + wt | cyl), data, method = "ML")
  expect_identical(varcomp(fit)$status[2L], "at boundary")
  found <- confint(fit, method = "profile")
  expect_true(all(is.finite(found)))
  for (limit in found["cyl.Intercept.wt", ]) {
    # Of all matrices with this covariance: v1 v2 >= limit^2.
    rise <- dense_rise(fit, log(c(40, 1, 6)), function(x) {
      c(exp(x[1L]), limit, limit^2 / exp(x[1L]) + exp(x[2L]), exp(x[3L]))
    })
    expect_within(rise, qchisq(0.95, 1), 5e-3, "rise")
  }
})

test_that("a correlation at or near its end ends there", {
  set.seed(2)
  data <- expand.grid(v = gl(4, 1), g = gl(15, 1), r = 1:2)
  data$x <- as.integer(data$v)
  data$y <- rnorm(120) + 0.7 * rnorm(15)[data$g]
  fit <- lmmfit(y ~ v + cs(v | g), data)
  found <- confint(fit, "g.rho", method = "profile")
  expect_identical(found[[2L]], 1)
  rise <- dense_rise(fit, c(0, 0), function(x) c(exp(x[1L]), found[[1L]], exp(x[2L])))
  expect_within(rise, qchisq(0.95, 1), 1e-3, "rise")
  curve <- profile(fit, "g.rho")
  expect_identical(curve$value[curve$end], 1)
  expect_true(all(curve$value <= 1))

  # A range whose likelihood at infinity is that of a random intercept.
  spatial <- lmmfit(y ~ v + exp(x | g), data)
  found <- confint(spatial, "g.range", method = "profile")
  expect_identical(found[[2L]], Inf)
  rise <- dense_rise(spatial, c(0, 0), function(x) c(exp(x[1L]), found[[1L]], exp(x[2L])))
  expect_within(rise, qchisq(0.95, 1), 1e-3, "rise")
  expect_silent({
    grDevices::pdf(NULL)
    plot(profile(spatial))
    grDevices::dev.off()
  })

  # One whose likelihood at 0, that of independence, is within reach.
  data$y <- rnorm(120) + rnorm(60)[interaction(data$v, data$g)]
  spatial <- lmmfit(y ~ v + exp(x | g), data)
  curve <- profile(spatial, "g.range")
  independent <- lmmfit(y ~ v + id(v | g), data)
  expect_identical(curve$value[1L], 0)
  expect_within(curve$zeta[1L]^2, deviance(independent) - deviance(spatial), 1e-5, "at 0")

  # The other end of cs: what is left of each group adds to zero.
  few <- data[data$g %in% 1:5, ]
  noise <- rnorm(20)
  few$y <- (noise - ave(noise, rep(1:5, each = 4)))[as.integer(interaction(few$v, few$g))] +
    0.3 * rnorm(40)
  negative <- lmmfit(y ~ 1 + cs(v | g), few)
  found <- confint(negative, "g.rho", method = "profile")
  expect_equal(found[[1L]], -1 / 3, tolerance = 1e-12)
})

test_that("a share whose parts are at zero has no standard error, and its profile interval", {
  set.seed(2)
  data <- data.frame(g = gl(30, 4), h = gl(12, 1, 120), y = rnorm(120))
  data$y <- data$y - 0.9 * ave(data$y, data$g)
  fit <- lmmfit(y ~ 1 + (1 | g), data)
  share <- h2 ~ g / (g + residual)
  found <- vpredict(fit, share, level = 0.95)
  expect_identical(c(found$estimate, found$se), c(0, NA))
  expect_equal(unlist(found[c("lower", "upper")], use.names = FALSE),
    confint(fit, method = "profile", functions = share)[1L, ], ignore_attr = TRUE)
  expect_equal(found$upper, 0.03477169, tolerance = 1e-4)
  expect_true(is.na(attr(found, "covariance")))
  rest <- vpredict(fit, residual / (g + residual) ~ residual / (g + residual), level = 0.95)
  expect_equal(c(rest$lower, rest$upper), 1 - c(found$upper, 0), tolerance = 1e-5)
  expect_identical(rest$se, NA_real_)
  expect_equal(vpredict(fit, sd ~ sqrt(g), level = 0.9)$upper^2,
    confint(fit, "g", level = 0.9, method = "profile")[[2L]], tolerance = 1e-4)

  # Beside another term that is free: the share of that one has its error, that of this one none.
  data$y <- data$y + rnorm(12)[data$h]
  both <- lmmfit(y ~ 1 + (1 | g) + (1 | h), data)
  expect_identical(varcomp(both)$status[1:2], c("at boundary", "free"))
  found <- vpredict(both, a ~ g / (g + h + residual), b ~ h / (g + h + residual), level = 0.95)
  expect_identical(is.na(found$se), c(TRUE, FALSE))
  expect_identical(found$lower[1L], 0)
  expect_gt(found$upper[1L], 0)
})
