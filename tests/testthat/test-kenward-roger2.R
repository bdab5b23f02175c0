# Kenward & Roger (2009, Computational Statistics & Data Analysis 53:2583): the adjusted covariance
# in the dense form of the paper, with the bias of the REML estimates by Cox & Snell's formula, in
# any parametrisation of V. Derivatives of V are central differences.

dense_adjusted <- function(X, variance, at, bias) {
  m <- length(at)
  h <- 1e-4 * pmax(abs(at), 0.1)
  shifted <- function(i, step) replace(at, i, at[i] + step)
  first <- lapply(seq_len(m), function(i) {
    (variance(shifted(i, h[i])) - variance(shifted(i, -h[i]))) / (2 * h[i])
  })
  second <- function(i, j) {
    corner <- function(a, b) {
      p <- at
      p[i] <- p[i] + a * h[i]
      p[j] <- p[j] + b * h[j]
      variance(p)
    }
    (corner(1, 1) - corner(1, -1) - corner(-1, 1) + corner(-1, -1)) / (4 * h[i] * h[j])
  }
  inverse <- solve(variance(at))
  phi <- solve(crossprod(X, inverse %*% X))
  weighted <- inverse %*% X
  P <- inverse - weighted %*% phi %*% t(weighted)
  turned <- lapply(first, function(d) P %*% d)
  W <- solve(outer(seq_len(m), seq_len(m), Vectorize(function(i, j) {
    sum(turned[[i]] * t(turned[[j]])) / 2
  })))
  products <- curved <- 0
  for (i in seq_len(m)) for (j in seq_len(m)) {
    q <- crossprod(weighted, first[[i]] %*% P %*% first[[j]] %*% weighted)
    products <- products + W[i, j] * q
    curved <- curved + W[i, j] * second(i, j)
  }
  # E(theta^ - theta) = -W c / 4, c_r = tr(P V_r P sum_ij W_ij V_ij)
  c <- vapply(turned, function(t) sum(t * t(P %*% curved)), 0)
  drift <- -drop(W %*% c) / 4
  along <- Reduce(`+`, Map(`*`, drift, first))
  change <- if (bias) curved / 2 + along else curved / 2
  phi + phi %*% (2 * products - crossprod(weighted, change %*% weighted)) %*% phi
}

orthodont <- as.data.frame(nlme::Orthodont)
orthodont <- orthodont[-c(2, 7, 33, 34, 60, 61, 90), ]
subjects <- outer(orthodont$Subject, orthodont$Subject, "==")
lags <- abs(outer(orthodont$age, orthodont$age, "-")) / 2

adjusted_of <- function(fit, ddf, X) {
  K <- diag(ncol(X))
  henderson:::test_moments(fit, K, ddf, henderson:::check_information(NULL, ddf))$adjusted
}

test_that("the covariance of 2009 is that of its formulas, in every parametrisation", {
  fit <- lmmfit(distance ~ age * Sex, orthodont, residual = ~ ar1(age | Subject))
  X <- as.matrix(model.matrix(fit))
  by_rho <- function(p) p[1] * subjects * p[2]^lags
  by_logs <- function(p) exp(p[1]) * subjects * tanh(p[2])^lags
  by_precision <- function(p) subjects * p[2]^lags / p[1]
  estimate <- varcomp(fit)$estimate
  estimate <- c(max(estimate), min(estimate))
  logs <- c(log(estimate[1]), atanh(estimate[2]))
  improved <- adjusted_of(fit, "Kenward-Roger2", X)
  expect_equal(improved, dense_adjusted(X, by_rho, estimate, TRUE), tolerance = 2e-6,
    ignore_attr = TRUE)
  expect_equal(improved, dense_adjusted(X, by_logs, logs, TRUE), tolerance = 2e-6,
    ignore_attr = TRUE)
  expect_equal(improved, dense_adjusted(X, by_precision, c(1 / estimate[1], estimate[2]), TRUE),
    tolerance = 2e-6, ignore_attr = TRUE)
  # That of 1997 is not the same in all of them.
  plain <- adjusted_of(fit, "Kenward-Roger", X)
  expect_equal(plain, dense_adjusted(X, by_rho, estimate, FALSE), tolerance = 2e-6,
    ignore_attr = TRUE)
  expect_gt(max(abs(plain / dense_adjusted(X, by_logs, logs, FALSE) - 1)), 1e-3)
})

