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

test_that("variances of zero under the smaller model have a mixture of chi-squares", {
  data <- as.data.frame(nlme::Orthodont)
  p <- function(...) anova(...)[2L, "Pr(>Chisq)"]
  chisq <- function(...) anova(...)[2L, "Chisq"]
  one <- lmmfit(distance ~ age + (1 | Subject), data)
  slope <- lmmfit(distance ~ age + (1 + age | Subject), data)
  # Stram & Lee (1994): half chi-square with 1, half with 2 degrees of freedom.
  expect_equal(p(one, slope), mean(pchisq(chisq(one, slope), 1:2, lower.tail = FALSE)))
  expect_equal(p(one, slope), ranova(slope)[2L, "Pr(>Chisq)"], tolerance = 1e-6)
  heading <- paste(attr(anova(one, slope), "heading"), collapse = "")
  expect_match(heading, "slope: p-value from a mixture")
  none <- lmmfit(distance ~ age, data)
  expect_equal(p(none, one), pchisq(chisq(none, one), 1, lower.tail = FALSE) / 2)
  diagonal <- lmmfit(distance ~ age + (1 + age || Subject), data)
  expect_equal(p(one, diagonal), pchisq(chisq(one, diagonal), 1, lower.tail = FALSE) / 2)
  expect_equal(p(none, diagonal), sum(pchisq(chisq(none, diagonal), 1:2, lower.tail = FALSE) *
    c(0.5, 0.25)), tolerance = 1e-10)
  # With a fixed effect more (ML): one degree of freedom more.
  small <- lmmfit(distance ~ age, data, method = "ML")
  large <- lmmfit(distance ~ age + Sex + (1 | Subject), data, method = "ML")
  expect_equal(p(small, large), mean(pchisq(chisq(small, large), 1:2, lower.tail = FALSE)))
})

test_that("elsewhere the chi-square is plain", {
  data <- as.data.frame(nlme::Orthodont)
  plain <- function(a, b) {
    found <- anova(a, b)
    expect_equal(found[2L, "Pr(>Chisq)"],
      pchisq(max(found[2L, "Chisq"], 0), found[2L, "Df"], lower.tail = FALSE))
    expect_no_match(paste(attr(found, "heading"), collapse = ""), "mixture")
  }
  one <- lmmfit(distance ~ age + (1 | Subject), data)
  plain(lmmfit(distance ~ age, data, residual = ~ cs(age | Subject)),
    lmmfit(distance ~ age, data, residual = ~ us(age | Subject)))
  # Diagonal and unstructured differ by a covariance, which has no boundary.
  plain(lmmfit(distance ~ age + (1 + age || Subject), data),
    lmmfit(distance ~ age + (1 + age | Subject), data))
  plain(one, lmmfit(distance ~ age + (1 | Subject), data, residual = ~ diag(Sex)))
  plain(lmmfit(distance ~ age, data), lmmfit(distance ~ age + (1 + age | Subject), data))
  plain(lmmfit(distance ~ age, data, hold = c(residual = 2)), one)
})

test_that("an argument of other packages' anova() is an error that says what is done here", {
  a <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  b <- lmmfit(distance ~ age + (age | Subject), nlme::Orthodont)
  error <- expect_error(anova(a, b, refit = FALSE), class = "henderson_error_argument")
  expect_match(conditionMessage(error), "no argument `refit`")
  expect_match(conditionMessage(error), "by\\s+`method = \"ML\"`")
  expect_error(anova(a, 1), "must be a fit by", class = "henderson_error_argument")
  expect_equal(nrow(anova(larger = b, object = a)), 2L)
})

test_that("an argument of anova() that is nearly one is told", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  expect_error(anova(fit, ddff = "KR"), "Did you mean `ddf`", class = "henderson_error_argument")
  expect_error(anova(fit, refit = FALSE), "likelihood ratios", class = "henderson_error_argument")
})
