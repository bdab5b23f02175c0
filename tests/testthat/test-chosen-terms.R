# lme4's answers to the same questions are the source.

sleep_pair <- function() {
  skip_if_not_installed("lme4")
  formula <- Reaction ~ Days + (Days | Subject)
  list(fit = lmmfit(formula, lme4::sleepstudy), peer = fit_lme4_exactly(formula, lme4::sleepstudy))
}

test_that("re.form may name terms and coefficients", {
  both <- sleep_pair()
  new <- lme4::sleepstudy[c(1, 20, 50), ]
  for (form in list(~ (1 | Subject), ~ (0 + Days | Subject), ~ (Days | Subject), NA, ~0, NULL)) {
    expect_equal(predict(both$fit, new, re.form = form), predict(both$peer, new, re.form = form),
      tolerance = 1e-6)
  }
  expect_equal(predict(both$fit, new, random = ~ (1 | Subject)),
    predict(both$fit, new, re.form = ~ (1 | Subject)))
  expect_equal(predict(both$fit, new, random = ~ (1 | Subject), se = TRUE)$se.fit,
    predict(both$fit, random = ~ (1 | Subject), se = TRUE)$se.fit[c(1, 20, 50)])
  expect_error(predict(both$fit, new, re.form = ~ (age | Subject)), class = "henderson_error_term")
  expect_error(predict(both$fit, new, re.form = ~ (1 | Herd)), class = "henderson_error_term")
  expect_error(predict(both$fit, new, re.form = ~ (1 | Subject), interval = "prediction"),
    class = "henderson_error_interval")

  oats <- as.data.frame(nlme::Oats)
  formula <- yield ~ nitro + (1 | Block) + (1 | Block:Variety)
  fit <- lmmfit(formula, oats)
  peer <- fit_lme4_exactly(formula, oats)
  expect_equal(predict(fit, oats[1:9, ], re.form = ~ (1 | Block)),
    predict(peer, oats[1:9, ], re.form = ~ (1 | Block)), tolerance = 1e-6)
})

test_that("the standard error with some coefficients is that of the dense equations", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  found <- predict(fit, random = ~ (1 | Subject), se = TRUE)$se.fit[1:3]
  inverse <- solve(as.matrix(mme(fit)$coefficient))
  K <- cbind(model.matrix(fit), as.matrix(model.matrix(fit, "random")))[1:3, ]
  K[, seq(4, ncol(K), 2)] <- 0
  expect_equal(unname(found), unname(sqrt(diag(K %*% inverse %*% t(K)))), tolerance = 1e-8)
})

test_that("answers in the words of lme4 and nlme are theirs", {
  both <- sleep_pair()
  expect_equal(logLik(both$fit, REML = FALSE), logLik(both$peer, REML = FALSE),
    ignore_attr = TRUE, tolerance = 1e-8)
  ml <- update(both$fit, method = "ML")
  expect_error(logLik(ml, REML = TRUE), class = "henderson_error_foreign")
  expect_equal(formula(both$fit, fixed.only = TRUE), formula(both$peer, fixed.only = TRUE),
    ignore_attr = TRUE)
  expect_equal(residuals(both$fit, scaled = TRUE), residuals(both$peer, scaled = TRUE),
    tolerance = 1e-5)
  expect_equal(weights(both$fit), weights(both$peer))
  expect_equal(model.matrix(both$fit, data = lme4::sleepstudy[2:4, ]),
    model.matrix(both$fit)[2:4, ], ignore_attr = TRUE)
  formula <- distance ~ age + (1 | Subject)
  fit <- lmmfit(formula, nlme::Orthodont)
  peer <- nlme::lme(distance ~ age, nlme::Orthodont, ~ 1 | Subject)
  for (level in 0:1) {
    expect_equal(unname(fitted(fit, level = level)), unname(fitted(peer, level = level)),
      tolerance = 1e-6, ignore_attr = TRUE)
    expect_equal(unname(residuals(fit, level = level)), unname(residuals(peer, level = level)),
      tolerance = 1e-5, ignore_attr = TRUE)
  }
})

test_that("step() goes by AIC of ML fits, with the random terms kept", {
  skip_if_not_installed("lme4")
  fit <- lmmfit(Reaction ~ Days + I(Days^2) + (1 | Subject), lme4::sleepstudy, method = "ML")
  peer <- lme4::lmer(Reaction ~ Days + I(Days^2) + (1 | Subject), lme4::sleepstudy, REML = FALSE)
  table <- drop1(fit, k = 2)
  expect_equal(table$AIC, drop1(peer)$AIC[1:3], tolerance = 1e-6)
  chosen <- step(fit, trace = 0)
  expect_equal(formula(chosen), Reaction ~ Days + (1 | Subject), ignore_attr = TRUE)
  # lme4 takes ML also for what was fitted by REML
  reml <- update(fit, method = "REML")
  expect_equal(drop1(reml, k = 2)$AIC, table$AIC, tolerance = 1e-8)
  chosen <- step(reml, trace = 0)
  expect_equal(formula(chosen), Reaction ~ Days + (1 | Subject), ignore_attr = TRUE)
  expect_identical(chosen$method, "REML")
})

test_that("confint() of a profile is that of the fit", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  profile <- profile(fit)
  expect_equal(confint(profile), confint(fit, method = "profile"), ignore_attr = TRUE)
  inside <- confint(profile, "age", level = 0.9)
  expect_equal(inside, confint(fit, "age", method = "profile", level = 0.9), tolerance = 1e-4,
    ignore_attr = TRUE)
  expect_error(confint(profile, level = 0.99), class = "henderson_error_argument")
})
