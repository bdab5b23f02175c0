# Degrees of freedom counted from the design, against mmrm and printed SAS answers.

test_that("between-within is mmrm's", {
  skip_if_not_installed("mmrm")
  mmrm <- getExportedValue("mmrm", "mmrm")
  data <- peer_data("fev_data", "mmrm")
  fit <- lmmfit(FEV1 ~ RACE + SEX + ARMCD * AVISIT, data, residual = ~ us(AVISIT | USUBJID))
  peer <- mmrm(FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | USUBJID), data,
    method = "Between-Within")
  found <- contest(fit, diag(11), ddf = "between-within")$table
  expect_identical(as.numeric(found$df), as.numeric(coef(summary(peer))[, "df"]))
  expect_identical(contest(fit, diag(11)[2:3, ], ddf = "BW")$joint$ddf, 192)
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
