# The information of the variance parameters where a correlation ends at its limit: that of the
# model without the parameters that are stopped. Fault: 10 to 29 of 30 ordinary data sets.

ordinary_data <- function(seed) {
  set.seed(seed)
  data <- expand.grid(v = gl(4, 1), g = gl(15, 1), r = 1:2)
  data$x <- as.integer(data$v)
  data$y <- rnorm(120) + 0.7 * rnorm(15)[data$g]
  data
}

ordinary_fit <- function(structure, data) {
  index <- if (structure == "matern") "x" else "v"
  lmmfit(stats::reformulate(c("v", sprintf("%s(%s | g)", structure, index)), "y"), data)
}

every_answer <- function(fit) {
  K <- diag(4L)
  list(
    summary = summary(fit)$coefficients$df, confint = confint(fit),
    tidy = tidy(fit, conf.int = TRUE),
    variance = confint(fit, "variance"), anova = anova(fit),
    satterthwaite = contest(fit, K)$joint,
    kenward_roger = contest(fit, K, ddf = "Kenward-Roger")$joint
  )
}

test_that("a correlation at its limit stops no answer after a fit", {
  for (structure in c("cs", "csh", "ar1", "ar1h", "ante", "matern", "us")) {
    n_stopped <- 0
    for (seed in c(2, 6, 9, 11)) {
      fit <- ordinary_fit(structure, ordinary_data(seed))
      answers <- expect_no_warning(every_answer(fit))
      expect_true(all(is.finite(answers$summary)))
      expect_true(all(is.finite(answers$confint)))
      n_stopped <- n_stopped + any(varcomp(fit)$status == "at boundary")
    }
    expect_gt(n_stopped, 0)
  }
})

test_that("degrees of freedom at a correlation of 1 are those of the random intercept", {
  data <- ordinary_data(2)
  intercept <- lmmfit(y ~ v + (1 | g), data)
  for (structure in c("cs", "ar1")) {
    fit <- ordinary_fit(structure, data)
    expect_equal(varcomp(fit)$status[2L], "at boundary")
    expect_equal(deviance(fit), deviance(intercept), tolerance = 1e-9)
    for (ddf in c("Satterthwaite", "Kenward-Roger")) {
      expect_equal(
        contest(fit, diag(4L), ddf = ddf)$table, contest(intercept, diag(4L), ddf = ddf)$table,
        tolerance = 1e-5
      )
    }
  }
})

test_that("information that does not exist is not made up: the average one, or NA with a warning", {
  fit <- lmmfit(y ~ v + (1 | g), ordinary_data(3))
  found <- variance_information(fit)
  found$observed[2L, ] <- NaN
  keep_answers(fit, list(information = found))
  expect_warning(covariance <- theta_covariance(fit, "observed"), "observed information .* average")
  expect_equal(covariance$covariance, solve(found$average), tolerance = 1e-9)

  found$average <- found$expected <- matrix(1, 2L, 2L)
  keep_answers(fit, list(information = found))
  expect_warning(table <- summary(fit)$coefficients, class = "henderson_warning_information")
  expect_equal(table$df, rep(NA_real_, 4L))
  expect_equal(table$se, unname(sqrt(diag(as.matrix(vcov(fit))))))
  joint <- suppressWarnings(contest(fit, diag(4L))$joint)
  expect_true(is.na(joint$ddf))
  expect_false(is.na(joint$F))
  joint <- suppressWarnings(contest(fit, diag(4L), ddf = "Kenward-Roger")$joint)
  expect_true(is.na(joint$p.value))
})
