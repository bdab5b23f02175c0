# Robust covariances and their degrees of freedom, against clubSandwich on fits by nlme and against
# mmrm.

expect_club <- function(fit, peer, type, K, label) {
  robust <- clubSandwich::vcovCR(peer, type = type)
  expect_equal(unname(vcov(fit, ddf = type)), unname(as.matrix(robust)), tolerance = 1e-4,
    ignore_attr = TRUE, label = paste(label, type))
  tests <- clubSandwich::coef_test(peer, vcov = robust, test = "Satterthwaite")
  found <- contest(fit, diag(length(fixef(fit))), ddf = type)$table
  expect_relative(found$se, tests$SE, 1e-4, paste(label, type, "SE"))
  expect_relative(found$df, tests$df, 1e-3, paste(label, type, "df"))
  wald <- clubSandwich::Wald_test(peer, constraints = K, vcov = robust, test = "HTZ")
  joint <- contest(fit, K, ddf = type)$joint
  expect_relative(joint$F, wald$Fstat, 1e-3, paste(label, type, "F"))
  expect_relative(joint$ddf, wald$df_denom, 1e-3, paste(label, type, "df of F"))
}

test_that("CR0 and CR2 of random slopes, random intercepts and structured residuals", {
  skip_if_not_installed("clubSandwich")
  data <- as.data.frame(nlme::Orthodont)[-c(2, 9, 33, 70), ]
  data$Subject <- factor(as.character(data$Subject))
  K <- rbind(c(0, 0, 1, 0), c(0, 0, 0, 1))
  control <- nlme::lmeControl(msTol = 1e-12, tolerance = 1e-10)
  intercept <- nlme::lme(distance ~ age * Sex, data, ~ 1 | Subject, control = control)
  slope <- nlme::lme(distance ~ age * Sex, data, ~ age | Subject, control = control)
  # clubSandwich looks for the data of gls() by name, from the global environment
  assign("club_data", data, envir = globalenv())
  on.exit(rm("club_data", envir = globalenv()))
  ar1 <- nlme::gls(distance ~ age * Sex, club_data, nlme::corCAR1(form = ~ age | Subject))
  fits <- list(
    lmmfit(distance ~ age * Sex + (1 | Subject), data),
    lmmfit(distance ~ age * Sex + (age | Subject), data),
    lmmfit(distance ~ age * Sex, data, residual = ~ exp(age | Subject))
  )
  peers <- list(intercept, slope, ar1)
  for (k in seq_along(fits)) {
    for (type in c("CR0", "CR2")) expect_club(fits[[k]], peers[[k]], type, K, paste("model", k))
  }
})

test_that("nested random effects have the outermost groups", {
  skip_if_not_installed("clubSandwich")
  data <- as.data.frame(nlme::Oats)[-c(5, 40, 41), ]
  peer <- nlme::lme(yield ~ nitro * Variety, data, ~ 1 | Block / Variety,
    control = nlme::lmeControl(msTol = 1e-12, tolerance = 1e-10))
  fit <- lmmfit(yield ~ nitro * Variety + (1 | Block / Variety), data)
  robust <- clubSandwich::vcovCR(peer, type = "CR2", cluster = data$Block)
  expect_equal(unname(vcov(fit, ddf = "CR2")), unname(as.matrix(robust)), tolerance = 1e-3,
    ignore_attr = TRUE)
})

test_that("mmrm's empirical covariances and their degrees of freedom", {
  skip_if_not_installed("mmrm")
  mmrm <- getExportedValue("mmrm", "mmrm")
  data <- peer_data("fev_data", "mmrm")
  formula <- FEV1 ~ RACE + SEX + ARMCD * AVISIT
  fit <- lmmfit(formula, data, residual = ~ us(AVISIT | USUBJID))
  for (type in c(CR0 = "Empirical", CR2 = "Empirical-Bias-Reduced")) {
    ddf <- if (type == "Empirical") "CR0" else "CR2"
    peer <- mmrm(FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | USUBJID), data,
      method = "Satterthwaite", vcov = type)
    expected <- coef(summary(peer))
    found <- contest(fit, diag(11), ddf = ddf)$table
    # Of CR2 mmrm takes another root of the same matrix: the covariances are near, not the same
    near <- if (ddf == "CR0") 1e-4 else 1e-3
    expect_relative(found$se, expected[, "Std. Error"], near, paste(type, "SE"))
    expect_relative(found$df, expected[, "df"], 1e-3, paste(type, "df"))
  }
})

test_that("every question takes a robust covariance, and crossed models have none", {
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont, ddf = "CR2")
  V <- vcov(fit, ddf = "CR2")
  expect_equal(unname(coef(summary(fit))[, 2L]), unname(sqrt(diag(V))))
  means <- marginal_means(fit, ~ Sex)
  K <- attr(means, "K")
  expect_equal(unname(vcov(means)), unname(K %*% V %*% t(K)), tolerance = 1e-10)
  difference <- contest(fit, K[1, , drop = FALSE] - K[2, , drop = FALSE])$table
  expect_equal(pairs(means)$df, difference$df, tolerance = 1e-8)
  expect_equal(nrow(anova(fit)), 3L)
  skip_if_not_installed("emmeans")
  ours <- suppressMessages(as.data.frame(emmeans::emmeans(fit, ~ Sex, ddf = "CR2")))
  expect_equal(ours$SE, means$se, tolerance = 1e-8)
  expect_equal(ours$df, means$df, tolerance = 1e-6)
  crossed <- lmmfit(diameter ~ 1 + (1 | plate) + (1 | sample), peer_data("Penicillin", "lme4"))
  expect_error(vcov(crossed, ddf = "CR2"), class = "henderson_error_robust")
})
