test_that("likelihood ratio tests are lme4's", {
  skip_if_not_installed("lme4")
  data <- as.data.frame(nlme::Orthodont)
  small <- lmmfit(distance ~ age + (1 | Subject), data, method = "ML")
  large <- lmmfit(distance ~ age * Sex + (1 | Subject), data, method = "ML")
  found <- anova(large, small)
  expected <- stats::anova(
    lme4::lmer(distance ~ age + (1 | Subject), data, REML = FALSE),
    lme4::lmer(distance ~ age * Sex + (1 | Subject), data, REML = FALSE)
  )
  expect_identical(row.names(found), c("small", "large"))
  expect_equal(found$Chisq, expected$Chisq, tolerance = 1e-6)
  expect_equal(found$`Pr(>Chisq)`, expected$`Pr(>Chisq)`, tolerance = 1e-5)
  expect_equal(found$npar, expected$npar)
})

test_that("fits that cannot be compared are refused", {
  data <- as.data.frame(nlme::Orthodont)
  a <- lmmfit(distance ~ age + (1 | Subject), data)
  expect_error(anova(a, update(a, . ~ . + Sex)), class = "henderson_error_compare")
  expect_error(anova(a, update(a, method = "ML")), class = "henderson_error_compare")
  expect_error(anova(a, update(a, subset = age > 8)), class = "henderson_error_compare")
  expect_error(anova(a, lm(distance ~ age, data)), class = "henderson_error_argument")
  expect_s3_class(anova(a, update(a, . ~ . + (0 + age | Subject))), "anova")
})
