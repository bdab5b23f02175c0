# Diagnostics against lm(), lme4, and refits with the variances held.

growth <- function() as.data.frame(nlme::Orthodont)

test_that("without random terms they are those of lm()", {
  data <- growth()
  fit <- lmmfit(distance ~ age * Sex, data)
  expected <- lm(distance ~ age * Sex, data)
  expect_equal(hatvalues(fit), hatvalues(expected))
  expect_equal(hatvalues(fit, "fixed"), hatvalues(expected))
  expect_equal(rstandard(fit), rstandard(expected))
  expect_equal(rstudent(fit), rstudent(expected))
  expect_equal(cooks.distance(fit), cooks.distance(expected))
  expect_equal(dfbeta(fit), dfbeta(expected), ignore_attr = TRUE)
})

test_that("conditional leverages are lme4's", {
  skip_if_not_installed("lme4")
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), growth())
  peer <- lme4::lmer(distance ~ age * Sex + (1 | Subject), growth())
  expect_equal(hatvalues(fit), hatvalues(peer), tolerance = 1e-5)
  expect_equal(sum(hatvalues(fit, "fixed")), 4)
})

test_that("deletion by downdating is the refit without the records", {
  data <- growth()
  held <- function(fit) stats::setNames(fit$parameters$estimate, fit$parameters$name)
  for (formula in list(distance ~ age * Sex + (1 | Subject),
    distance ~ age * Sex + (1 + age | Subject) + (1 | age))) {
    fit <- lmmfit(formula, data)
    changes <- dfbeta(fit, "Subject")
    for (subject in c("M09", "F10")) {
      without <- lmmfit(formula, data[data$Subject != subject, ], hold = held(fit))
      expect_equal(changes[subject, ], fixef(fit) - fixef(without), tolerance = 1e-6)
      d <- changes[subject, ]
      cook <- drop(d %*% solve(vcov(fit), d)) / 4
      expect_equal(cooks.distance(fit, "Subject")[[subject]], cook, tolerance = 1e-6)
      expect_equal(dfbetas(fit, "Subject")[subject, ], d / fit$fixed$se, tolerance = 1e-6)
    }
  }
  single <- dfbeta(fit, NULL)
  without <- lmmfit(formula, data[-17, ], hold = held(fit))
  expect_equal(single[17, ], fixef(fit) - fixef(without), tolerance = 1e-6)
})

test_that("outlier statistics are those of a fixed effect for the record", {
  data <- growth()
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), data)
  data$one <- as.double(seq_len(108) == 35)
  held <- stats::setNames(fit$parameters$estimate, fit$parameters$name)
  shifted <- lmmfit(distance ~ age * Sex + one + (1 | Subject), data, hold = held)
  found <- outlier_test(fit)
  expect_equal(found$statistic[found$record == "35"],
    fixef(shifted)[["one"]] / sqrt(vcov(shifted)["one", "one"]), tolerance = 1e-6)
  levels <- outlier_test(fit, "Subject")
  effects <- as.data.frame(ranef(fit, se = TRUE))
  row <- effects[effects$level == "M10", ]
  expect_equal(levels$statistic[levels$level == "M10"],
    row$estimate / sqrt(varcomp(fit)$estimate[1] - row$se^2), tolerance = 1e-6)
  expect_error(outlier_test(fit, "subject"), class = "henderson_error_term")
  expect_error(cooks.distance(fit, 1:3), class = "henderson_error_argument")
})

test_that("influence() of least squares is lm()'s", {
  data <- growth()
  found <- influence(lmmfit(distance ~ age * Sex, data))
  expected <- lm(distance ~ age * Sex, data)
  expect_equal(found$records$leverage, unname(hatvalues(expected)))
  expect_equal(found$records$studentised, unname(rstudent(expected)))
  expect_equal(found$records$cooks.distance, unname(cooks.distance(expected)))
  expect_equal(found$groups$cooks.distance, unname(cooks.distance(expected)))
  expect_equal(found$dfbetas, dfbeta(expected) / rep(sqrt(diag(vcov(expected))), each = 108),
    ignore_attr = TRUE)
})

