# Tests of K beta against lmerTest, pbkrtest, SAS and the linear model.

test_that("Satterthwaite's degrees of freedom are lmerTest's", {
  # lmerTest also tests what is not estimable: the data with an empty cell are for anova().
  for (name in setdiff(names(inference_models()), "empty")) {
    model <- inference_models()[[name]]
    fit <- lmmfit(model[[1]], model[[2]])
    peer <- coef(summary(peer_lmer(model[[1]], model[[2]])))
    found <- contest(fit, unit_rows(row.names(peer)))$table
    expect_within(found$df, peer[, "df"], 0.01, paste("df,", name))
    expect_relative(found$statistic, peer[, "t value"], 1e-4, paste("t,", name), scale = 1)
    expect_within(found$p.value, peer[, "Pr(>|t|)"], 1e-4, paste("p,", name))
  }
})

test_that("Kenward and Roger's covariance, scale and degrees of freedom are pbkrtest's", {
  skip_if_not_installed("pbkrtest")
  for (name in c("unbalanced", "uncorrelated", "oats", "cake", "beets", "carrots")) {
    model <- inference_models()[[name]]
    fit <- lmmfit(model[[1]], model[[2]])
    peer <- peer_lmer(model[[1]], model[[2]])
    adjusted <- pbkrtest::vcovAdj(peer)
    names <- names(lme4::fixef(peer))
    rows <- unit_rows(names)
    found <- contest(fit, rows, ddf = "Kenward-Roger")$table
    what <- function(x) paste0(x, ", ", name)
    expect_relative(found$se^2, diag(as.matrix(adjusted)), 1e-6, what("adjusted variance"))
    df <- vapply(names, function(name) {
      pbkrtest::Lb_ddf(rows[name, ], vcov(peer), adjusted)
    }, 0)
    expect_within(found$df, df, 0.01, what("KR df"))
    K <- rows[-1, , drop = FALSE]
    joint <- contest(fit, K, ddf = "Kenward-Roger")$joint
    expected <- pbkrtest::KRmodcomp(peer, unname(K))$stats
    expect_relative(joint$F, expected$Fstat, 1e-4, what("KR F"))
    expect_within(joint$ddf, expected$ddf, 0.01, what("KR joint df"))
    expect_relative(joint$scale, expected$F.scaling, 1e-6, what("KR scale"))
  }
})

test_that("joint Satterthwaite tests are lmerTest's for the same rows", {
  model <- inference_models()$oats
  fit <- lmmfit(model[[1]], model[[2]])
  peer <- peer_lmer(model[[1]], model[[2]])
  K <- rbind(c(0, 1, 0, 0, 0, 0), c(0, 0, 1, 0, 0, 0), c(0, 1, 0, 2, 1, 0))
  expected <- lmerTest::contestMD(peer, K, rhs = c(1, 2, 30))
  found <- contest(fit, K, rhs = c(1, 2, 30))$joint
  expect_relative(found$F, expected$`F value`, 1e-4, "F")
  expect_within(found$ddf, expected$DenDF, 0.01, "df")
  # A row that follows from the others changes nothing.
  more <- contest(fit, rbind(K, K[1, ] + K[2, ]), rhs = c(1, 2, 30, 3))$joint
  expect_equal(more, found, tolerance = 1e-8)
  expect_error(contest(fit, rbind(K, K[1, ] + K[2, ]), rhs = c(1, 2, 30, 4)),
    class = "henderson_error_hypothesis")
})

test_that("degrees of freedom are SAS's in the cases", {
  case <- read_case("longitudinal-potthoff-roy")
  model <- case$models[["random-slope-reml"]]
  data <- within(case$data, {
    Subject <- factor(Subject)
    Sex <- factor(Sex, c("Male", "Female"))
  })
  fit <- lmmfit(distance ~ I(age - 11) * Sex + (I(age - 11) | Subject), data)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    found <- contest(fit, unit_rows(names(fixef(fit))), ddf = ddf)$table
    leaves <- model$expected[[if (ddf == "Satterthwaite") "satterthwaite_ddf" else "kr_ddf"]]
    expect_case(stats::setNames(found$df, row.names(found)), leaves, case$source, ddf)
  }
  equivalent <- case$models[["cs-reml"]]
  fit <- lmmfit(distance ~ Sex * age + (1 | Subject), data)
  found <- contest(fit, unit_rows(names(fixef(fit))), ddf = "Kenward-Roger")$table
  expect_case(stats::setNames(found$df, row.names(found)), equivalent$expected$kr_ddf, case$source,
    "KR df")
  expect_case(stats::setNames(found$se, row.names(found)), equivalent$expected$kr_se, case$source,
    "KR SE")
})

