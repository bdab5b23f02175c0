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
  # LSMEANS have the degrees of freedom of their term, ESTIMATE those of the last effect it lists.
  for (of in list(list(~ A, 6), list(~ B, 9), list(~ A * B, 9))) {
    means <- marginal_means(fit, of[[1L]], ddf = "containment")
    expect_identical(unique(c(means$df, pairs(means)$df)), of[[2L]])
  }
  broad <- c(1, 0, 0, 1 / 2, 0, 0)
  expect_identical(contest(fit, rbind(broad), ddf = "containment")$table$df, 9)
  expect_identical(contest(fit, diag(6)[2:3, ], ddf = "containment")$joint$ddf, 6)
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

# Keppel & Wickens, Design and Analysis, 4th edition, tables 18.4 and 17.2, as printed by PROC GLM:
# errors s*a 14, s*b 21 and s*a*b 42 of eight subjects; of a Latin square of six subjects 8 for both
# factors, F 7.13 and 5.89, and by PROC MIXED variances 1.5167 and 9.4167.
test_that("factors crossed within subjects have the degrees of freedom of subject by effect", {
  data <- expand.grid(s = gl(8, 1), a = gl(3, 1), b = gl(4, 1))
  set.seed(11)
  data$y <- rnorm(8)[data$s] + rnorm(96)
  expect_identical(anova(lmmfit(y ~ a * b + (1 | s), data), ddf = "BW")$DenDF, c(14, 21, 42))
  expect_identical(anova(lmmfit(y ~ a + b + (1 | s), data), ddf = "BW")$DenDF, c(14, 21))
  residual <- lmmfit(y ~ a * factor(b), data, residual = ~ cs(1 | s))
  expect_identical(anova(residual, ddf = "BW")$DenDF, c(14, 21, 42))

  square <- data.frame(s = gl(6, 3), p = gl(3, 1, 18),
    a = factor(c(1, 2, 3, 2, 3, 1, 3, 1, 2, 1, 3, 2, 2, 1, 3, 3, 2, 1)),
    y = c(8, 12, 9, 13, 14, 8, 6, 9, 15, 0, 12, 18, 14, 13, 19, 7, 18, 12))
  fit <- lmmfit(y ~ a + p + (1 | s), square)
  table <- anova(fit, ddf = "BW")
  expect_identical(table$DenDF, c(8, 8))
  expect_equal(round(table[["F value"]], 2), c(7.13, 5.89))
  expect_equal(round(varcomp(fit)$estimate, 4), c(1.5167, 9.4167))
})

test_that("split degrees of freedom are lm's for subject by effect, also with records missing", {
  data <- expand.grid(s = gl(7, 1), a = gl(2, 1), b = gl(3, 1), r = 1:2)
  data$g <- gl(2, 1, 7)[data$s]
  set.seed(12)
  data$y <- rnorm(7)[data$s] + rnorm(nrow(data))
  for (gone in list(integer(), c(3, 20), c(3, 45), c(1, 8, 15, 43, 50, 57, 71))) {
    few <- if (length(gone) > 0L) data[-gone, ] else data
    found <- anova(lmmfit(y ~ g * a * b + (1 | s), few), ddf = "BW")
    sequential <- anova(lm(terms(y ~ g * a * b + s + s:a + s:b + s:a:b, keep.order = TRUE), few))
    df <- as.numeric(sequential[c("s", "a:s", "b:s", "a:b:s"), "Df"])
    effects <- c("g", "a", "b", "g:a", "g:b", "a:b", "g:a:b")
    expect_identical(found[effects, "DenDF"], df[c(1, 2, 3, 2, 3, 4, 4)])
  }
})

test_that("the rank by subjects is the rank of the whole matrix", {
  set.seed(13)
  for (round in 1:20) {
    group <- sample.int(6L, 40L, TRUE)
    group <- match(group, unique(group))
    cells <- list(factor(sample.int(3L, 40L, TRUE)), factor(sample.int(4L, 40L, TRUE)))
    X <- model.matrix(~ cells[[1L]] * x, list(x = rnorm(40)))
    Z <- model.matrix(~ 0 + factor(group) + factor(group):cells[[1L]] + factor(group):cells[[2L]])
    expect_identical(rank_with_groups(X, group, cells), qr(cbind(Z, X))$rank)
  }
})