# The leverage of a record with random terms: 1 - P_ii / (V^-1)_ii through V.
test_that("leverage and standardised residuals are those of the V form", {
  data <- growth()
  data$w <- rep(c(1, 2), 54)
  fits <- list(
    lmmfit(distance ~ age * Sex + (1 + age | Subject) + (1 | age), data, weights = w),
    lmmfit(distance ~ age * Sex + (1 | Subject), data, residual = ~ ar1(age | Subject))
  )
  for (fit in fits) {
    own <- mme(fit, form = "V")
    X <- as.matrix(own$X)
    V_inverse <- solve(as.matrix(own$V))
    P <- V_inverse - V_inverse %*% X %*% solve(t(X) %*% V_inverse %*% X, t(X) %*% V_inverse)
    found <- influence(fit, group = NULL)$records
    expect_equal(found$leverage, unname(1 - diag(P) / diag(V_inverse)), tolerance = 1e-6)
    Py <- drop(P %*% data$distance)
    expect_equal(found$standardised, unname(Py / sqrt(diag(P))), tolerance = 1e-6)
    expect_equal(found$cooks.distance, unname(cooks.distance(fit, NULL)), tolerance = 1e-6)
  }
})

test_that("groups that are separate, and that are not, with structured residuals: the refit", {
  data <- growth()
  data$half <- factor(rep(1:2, length.out = 108))
  formula <- distance ~ age + half
  fit <- lmmfit(formula, data, residual = ~ ar1h(age | Subject))
  held <- stats::setNames(fit$parameters$estimate, fit$parameters$name)
  without <- lmmfit(formula, data[data$Subject != "M13", ], hold = held,
    residual = ~ ar1h(age | Subject))
  expect_equal(dfbeta(fit, data$Subject)["M13", ], fixef(fit) - fixef(without), tolerance = 1e-6)
  expect_equal(influence(fit, data$Subject)$label, "group")
  # Visits go through all subjects.
  changes <- dfbeta(fit, data$age)
  V <- residual_matrix(fit)
  X <- model.matrix(fit)
  kept <- data$age != 12
  inner <- solve(V[kept, kept])
  b <- solve(t(X[kept, ]) %*% inner %*% X[kept, ], t(X[kept, ]) %*% inner %*% data$distance[kept])
  expect_equal(changes["12", ], fixef(fit) - drop(as.matrix(b)), tolerance = 1e-6)
})

test_that("what a fixed effect hangs on alone is NA", {
  data <- growth()
  data$own <- factor(ifelse(data$Subject == "F05", "F05", "others"))
  data$once <- as.double(seq_len(108) == 20)
  for (formula in list(distance ~ age + own + once + (1 | Subject),
    distance ~ age + own + once + (1 | Subject) + (1 | age))) {
    found <- influence(lmmfit(formula, data))
    expect_identical(found$groups$group[is.na(found$groups$cooks.distance)],
      c(as.character(data$Subject[20]), "F05"))
    expect_identical(which(is.na(found$records$standardised)), 20L)
    expect_identical(which(is.na(found$records$cooks.distance)), 20L)
    expect_identical(which(is.na(cooks.distance(lmmfit(formula, data), NULL))), c(`20` = 20L))
  }
  expect_output(print(found), "2 without which a fixed effect cannot be estimated")
})

test_that("a group needs one level a record", {
  data <- data.frame(a = factor(rep(1:6, 10)), b = factor(rep(c(2:6, 1), 10)), y = sin(1:60))
  fit <- suppressWarnings(lmmfit(y ~ 1 + (1 | mm(a, b)), data))
  expect_error(influence(fit, "a.b"), class = "henderson_error_argument")
  expect_error(influence(fit, "a"), class = "henderson_error_term")
})