test_that("the covariance of 2009 holds beside random terms and for structures of random terms", {
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), orthodont,
    residual = ~ exp(age | Subject))
  X <- as.matrix(model.matrix(fit))
  skip_if(any(varcomp(fit)$status != "free"), "an estimate is at its boundary")
  table <- varcomp(fit)
  at <- table$estimate
  of <- function(p) {
    p[1] * subjects + p[2] * subjects * exp(-2 * lags / p[3])
  }
  expect_equal(adjusted_of(fit, "Kenward-Roger2", X), dense_adjusted(X, of, at, TRUE),
    tolerance = 1e-5, ignore_attr = TRUE)

  as_term <- lmmfit(distance ~ age * Sex + csh(factor(age) | Subject), orthodont,
    hold = c(residual = 0.5))
  ages <- match(orthodont$age, c(8, 10, 12, 14))
  by_term <- function(p) {
    correlation <- ifelse(outer(ages, ages, "=="), 1, p[5])
    subjects * correlation * sqrt(outer(p[ages], p[ages])) + 0.5 * diag(length(ages))
  }
  values <- varcomp(as_term)$estimate[1:5]
  expect_equal(adjusted_of(as_term, "Kenward-Roger2", X), dense_adjusted(X, by_term, values, TRUE),
    tolerance = 1e-5, ignore_attr = TRUE)
})

test_that("where V is linear in its parameters the improvement of 2009 changes nothing", {
  oats <- as.data.frame(nlme::Oats)[-c(5, 40, 41), ]
  fits <- list(
    lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), oats),
    lmmfit(distance ~ age * Sex + (1 + age | Subject), orthodont),
    lmmfit(distance ~ age * Sex, orthodont, residual = ~ us(age | Subject)),
    lmmfit(distance ~ age * Sex, orthodont, residual = ~ cs(age | Subject)),
    lmmfit(distance ~ age * Sex, orthodont, residual = ~ toep(age | Subject))
  )
  for (fit in fits) {
    expect_equal(anova(fit, ddf = "Kenward-Roger2"), anova(fit, ddf = "Kenward-Roger"),
      tolerance = 1e-7, ignore_attr = TRUE)
  }
})

test_that("every question takes Kenward-Roger2", {
  fit <- lmmfit(distance ~ age * Sex, orthodont, residual = ~ ar1(age | Subject),
    ddf = "Kenward-Roger2")
  plain <- update(fit, ddf = "Satterthwaite")
  table <- coef(summary(fit))
  tests <- contest(plain, unit_rows(names(fixef(fit))), ddf = "Kenward-Roger2")$table
  expect_equal(unname(table[, "Std. Error"]), tests$se)
  expect_equal(unname(table[, "df"]), tests$df)
  again <- coef(summary(plain, ddf = "Kenward-Roger2"))
  expect_equal(unname(again[, "Std. Error"]), tests$se)
  means <- marginal_means(fit, "Sex")
  expect_equal(means$se, marginal_means(plain, "Sex", ddf = "Kenward-Roger2")$se)
  expect_true(all(is.finite(anova(fit)[["F value"]])))
  expect_output(print(summary(fit)), "Kenward-Roger2")
  skip_if_not_installed("emmeans")
  grid <- suppressMessages(as.data.frame(emmeans::emmeans(plain, "Sex", ddf = "Kenward-Roger2")))
  at <- match(grid$Sex, means$Sex)
  expect_equal(grid$SE, means$se[at], tolerance = 1e-8)
  ml <- update(plain, method = "ML")
  expect_error(contest(ml, c(age = 1), ddf = "Kenward-Roger2"), class = "henderson_error")
})
