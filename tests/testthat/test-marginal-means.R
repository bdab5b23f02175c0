# Marginal means against emmeans of lmerTest fits.

test_that("means are emmeans's, with both degrees of freedom", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("pbkrtest")
  data <- as.data.frame(nlme::Oats)[-c(5, 40, 41), ]
  formula <- yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety)
  fit <- lmmfit(formula, data)
  peer <- peer_lmer(formula, data)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expected <- suppressMessages(as.data.frame(emmeans::emmeans(peer, ~ Variety,
      lmer.df = tolower(ddf))))
    for (found in list(marginal_means(fit, ~ Variety, ddf = ddf),
      suppressMessages(as.data.frame(emmeans::emmeans(fit, ~ Variety, ddf = ddf))))) {
      names(found)[2:6] <- c("emmean", "SE", "df", "lower.CL", "upper.CL")
      expect_relative(found$emmean, expected$emmean, 1e-5, paste("mean", ddf))
      expect_relative(found$SE, expected$SE, 1e-5, paste("SE", ddf))
      expect_within(found$df, expected$df, 0.01, paste("df", ddf))
      expect_relative(found$lower.CL, expected$lower.CL, 1e-4, paste("lower", ddf))
    }
  }
})

test_that("grids, weights and given values", {
  data <- peer_data("cake", "lme4")[-(1:20), ]
  fit <- lmmfit(angle ~ recipe * temperature + log(temp) + (1 | recipe:replicate), data)
  means <- marginal_means(fit, ~ recipe | temperature, at = list(recipe = c("A", "C")))
  expect_identical(nrow(means), 12L)
  plain <- lmmfit(angle ~ recipe + temp + (1 | recipe:replicate), data)
  found <- marginal_means(plain, "recipe", at = list(temp = 200))
  expect_equal(found$estimate, unname(predict(plain,
    data.frame(recipe = c("A", "B", "C"), temp = 200), random = FALSE)))
  two <- lmmfit(angle ~ recipe + temperature + (1 | recipe:replicate), data)
  proportional <- marginal_means(two, ~ recipe, weights = "proportional")
  beta <- fixef(two)
  share <- table(data$temperature) / nrow(data)
  X <- stats::contrasts(data$temperature)
  expect_equal(proportional$estimate[1], beta[[1]] + sum(share %*% X * beta[4:8]), tolerance = 1e-8)
})

test_that("a mean that is not estimable is NA, and unknown variables are refused", {
  data <- peer_data("cake", "lme4")
  data <- data[!(data$recipe == "A" & data$temperature == "185"), ]
  fit <- lmmfit(angle ~ recipe * temperature + (1 | recipe:replicate), data)
  expect_identical(is.na(marginal_means(fit, ~ recipe)$estimate), c(TRUE, FALSE, FALSE))
  expect_error(marginal_means(fit, ~ recpe), class = "henderson_error_specs")
  expect_error(marginal_means(fit, 3), class = "henderson_error_specs")
  expect_error(marginal_means(fit, ~ recipe, at = list(temp = 3)),
    class = "henderson_error_argument")
  expect_error(marginal_means(fit, ~ recipe, at = list(recipe = "D")),
    class = "henderson_error_argument")
})

test_that("glht() of multcomp works", {
  skip_if_not_installed("multcomp")
  fit <- lmmfit(yield ~ Variety + nitro + (1 | Block), nlme::Oats)
  tested <- summary(multcomp::glht(fit, linfct = multcomp::mcp(Variety = "Tukey")),
    test = multcomp::univariate())
  expect_equal(unname(tested$test$coefficients[1:2]), unname(fixef(fit)[2:3]))
  expect_equal(unname(tested$test$sigma[1:2]), unname(sqrt(diag(vcov(fit))[2:3])))
})
