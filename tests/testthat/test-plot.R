fit <- function() lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)

test_that("each type draws, and returns what it drew", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_named(plot(fit()), c("fitted", "residual", "theoretical", "lower", "upper", "label"))
  expect_false(is.unsorted(plot(fit(), type = "qq")$residual))
  drawn <- plot(fit(), type = "caterpillar", coefficient = "age")
  expect_identical(nrow(drawn), 27L)
  expect_equal(sort(ranef(fit())$Subject$age), drawn$effect)
  expect_error(plot(fit(), type = "bars"), class = "henderson_error_argument")
  expect_error(plot(fit(), type = "caterpillar", term = "id"), class = "henderson_error_term")
  expect_error(
    plot(fit(), type = "caterpillar", coefficient = "id"), class = "henderson_error_argument"
  )
})

test_that("autoplot() is a ggplot", {
  skip_if_not_installed("ggplot2")
  for (type in c("residuals", "qq", "scale", "panel", "caterpillar", "profiles")) {
    expect_s3_class(ggplot2::autoplot(fit(), type = type), "ggplot")
  }
})

test_that("qqnorm() of a fit is its normal quantile plot", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(stats::qqnorm(fit()), plot(fit(), type = "qq"))
})

test_that("what is no graphical parameter is named", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_error(plot(fit, which = 1), "no argument `which`", class = "henderson_error_argument")
  expect_error(plot(fit, mian = "x"), "Did you mean `main`", fixed = TRUE)
  expect_no_warning(plot(fit, main = "x", cex = 0.5, las = 1))
})
