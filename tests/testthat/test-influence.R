# Diagnostics against lm(), lme4, and refits with the variances held.

growth <- function() as.data.frame(nlme::Orthodont)

test_that("without random terms they are those of lm()", {
  data <- growth()
  fit <- lmmfit(distance ~ age * Sex, data)
  expected <- lm(distance ~ age * Sex, data)
  expect_equal(hatvalues(fit), hatvalues(expected))
  expect_equal(hatvalues(fit, "fixed"), hatvalues(expected))
  expect_equal(rstandard(fit), rstandard(expected))
  expect_equal(rstudent(fit), rstudent(expected))
  expect_equal(cooks.distance(fit), cooks.distance(expected))
  expect_equal(dfbeta(fit), dfbeta(expected), ignore_attr = TRUE)
})

test_that("conditional leverages are lme4's", {
  skip_if_not_installed("lme4")
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), growth())
  peer <- lme4::lmer(distance ~ age * Sex + (1 | Subject), growth())
  expect_equal(hatvalues(fit), hatvalues(peer), tolerance = 1e-5)
  expect_equal(sum(hatvalues(fit, "fixed")), 4)
})

test_that("deletion by downdating is the refit without the records", {
  data <- growth()
  held <- function(fit) stats::setNames(fit$parameters$estimate, fit$parameters$name)
  for (formula in list(distance ~ age * Sex + (1 | Subject),
    distance ~ age * Sex + (1 + age | Subject) + (1 | age))) {
    fit <- lmmfit(formula, data)
    changes <- dfbeta(fit, "Subject")
    for (subject in c("M09", "F10")) {
      without <- lmmfit(formula, data[data$Subject != subject, ], hold = held(fit))
      expect_equal(changes[subject, ], fixef(fit) - fixef(without), tolerance = 1e-6)
      d <- changes[subject, ]
      cook <- drop(d %*% solve(vcov(fit), d)) / 4
      expect_equal(cooks.distance(fit, "Subject")[[subject]], cook, tolerance = 1e-6)
      expect_equal(dfbetas(fit, "Subject")[subject, ], d / fit$fixed$se, tolerance = 1e-6)
    }
  }
  single <- dfbeta(fit, NULL)
  without <- lmmfit(formula, data[-17, ], hold = held(fit))
  expect_equal(single[17, ], fixef(fit) - fixef(without), tolerance = 1e-6)
})

test_that("outlier statistics are those of a fixed effect for the record", {
  data <- growth()
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), data)
  data$one <- as.double(seq_len(108) == 35)
  held <- stats::setNames(fit$parameters$estimate, fit$parameters$name)
  shifted <- lmmfit(distance ~ age * Sex + one + (1 | Subject), data, hold = held)
  found <- outlier_test(fit)
  expect_equal(found$statistic[found$record == "35"],
    fixef(shifted)[["one"]] / sqrt(vcov(shifted)["one", "one"]), tolerance = 1e-6)
  levels <- outlier_test(fit, "Subject")
  effects <- as.data.frame(ranef(fit, se = TRUE))
  row <- effects[effects$level == "M10", ]
  expect_equal(levels$statistic[levels$level == "M10"],
    row$estimate / sqrt(varcomp(fit)$estimate[1] - row$se^2), tolerance = 1e-6)
  expect_error(outlier_test(fit, "subject"), class = "henderson_error_term")
  expect_error(cooks.distance(fit, 1:3), class = "henderson_error_argument")
})