test_that("without random terms the tests are those of lm()", {
  data <- as.data.frame(nlme::Oats)
  fit <- lmmfit(yield ~ Variety + nitro, data)
  expected <- summary(lm(yield ~ Variety + nitro, data))$coefficients
  found <- contest(fit, diag(4))$table
  expect_equal(unname(as.matrix(found[c("estimate", "se", "statistic", "p.value")])),
    unname(expected))
  expect_identical(found$df, rep(68, 4))
  expect_identical(contest(fit, diag(4), ddf = "none")$table$df, rep(Inf, 4))
  joint <- contest(fit, c(nitro = 1), rhs = 10)$joint
  expect_equal(joint$F, ((expected[4, 1] - 10) / expected[4, 2])^2)
})

test_that("held and boundary variances count as known", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont,
    hold = c(Subject = 4, residual = 2))
  expect_identical(contest(fit, diag(2))$table$df, c(Inf, Inf))
  set.seed(2)
  data <- data.frame(y = rnorm(24), g = gl(6, 4), x = rep(1:4, 6))
  data$y <- data$y - ave(data$y, data$g)
  fit <- lmmfit(y ~ x + (1 | g), data)
  expect_identical(fit$parameters$status, c("at boundary", "free"))
  expect_within(contest(fit, diag(2))$table$df, c(22, 22), 1e-4, "df of least squares")
  expect_within(contest(fit, diag(2), ddf = "Kenward-Roger")$table$df, c(22, 22), 1e-4, "KR df")
  # One held, one free: against differences of vcov() by the free one.
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, hold = c(residual = 2))
  at <- function(v) {
    diag(vcov(update(fit, hold = c(residual = 2, Subject = v))))
  }
  v <- fit$parameters$estimate[1]
  gradient <- (at(v + 1e-3) - at(v - 1e-3)) / 2e-3
  w <- parameter_covariance(fit, "observed")[1, 1]
  expected <- 2 * diag(vcov(fit))^2 / (gradient^2 * w)
  expect_relative(contest(fit, diag(2))$table$df[1], expected[1], 1e-5, "df with one held")
})

test_that("hypotheses may be given by names, sparse, or as a list", {
  fit <- lmmfit(yield ~ Variety + nitro + (1 | Block), nlme::Oats)
  whole <- contest(fit, c(0, 0, 0, 1))$table
  expect_identical(contest(fit, c(nitro = 1))$table, whole)
  expect_equal(contest(fit, Matrix::Matrix(c(0, 0, 0, 1), 1, sparse = TRUE))$table, whole,
    ignore_attr = TRUE)
  expect_identical(row.names(contest(fit, list(a = c(0, 0, 0, 1), b = c(0, 1, 0, 0)))$table),
    c("a", "b"))
  expect_output(print(contest(fit, c(nitro = 1))), "Satterthwaite")
})

test_that("what cannot be a hypothesis is refused", {
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
  expect_error(contest(fit, c(nitrogen = 1)), "nitro", class = "henderson_error_coefficient")
  expect_error(contest(fit, 1), class = "henderson_error_hypothesis")
  expect_error(contest(fit, TRUE), class = "henderson_error_hypothesis")
  expect_error(contest(fit, c(1, NA)), class = "henderson_error_hypothesis")
  expect_error(contest(fit, diag(2)[0, ]), class = "henderson_error_hypothesis")
  expect_error(contest(fit, diag(2), rhs = 1:3), class = "henderson_error_hypothesis")
  expect_error(contest(fit, diag(2), ddf = "krr"), class = "henderson_error_argument")
  expect_error(contest(fit, diag(2), information = "true"), class = "henderson_error_argument")
  expect_error(contest(lm(yield ~ nitro, nlme::Oats), 1), class = "henderson_error_argument")
  expect_error(contest(update(fit, method = "ML"), diag(2), ddf = "Kenward-Roger"),
    class = "henderson_error_kenward_roger")
})

test_that("effects by their names are rows of K", {
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), as.data.frame(nlme::Orthodont))
  names <- names(fixef(fit))
  expect_equal(contest(fit, names[c(4, 2)])$table, contest(fit, diag(4)[c(4, 2), ])$table)
  expect_error(contest(fit, "agee"), "age", class = "henderson_error_coefficient")
  expect_true(all(is_estimable(fit, names)))
})
