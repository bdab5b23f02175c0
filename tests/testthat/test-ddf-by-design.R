# Degrees of freedom counted from the design, against mmrm and printed SAS answers.

test_that("between-within is mmrm's, but for the intercept", {
  skip_if_not_installed("mmrm")
  mmrm <- getExportedValue("mmrm", "mmrm")
  data <- peer_data("fev_data", "mmrm")
  fit <- lmmfit(FEV1 ~ RACE + SEX + ARMCD * AVISIT, data, residual = ~ ar1(AVISIT | USUBJID))
  peer <- mmrm(FEV1 ~ RACE + SEX + ARMCD * AVISIT + ar1(AVISIT | USUBJID), data,
    method = "Between-Within")
  found <- contest(fit, diag(11), ddf = "between-within")$table
  expect_identical(as.numeric(found$df)[-1L], as.numeric(coef(summary(peer))[-1L, "df"]))
  expect_identical(found$df[1L], 192)
  expect_identical(contest(fit, diag(11)[2:3, ], ddf = "BW")$joint$ddf, 192)
})

# SAS/STAT, PROC GLIMMIX, between-within degrees of freedom: with an unstructured residual alone all
# fixed effects have those of subjects. Growth of 27 children of two sexes.
test_that("an unstructured residual has the degrees of freedom of subjects", {
  fit <- lmmfit(distance ~ Sex * age, nlme::Orthodont, residual = ~ us(age | Subject))
  expect_identical(contest(fit, diag(4), ddf = "between-within")$table$df, rep(25, 4))
  # With compound symmetry ages have 108 - 27 - 2.
  symmetric <- lmmfit(distance ~ Sex * age, nlme::Orthodont, residual = ~ cs(age | Subject))
  expect_identical(contest(symmetric, diag(4), ddf = "between-within")$table$df,
    c(25, 25, 79, 79))
})

# Snijders & Bosker, Multilevel Analysis, table 8.1, by PROC MIXED with ddfm = bw: 2287 pupils of
# 131 schools, three covariates of pupils with 2153 and one of schools with 129, as the intercept.
test_that("between-within of pupils in schools is SAS's", {
  set.seed(1)
  data <- data.frame(school = factor(rep_len(1:131, 2287)), x = matrix(rnorm(3 * 2287), ncol = 3))
  data$of_school <- rnorm(131)[data$school]
  data$y <- rnorm(131)[data$school] + rnorm(2287)
  fit <- lmmfit(y ~ x.1 + x.2 + x.3 + of_school + (1 + x.1 | school), data)
  expect_identical(contest(fit, diag(5), ddf = "between-within")$table$df,
    c(129, 2153, 2153, 2153, 129))
})

test_that("containment of Stroup's split plot: 6, 9 and 9, and 3 for the intercept", {
  case <- read_case("splitplot-stroup-sas")
  data <- case$data
  data[c("block", "A", "B")] <- lapply(data[c("block", "A", "B")], factor)
  fit <- lmmfit(y ~ A * B + (1 | block) + (1 | block:A), data)
  table <- anova(fit, ddf = "containment")
  expect_identical(table$DenDF, c(6, 9, 9))
  expect_identical(contest(fit, c("(Intercept)" = 1), ddf = "contain")$table$df, 3)
  means <- marginal_means(fit, ~ A, ddf = "containment")
  expect_identical(pairs(means)$df, rep(6, 3))
})

test_that("least squares keeps n - rank, and a random slope contains its covariate", {
  linear <- lmmfit(yield ~ Variety + nitro, nlme::Oats)
  for (ddf in c("containment", "between-within")) {
    expect_identical(contest(linear, diag(4), ddf = ddf)$table$df, rep(68, 4))
  }
  # 27 subjects, two sexes: 25 for intercepts and for slopes, and 108 - 54 for Sex and age:Sex that
  # none contains
  fit <- lmmfit(distance ~ age * Sex + (age | Subject), nlme::Orthodont)
  expect_identical(contest(fit, diag(4), ddf = "containment")$table$df, c(25, 25, 54, 54))
})

# Rice in four blocks under two levels of CO2 and three of nitrogen (Gumpertz & Brownie), by PROC
# MIXED: 3, 12 and 12.
test_that("containment of another split plot", {
  data <- expand.grid(block = gl(4, 1), co2 = gl(2, 1), nitrogen = gl(3, 1), rep = 1)
  set.seed(3)
  data$y <- rnorm(24) + rnorm(8)[interaction(data$block, data$co2)]
  fit <- lmmfit(y ~ co2 * nitrogen + (1 | block) + (1 | block:co2), data)
  expect_identical(anova(fit, ddf = "containment")$DenDF, c(3, 12, 12))
})

test_that("containment of nested groups is nlme's, also with records missing", {
  for (gone in list(integer(), c(5, 40, 41), 1:4)) {
    data <- as.data.frame(nlme::Oats)
    if (length(gone) > 0L) data <- data[-gone, ]
    data$nitro <- factor(data$nitro)
    fit <- lmmfit(yield ~ Variety * nitro + (1 | Block / Variety), data)
    peer <- nlme::lme(yield ~ Variety * nitro, data, ~ 1 | Block / Variety)
    # nlme tests the intercept within plots, SAS among blocks.
    expect_equal(anova(fit, ddf = "containment")$DenDF, anova(peer)$denDF[-1L])
  }
  data <- as.data.frame(nlme::Orthodont)[-c(3, 17, 18, 60), ]
  fit <- lmmfit(distance ~ Sex + factor(age) + (1 | Subject), data)
  peer <- nlme::lme(distance ~ Sex + factor(age), data, ~ 1 | Subject)
  expect_equal(anova(fit, ddf = "BW")$DenDF, anova(peer)$denDF[-1L])
})
