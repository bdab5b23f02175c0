# What R users call after a fit, and prediction intervals of rows with their own residual variance
# (../shared/faults: ecosystem-methods, longitudinal-07).

test_that("weights count for new rows as for the records", {
  trials <- data.frame(study = factor(1:8), effect = c(0.3, 0.5, 0.1, 0.6, 0.2, 0.4, 0.35, 0.45),
    v = c(0.02, 0.05, 0.01, 0.08, 0.03, 0.02, 0.04, 0.02))
  fit <- lmmfit(effect ~ 1 + (1 | study), trials, weights = 1 / v, hold = c(residual = 1))
  expect_equal(predict(fit, trials[1:2, ], interval = "prediction"),
    predict(fit, interval = "prediction")[1:2, ], tolerance = 1e-8)
  expect_error(predict(fit, trials["study"], interval = "prediction"), "v",
    class = "henderson_error_interval")
  sleep <- peer_data("sleepstudy", "lme4")
  sleep$w <- rep(c(1, 4), 90)
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), sleep, weights = w)
  expect_equal(predict(fit, sleep[2, ], interval = "prediction"),
    predict(fit, interval = "prediction")[2, , drop = FALSE], tolerance = 1e-8)
})

test_that("rows with a place in a heterogeneous residual have its variance", {
  growth <- as.data.frame(nlme::Orthodont)
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), growth, residual = ~ diag(Sex))
  expect_equal(predict(fit, growth[c(1, 100), ], interval = "prediction"),
    predict(fit, interval = "prediction")[c(1, 100), ], tolerance = 1e-8)
  growth$visit <- factor(growth$age)
  marginal <- lmmfit(distance ~ visit * Sex, growth, residual = ~ us(visit | Subject))
  found <- predict(marginal, growth[1:4, ], interval = "prediction", se = TRUE)
  half <- (found$fit[, "upr"] - found$fit[, "lwr"]) / 2
  sigma2 <- diag(as.matrix(residual_matrix(marginal)))[1:4]
  expect_equal(unname(half), unname(stats::qnorm(0.975) * sqrt(found$se.fit^2 + sigma2)),
    tolerance = 1e-8)
})

test_that("coefficients of a summary, extractAIC, postVar, augment, interactions in any order", {
  sleep <- peer_data("sleepstudy", "lme4")
  fit <- lmmfit(Reaction ~ Days + (Days | Subject), sleep)
  expect_identical(colnames(coef(summary(fit))),
    c("Estimate", "Std. Error", "df", "t value", "Pr(>|t|)"))
  expect_identical(colnames(coef(summary(fit, ddf = "none"))),
    c("Estimate", "Std. Error", "z value", "Pr(>|z|)"))
  effects <- ranef(fit, condVar = TRUE)$Subject
  peer <- lme4::ranef(lme4::lmer(Reaction ~ Days + (Days | Subject), sleep))$Subject
  expect_equal(attr(effects, "postVar"), attr(peer, "postVar"), tolerance = 1e-3)

  ml <- lmmfit(Reaction ~ Days + (1 | Subject), sleep, method = "ML")
  expect_equal(extractAIC(ml)[2], AIC(ml))
  peer <- lme4::lmer(Reaction ~ Days + (1 | Subject), sleep, REML = FALSE)
  expect_equal(extractAIC(ml), extractAIC(peer), tolerance = 1e-6)
  peer <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleep)
  expect_equal(extractAIC(fit), extractAIC(peer), tolerance = 1e-6)
  by_sums <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, method = "ANOVA")
  expect_error(extractAIC(by_sums), class = "henderson_error_compare")

  new <- augment(fit, newdata = sleep[1:2, ], se = TRUE, interval = "confidence")
  expect_true(all(c(".fitted", ".se.fit", ".lower", ".upper") %in% names(new)))
  expect_false(any(vapply(new, is.matrix, NA)))
  expect_equal(augment(fit, newdata = sleep[1:2, ], se = TRUE)$.se.fit,
    unname(predict(fit, sleep[1:2, ], se = TRUE)$se.fit))

  oats <- transform(as.data.frame(nlme::Oats), n = factor(nitro))
  table <- anova(lmmfit(yield ~ n * Variety + (1 | Block), oats),
    lmmfit(yield ~ Variety * n + (1 | Block / Variety), oats))
  expect_identical(table$Df[2], 1)
})
