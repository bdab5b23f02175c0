test_that("a summary holds its numbers", {
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
  found <- summary(fit)
  expect_identical(row.names(found$coefficients), names(fixef(fit)))
  expect_equal(found$coefficients$se, unname(sqrt(diag(vcov(fit)))))
  expect_equal(found$coefficients$statistic, unname(fixef(fit)) / found$coefficients$se)
  expect_identical(found$varcomp, varcomp(fit))
  expect_equal(unname(found$information), c(deviance(fit), AIC(fit), BIC(fit)))
})

test_that("p-values stand only where the degrees of freedom are exact", {
  data <- nlme::Oats
  expect_null(summary(lmmfit(yield ~ nitro + (1 | Block), data))$coefficients$p.value)
  expect_null(summary(lmmfit(yield ~ nitro, data, method = "ML"))$coefficients$p.value)
  expect_null(summary(lmmfit(yield ~ nitro, data, hold = c(residual = 1)))$coefficients$p.value)
  expect_type(summary(lmmfit(yield ~ nitro, data))$coefficients$p.value, "double")
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
