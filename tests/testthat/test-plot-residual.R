growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)
arms <- lmmfit(distance ~ age * Sex, growth, ~ us(age | Sex / Subject))
field <- lmmfit(distance ~ age, growth[growth$Sex == "Male", ], ~ ar1(Subject):ar1(age))

test_that("pictures of the residual return what they drew", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  data <- plot(arms, type = "correlation", term = "residual.Female")
  expect_identical(nrow(data), 16L)
  expect_equal(data$correlation[2], with(as.list(varcomp(arms)), {
    v <- stats::setNames(estimate, parameter)
    v[["residual.Female.8.10"]] / sqrt(v[["residual.Female.8"]] * v[["residual.Female.10"]])
  }))
  expect_named(plot(arms, type = "profiles"), c("subject", "x", "y", "fitted", "group"))
  expect_identical(nrow(plot(field, type = "field")), 64L)
  expect_identical(unique(plot(field, type = "autocorrelation")$direction), c("Subject", "age"))
  skip_if_not_installed("ggplot2")
  for (type in residual_plots) {
    fit <- if (type == "field") field else arms
    expect_s3_class(ggplot2::autoplot(fit, type), "ggplot")
  }
})

test_that("the autocorrelation by lag is that of all pairs", {
  data <- plot_data(arms, "autocorrelation", NULL, NULL)
  male <- growth$Sex == "Male"
  e <- matrix(residuals(arms, "pearson")[male], 4L)
  expect_equal(data$lag, c(2, 4, 6))
  expect_equal(data$pairs, c(48L, 32L, 16L))
  r <- function(a, b) sum(a * b) / sqrt(sum(a^2) * sum(b^2))
  expect_equal(data$sample[3], r(e[1, ], e[4, ]))
  expect_equal(data$sample[1], r(e[1:3, ], e[2:4, ]))
})

test_that("what cannot be drawn is said", {
  expect_error(plot(arms, "field"), class = "henderson_error_argument")
  expect_error(plot(arms, "correlation", term = "x"), class = "henderson_error_argument")
  expect_error(plot(lmmfit(distance ~ age, growth), "correlation"),
    class = "henderson_error_argument")
})