test_that("groups of any size, inside or across the random terms, are the refit without them", {
  set.seed(8)
  n <- 3000
  data <- data.frame(
    s = factor(sample(150, n, TRUE)), g = factor(sample(30, n, TRUE)),
    f = factor(sample(20, n, TRUE)), x = rnorm(n)
  )
  data$y <- data$x + rnorm(150)[data$s] + rnorm(30)[data$g] + rnorm(n)
  groups <- list(
    few = factor(rep(seq_len(n / 20), each = 20)), many = factor(sample(3, n, TRUE)),
    whole = factor(as.integer(data$s) %/% 8), own = data$s
  )
  for (formula in list(y ~ x + (1 | s) + (1 | g), y ~ x + f + (1 | s), y ~ (x | s) + (1 | g))) {
    fit <- lmmfit(formula, data)
    held <- stats::setNames(fit$parameters$estimate, fit$parameters$name)
    for (group in groups) {
      found <- cooks.distance(fit, group)
      level <- levels(group)[2L]
      without <- lmmfit(formula, data[group != level, ], hold = held)
      change <- fixef(fit) - fixef(without)
      cook <- drop(change %*% solve(vcov(fit), change)) / length(change)
      # The change is what two estimates have not in common: it has fewer digits than they.
      expect_equal(found[[level]], cook, tolerance = 1e-7)
    }
  }
})

# b - b_(S) of generalised least squares with the fitted V, of a fit with at most one random
# intercept.
dense_change <- function(fit, data, random, deleted) {
  V <- as.matrix(residual_matrix(fit))
  if (!is.null(random)) {
    V <- V + fit$parameters$estimate[1L] * outer(data[[random]], data[[random]], `==`)
  }
  X <- model.matrix(fit)
  gls <- function(kept) {
    weighted <- solve(V[kept, kept], X[kept, , drop = FALSE])
    drop(solve(crossprod(X[kept, , drop = FALSE], weighted), crossprod(weighted, data$y[kept])))
  }
  gls(rep(TRUE, nrow(X))) - gls(!deleted)
}

test_that("groups within and across subjects of structured residuals are least squares", {
  set.seed(11)
  series <- expand.grid(time = 1:40, id = factor(1:6))
  series$x <- rnorm(240)
  series$g <- factor(sample(8, 240, TRUE))
  series$w <- runif(240, 0.5, 2)
  series$y <- as.vector(replicate(6, arima.sim(list(ar = 0.6), 40))) + rnorm(8)[series$g]
  field <- expand.grid(row = factor(1:12), column = factor(1:9))
  field$line <- factor(sample(15, 108, TRUE))
  field$y <- rnorm(15)[field$line] + rnorm(108)
  field <- field[-c(5, 17, 18, 70), ]
  series$visit <- factor((series$time - 1) %% 5)
  series$part <- interaction(series$id, (series$time - 1) %/% 5)
  cases <- list(
    list(lmmfit(y ~ x + (1 | g), series, residual = ~ ar1(time | id)), series, "g"),
    list(lmmfit(y ~ x + g, series, residual = ~ exp(time | id), weights = w), series, NULL),
    list(lmmfit(y ~ x + (1 | g), series, residual = ~ us(visit | part)), series, "g"),
    list(lmmfit(y ~ 1 + (1 | line), field, residual = ~ ar1(row):ar1(column)), field, "line")
  )
  for (case in cases) {
    n <- nrow(case[[2L]])
    groups <- list(factor(seq_len(n) %/% 13), factor(sample(5, n, TRUE)),
      factor(rep(1:2, length.out = n)))
    for (group in groups) {
      level <- levels(group)[2L]
      expected <- dense_change(case[[1L]], case[[2L]], case[[3L]], group == level)
      expect_equal(unname(dfbeta(case[[1L]], group)[level, ]), unname(expected), tolerance = 1e-7)
    }
  }
})

test_that("the default group is a term that gives each record one level, else the records", {
  cross <- expand.grid(p1 = letters[1:6], p2 = letters[1:6])
  set.seed(1)
  cross$y <- stats::rnorm(6)[cross$p1] + stats::rnorm(36)
  cross$block <- gl(4, 9)
  sums <- lmmfit(y ~ (1 | mm(p1, p2)), cross)
  expect_equal(cooks.distance(sums), cooks.distance(sums, NULL))
  both <- lmmfit(y ~ (1 | mm(p1, p2)) + (1 | block), cross)
  expect_equal(cooks.distance(both), cooks.distance(both, "block"))
})
