test_that("a summary holds its numbers", {
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
  found <- summary(fit)
  expect_identical(row.names(found$coefficients), names(fixef(fit)))
  expect_equal(found$coefficients$se, unname(sqrt(diag(vcov(fit)))))
  expect_equal(found$coefficients$statistic, unname(fixef(fit)) / found$coefficients$se)
  expect_identical(found$varcomp, varcomp(fit))
  expect_equal(unname(found$information), c(deviance(fit), AIC(fit), BIC(fit)))
})

test_that("t tests have the degrees of freedom that are asked for", {
  data <- nlme::Oats
  mixed <- lmmfit(yield ~ nitro + (1 | Block), data)
  expect_within(summary(mixed)$coefficients$df[2], 65, 1e-4, "df of a slope within blocks")
  expect_identical(summary(mixed, ddf = "none")$coefficients$df, c(Inf, Inf))
  expect_identical(summary(mixed, ddf = "residual")$coefficients$df, c(70, 70))
  expect_identical(summary(update(mixed, ddf = "none"))$coefficients$df, c(Inf, Inf))
  expect_identical(summary(lmmfit(yield ~ nitro, data))$coefficients$df, c(70, 70))
  adjusted <- summary(mixed, ddf = "Kenward-Roger")
  expect_equal(adjusted$coefficients$se,
    contest(mixed, diag(2), ddf = "Kenward-Roger")$table$se)
  expect_output(print(adjusted), "Kenward-Roger (expected information)", fixed = TRUE)
  held <- lmmfit(yield ~ nitro, data, hold = c(residual = 1))
  expect_identical(summary(held)$coefficients$df, c(Inf, Inf))
  expect_error(summary(update(mixed, method = "ML"), ddf = "Kenward-Roger"),
    class = "henderson_error_kenward_roger")
})

test_that("a boundary, a dropped column and records left out are told", {
  data <- data.frame(y = c(3, 1, 2, 2.5, 1.5, NA), g = factor(c(1, 1, 2, 2, 3, 3)), x = 1:6)
  data$z <- 2 * data$x
  fit <- lmmfit(y ~ x + z + (1 | g), data)
  expect_output(print(summary(fit)), "1 left out: missing values")
  expect_output(print(summary(fit)), "Dropped as dependent on other columns (NA): z", fixed = TRUE)
  held <- update(fit, hold = c(g = 1))
  expect_output(print(summary(held)), "held")
})

test_that("vcov() of a summary has its standard errors, na.action() what is left out", {
  holes <- as.data.frame(nlme::Orthodont)
  holes$distance[3] <- NA
  fit <- suppressMessages(lmmfit(distance ~ age + (1 | Subject), holes))
  found <- summary(fit, ddf = "Kenward-Roger")
  expect_equal(unname(sqrt(diag(vcov(found)))), found$coefficients$se)
  expect_equal(as.vector(na.action(fit)), 3L)
})
