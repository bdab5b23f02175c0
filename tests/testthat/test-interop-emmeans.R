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

test_that("the data and the constants of a formula may be gone", {
  skip_if_not_installed("emmeans")
  inside <- function() {
    own <- transform(growth, tall = 2 * height)
    power <- 3
    lmmfit(tall ~ I(age^power) + sex + (1 | id), own)
  }
  typed <- lmmfit(height ~ I(age^3) + sex + (1 | id), growth)
  means <- function(fit) {
    as.data.frame(emmeans::emmeans(fit, "sex", at = list(age = 4)))$emmean
  }
  expect_equal(means(inside()), 2 * means(typed), tolerance = 1e-6)
})
