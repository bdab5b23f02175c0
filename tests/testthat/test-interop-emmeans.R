test_that("marginal means are those of lm() and of the fixed effects", {
  skip_if_not_installed("emmeans")
  data <- as.data.frame(nlme::Oats)
  linear <- as.data.frame(emmeans::emmeans(lmmfit(yield ~ Variety + nitro, data), "Variety"))
  expected <- as.data.frame(emmeans::emmeans(lm(yield ~ Variety + nitro, data), "Variety"))
  expect_equal(linear, expected, ignore_attr = TRUE)
  fit <- lmmfit(yield ~ Variety + poly(nitro, 2) + (1 | Block), data)
  means <- as.data.frame(emmeans::emmeans(fit, "Variety"))
  grid <- data.frame(Variety = means$Variety, nitro = mean(data$nitro))
  expect_equal(means$emmean, unname(predict(fit, grid, random = FALSE)))
  se <- predict(fit, grid, random = FALSE, se = TRUE)$se.fit
  expect_equal(means$SE, unname(se), tolerance = 1e-6)
})
