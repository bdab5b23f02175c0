# Intervals against lm(), lme4's profiles and simulation.

orthodont <- function(method = "REML") {
  lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, method = method)
}

test_that("Wald intervals of fixed effects use the degrees of freedom", {
  data <- as.data.frame(nlme::Oats)
  expect_equal(confint(lmmfit(yield ~ nitro, data)), confint(lm(yield ~ nitro, data)))
  fit <- orthodont()
  table <- summary(fit)$coefficients
  expect_equal(unname(confint(fit, "age", level = 0.9)),
    matrix(table["age", "estimate"] + c(-1, 1) * qt(0.95, table["age", "df"]) *
      table["age", "se"], 1))
  expect_identical(confint(fit, 2), confint(fit, "age"))
  expect_error(confint(fit, "Age"), class = "henderson_error_argument")
})

test_that("profile intervals are lme4's", {
  skip_if_not_installed("lme4")
  fit <- orthodont("ML")
  peer <- lme4::lmer(distance ~ age + (1 | Subject), nlme::Orthodont, REML = FALSE)
  expected <- suppressMessages(confint(peer, quiet = TRUE))
  found <- confint(fit, "all", method = "profile")
  expect_relative(sqrt(found["Subject", ]), expected[1, ], 1e-3, "SD of subjects")
  expect_relative(sqrt(found["residual", ]), expected[2, ], 1e-3, "residual SD")
  expect_relative(found["age", ], expected[4, ], 1e-3, "slope")
})

test_that("at each limit the likelihood has fallen by the quantile", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  limits <- confint(fit, c("Subject.age", "residual"), method = "profile")
  estimate <- varcomp(fit)$estimate[3:4]
  expect_true(all(limits[, 1] < estimate & limits[, 2] > estimate))
  for (held in list(c(residual = limits[[2, 1]]), c(residual = limits[[2, 2]]),
    c(Subject.age = limits[[1, 2]]))) {
    rise <- deviance(update(fit, hold = held)) - deviance(fit)
    expect_within(rise, qchisq(0.95, 1), 0.01, names(held))
  }
})

test_that("a variance at zero has the lower limit 0", {
  set.seed(2)
  data <- data.frame(y = rnorm(24), g = gl(6, 4), x = rep(1:4, 6))
  data$y <- data$y - 0.5 * ave(data$y, data$g)
  fit <- lmmfit(y ~ x + (1 | g), data)
  limits <- confint(fit, "g", method = "profile")
  expect_identical(unname(limits[1]), 0)
  expect_gt(limits[2], 0)
  expect_true(all(is.na(confint(fit, "g"))))
  profile <- profile(fit, c("g", "x"))
  expect_true(all(profile$zeta[profile$parameter == "g"] >= 0))
  expect_silent({
    grDevices::pdf(NULL)
    plot(profile)
    grDevices::dev.off()
  })
})

test_that("the bootstrap depends on the seed alone, and its refits are those of lmmfit()", {
  fit <- orthodont()
  set.seed(9)
  a <- confint(fit, "all", method = "boot", nsim = 30, seed = 1,
    functions = r ~ Subject / (Subject + residual))
  set.seed(10)
  b <- confint(fit, "all", method = "boot", nsim = 30, seed = 1,
    functions = r ~ Subject / (Subject + residual))
  expect_identical(a, b)
  samples <- attr(a, "samples")
  data <- transform(as.data.frame(nlme::Orthodont), y = simulate(fit, 3, seed = 5)[[2]])
  three <- bootstrap_samples(fit, NULL, 3, 5)$samples
  refit <- lmmfit(y ~ age + (1 | Subject), data)
  expect_equal(unname(three[2, ]), unname(c(fixef(refit), varcomp(refit)$estimate)),
    tolerance = 1e-5)
  expect_equal(samples[, "r"],
    samples[, "Subject"] / (samples[, "Subject"] + samples[, "residual"]))
  basic <- confint(fit, "age", method = "boot", nsim = 30, seed = 1, type = "basic")
  expect_equal(sum(basic), 4 * fixef(fit)[["age"]] - sum(a["age", ]), tolerance = 1e-10)
})

test_that("bootstrap and profiles go on from a directory, on any number of workers", {
  fit <- orthodont()
  directory <- tempfile("samples")
  on.exit(unlink(directory, recursive = TRUE))
  boot <- function(...) confint(fit, "all", method = "boot", nsim = 6, seed = 1, ...)
  first <- boot(directory = directory)
  expect_length(list.files(directory), 6L)
  files <- list.files(directory, full.names = TRUE)
  saveRDS(readRDS(files[1L]) * 0 - 7, files[1L])
  again <- attr(boot(directory = directory), "samples")
  expect_identical(sum(again[, 1L] == -7), 1L)
  expect_identical(boot(), first)
  unlink(files)
  limits <- confint(fit, method = "profile", directory = directory)
  expect_length(list.files(directory), 4L)
  expect_identical(confint(fit, method = "profile", directory = directory), limits)
  expect_identical(profile(fit, directory = directory), profile(fit))
  expect_error(profile(fit, directory = 3), class = "henderson_error_argument")
  skip_if_not_installed("future.apply")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old), add = TRUE)
  expect_identical(boot(), first)
  expect_identical(confint(fit, method = "profile"), limits)
})

test_that("samples that fail are told, with the reason", {
  fit <- orthodont()
  fit$control$max_iterations <- 1L
  expect_warning(limits <- confint(fit, "age", method = "boot", nsim = 5, seed = 1),
    "bootstrap fits failed and are left out: not converged", class = "henderson_warning_bootstrap")
  failed <- attr(limits, "failed")
  expect_identical(nrow(failed) + NROW(attr(limits, "samples")), 5L)
  expect_identical(unique(failed$reason), "not converged")
})

test_that("profiles of covariances of a residual reach both ends", {
  orth <- transform(nlme::Orthodont, visit = factor(age))
  fit <- lmmfit(distance ~ age * Sex, orth, residual = ~ us(visit | Subject))
  limits <- confint(fit, "residual.8.10", method = "profile")
  for (limit in limits) {
    held <- lmmfit(distance ~ age * Sex, orth, residual = ~ us(visit | Subject),
      hold = c(residual.8.10 = limit))
    expect_within(deviance(held) - deviance(fit), qchisq(0.95, 1), 1e-3, "rise")
  }
})
