# Information matrices, and degrees of freedom with structured residuals.

fev <- function(id) {
  case <- read_case(paste0("fev-", id))
  case$fit <- function(formula, ...) {
    residual <- stats::as.formula(paste0("~", id, "(AVISIT | USUBJID)"))
    lmmfit(formula, case$data, residual = residual, ...)
  }
  case
}

test_that("Satterthwaite's degrees of freedom with structured residuals are SAS's", {
  for (id in c("us", "cs", "ar1")) {
    case <- fev(id)
    leaves <- case$models[["mean-reml"]]$expected$satterthwaite_ddf["(Intercept)"]
    fit <- case$fit(FEV1 ~ 1)
    expect_case(c(`(Intercept)` = contest(fit, 1)$table$df), leaves, case$source, "df")
  }
  case <- fev("us")
  leaves <- case$models[["full-reml"]]$expected$satterthwaite_ddf
  # The case has another reference level of SEX.
  leaves <- leaves[setdiff(names(leaves), c("(Intercept)", "SEXFemale"))]
  fit <- case$fit(FEV1 ~ ARMCD * AVISIT + RACE + SEX)
  found <- contest(fit, unit_rows(names(fixef(fit))))$table
  expect_case(stats::setNames(found$df, row.names(found)), leaves, case$source, "df")
})

test_that("Kenward-Roger with structured residuals is SAS's, with second derivatives for ar1", {
  for (id in c("us", "cs", "ar1")) {
    case <- fev(id)
    fit <- case$fit(FEV1 ~ ARMCD)
    expected <- case$models[["arm-reml-kr"]]$expected
    found <- contest(fit, c(ARMCDTRT = 1), ddf = "Kenward-Roger", information = "observed")$table
    expect_case(found$df, expected$kr_ddf_ARMCDTRT_sas, case$source, "KR df")
    expect_case(found$se, expected$kr_se_ARMCDTRT_sas, case$source, "KR SE")
    found <- contest(fit, c(ARMCDTRT = 1), ddf = "Kenward-Roger")$table
    expect_case(found$df, expected$refit$kr_ddf_expected_info, case$source, "KR df, expected")
    expect_case(found$se, expected$refit$kr_se_expected_info, case$source, "KR SE, expected")
  }
})

# tr(P V_i P V_j) / 2 and -Hessian by dense algebra in the variances.
test_that("the three information matrices are those of the definitions", {
  data <- as.data.frame(nlme::Oats)[-c(5, 40, 41), ]
  fit <- lmmfit(yield ~ nitro + (1 | Block) + (1 | Block:Variety), data)
  v <- fit$parameters$estimate
  model <- oracle_model(fit_spec(fit), list(v[1], v[2]), v[3])
  V_i <- lapply(1:3, function(i) {
    one <- replace(numeric(3), i, 1)
    oracle_model(fit_spec(fit), list(one[1], one[2]), one[3])$V
  })
  inverse <- solve(model$V)
  P <- inverse - inverse %*% model$X %*% solve(t(model$X) %*% inverse %*% model$X) %*%
    t(model$X) %*% inverse
  Py <- P %*% model$y
  entry <- function(f) outer(1:3, 1:3, Vectorize(function(i, j) f(V_i[[i]], V_i[[j]])))
  average <- entry(function(A, B) drop(t(Py) %*% A %*% P %*% B %*% Py) / 2)
  expected <- entry(function(A, B) sum((P %*% A) * t(P %*% B)) / 2)
  observed <- 2 * average - expected
  J <- solve(variance_information(fit)$jacobian)
  found <- lapply(variance_information(fit)[c("average", "expected", "observed")], function(I) {
    t(J) %*% I %*% J
  })
  scale <- sqrt(diag(expected) %o% diag(expected))
  expect_lt(max(abs(found$average - average) / scale), 1e-8)
  expect_lt(max(abs(found$expected - expected) / scale), 1e-6)
  expect_lt(max(abs(found$observed - observed) / scale), 1e-6)
})

test_that("a structured residual and the equivalent random term give the same tests", {
  data <- as.data.frame(nlme::Orthodont)[-c(3, 17, 50), ]
  data$Subject <- factor(data$Subject, ordered = FALSE)
  random <- lmmfit(distance ~ age * Sex + (1 | Subject), data)
  residual <- lmmfit(distance ~ age * Sex, data, residual = ~ cs(age | Subject))
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    a <- contest(random, diag(4), ddf = ddf)
    b <- contest(residual, diag(4), ddf = ddf)
    expect_equal(b$table, a$table, tolerance = 1e-5)
    expect_equal(b$joint, a$joint, tolerance = 1e-5)
  }
})

test_that("answers are kept with the fit, and made again when its estimates change", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  first <- contest(fit, diag(2))
  expect_true("information" %in% ls(fit$cache))
  expect_identical(contest(fit, diag(2)), first)
  changed <- fit
  changed$parameters$estimate <- c(4, 2)
  expect_false(isTRUE(all.equal(contest(changed, diag(2))$table$se, first$table$se)))
  expect_equal(contest(fit, diag(2)), first, tolerance = 1e-9)
})

test_that("fits by ANOVA have tests, and a balanced one those of REML", {
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, method = "ANOVA")
  reml <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
  found <- contest(fit, diag(2))$table
  expect_equal(found, contest(reml, diag(2), information = "average")$table, tolerance = 1e-5)
})
